// Secrets and devices: what only the edge and the holder of the recovery key can read (shared/protocol.md, "secret", "device").
// Invariant: what a plaintext is for is bound by HPKE's `info`, so a relay can move neither password nor address to another target or version.
import * as v from "valibot";
import { fromUtf8, utf8 } from "../bytes.ts";
import { xwingEncapsulationBytes } from "../crypto/suite.ts";
import type { Envelope } from "./envelope.ts";
import {
  bytes,
  bytesBetween,
  documentInvalid,
  edgeId,
  list,
  parseFields,
  parsePayload,
  record,
  siteId,
  targetId,
  version,
  whole,
  word,
} from "./fields.ts";
import { parseStrictJson } from "./strict-json.ts";

/** An RSA-4096 private key in PEM has about 3.3 KB; a device has a few host keys. */
export const maxPlaintextBytes = 16 * 1024;
const tagBytes = 16;
const maxPorts = 32;
const maxHostKeys = 8;

const box = record({
  encapsulation: bytes(xwingEncapsulationBytes),
  ciphertext: bytesBetween(tagBytes + 2, maxPlaintextBytes + tagBytes),
});
/** One plaintext sealed to one X-Wing key. */
export type SealedBox = v.InferOutput<typeof box>;

const sealed = record({ edge: box, recovery: v.nullable(box) });
/** The same plaintext to the edge, and to the site's recovery key if it has one. */
export type SealedBoxes = v.InferOutput<typeof sealed>;

const secretSchema = record({
  site: siteId,
  edge: edgeId,
  target: targetId,
  /** Which of a target's secrets; the one that is injected is called `login`. */
  name: word,
  version,
  sealed,
});
export type SecretDocument = v.InferOutput<typeof secretSchema>;

const deviceSchema = record({ site: siteId, edge: edgeId, target: targetId, version, sealed });
export type DeviceDocument = v.InferOutput<typeof deviceSchema>;

const port = whole(1, 65535);
/** A host name or address as a socket takes it. */
const host = v.pipe(v.string(), v.regex(/^[0-9A-Za-z.:_-]{1,253}$/));
const line = (max: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(max));

const device = v.variant("kind", [
  record({
    kind: v.literal("ssh"),
    host,
    port,
    login: line(64),
    /** OpenSSH public key lines; nothing else is accepted from the device. */
    hostKeys: list(v.pipe(v.string(), v.regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+=*$/)), 1, maxHostKeys),
    legacy: v.boolean(),
  }),
  record({ kind: v.literal("tcp"), host, ports: list(port, 1, maxPorts) }),
]);
/** A target's address and pins, in clear. */
export type Device = v.InferOutput<typeof device>;

const secret = v.variant("kind", [
  record({ kind: v.literal("password"), password: line(1024) }),
  record({ kind: v.literal("ssh-key"), privateKey: line(8192) }),
]);
/** What the edge injects, in clear. */
export type Secret = v.InferOutput<typeof secret>;

/** Reads a secret document's payload; throws `document_invalid`. Checks no signature. */
export function parseSecretDocument(envelope: Envelope): SecretDocument {
  return parsePayload(envelope, "secret", secretSchema);
}

/** Reads a device document's payload; throws `document_invalid`. Checks no signature. */
export function parseDeviceDocument(envelope: Envelope): DeviceDocument {
  return parsePayload(envelope, "device", deviceSchema);
}

/** Reads a device's plaintext; throws `document_invalid` or `json_invalid`. */
export function parseDevice(plaintext: Uint8Array): Device {
  return parseFields(parseStrictJson(fromUtf8(plaintext)), "device", device);
}

/** Reads a secret's plaintext; throws `document_invalid` or `json_invalid`. No message quotes any of it. */
export function parseSecret(plaintext: Uint8Array): Secret {
  const result = v.safeParse(secret, parseStrictJson(fromUtf8(plaintext)));
  if (!result.success) throw documentInvalid("secret is neither a password nor an SSH key");
  return result.output;
}

/** The plaintext of a device. */
export function encodeDevice(value: Device): Uint8Array {
  return utf8(JSON.stringify(parseFields(value, "device", device)));
}

/** The plaintext of a secret. */
export function encodeSecret(value: Secret): Uint8Array {
  const plaintext = utf8(JSON.stringify(value));
  parseSecret(plaintext);
  return plaintext;
}
