// The device document: a target's address, ports, login and pins, readable by its edge alone (shared/protocol.md, "device").
// Invariant: the version in force stands in the manifest, so a relay can bring back no older address or pin.
import * as v from "valibot";
import { fromUtf8, utf8 } from "../bytes.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import { certificateFingerprint } from "./device-key.ts";
import type { Envelope } from "./envelope.ts";
import {
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
} from "./fields.ts";
import { requireTarget, verifyByRoles, type Held } from "./held.ts";
import { hostKeyLine } from "./host-key.ts";
import { keyboards } from "./keyboard.ts";
import {
  openBox,
  requireRecoveryBox,
  sealBoxes,
  sealed,
  sealedInfo,
  type Holder,
  type Recipients,
} from "./sealed.ts";
import { parseStrictJson } from "./strict-json.ts";
import type { Verified } from "./verify.ts";

const maxPorts = 32;
const maxHostKeys = 8;
/** What a login form sends beside name and password. */
const maxFormFields = 16;
/** Beginnings of paths; a panel that needs more is not narrowed by them. */
const maxPaths = 32;
const context = "sallyport device v1";

const schema = record({ site: siteId, edge: edgeId, target: targetId, version, sealed });
export type DeviceDocument = v.InferOutput<typeof schema>;
/** Whose device it is, and which version. */
export type DevicePlace = Omit<DeviceDocument, "sealed">;

const port = whole(1, 65535);
/** A host name or address as a socket takes it. */
const host = v.pipe(v.string(), v.regex(/^[0-9A-Za-z.:_-]{1,253}$/));

const login = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
/** A path as it stands in a request line. */
const path = v.pipe(v.string(), v.maxLength(512), v.regex(/^\/[!-~]*$/));
const fieldName = v.pipe(v.string(), v.minLength(1), v.maxLength(128));
/** RFC 9110 §5.6.2 token. */
const headerName = v.pipe(v.string(), v.maxLength(64), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/));

/** How the edge signs in to a web panel with the target's secret. */
const webSignIn = v.variant("how", [
  record({ how: v.literal("none") }),
  /** RFC 7617. */
  record({ how: v.literal("basic"), login }),
  /** RFC 7616. */
  record({ how: v.literal("digest"), login }),
  /** The secret is the field's value. */
  record({ how: v.literal("header"), name: headerName }),
  /** A form is posted as application/x-www-form-urlencoded; a session that the panel has ended is opened anew. */
  record({
    how: v.literal("form"),
    path,
    login: v.nullable(login),
    loginField: v.nullable(fieldName),
    passwordField: fieldName,
    fields: list(
      record({ name: fieldName, value: v.pipe(v.string(), v.maxLength(512)) }),
      0,
      maxFormFields,
    ),
  }),
]);
export type WebSignIn = v.InferOutput<typeof webSignIn>;

// A device that is to be tried may have pins that nobody knows yet.
const deviceWith = (minHostKeys: number) =>
  v.variant("kind", [
    record({
      kind: v.literal("ssh"),
      host,
      port,
      login,
      /** The device is accepted under one of these alone. */
      hostKeys: list(hostKeyLine, minHostKeys, maxHostKeys),
      legacy: v.boolean(),
    }),
    record({ kind: v.literal("tcp"), host, ports: list(port, 1, maxPorts) }),
    record({
      kind: v.literal("vnc"),
      host,
      port,
      /** For security types that ask for a name beside the password. */
      login: v.nullable(login),
      /** Null: without TLS, or with TLS that has no certificate. */
      certificate: v.nullable(certificateFingerprint),
    }),
    record({
      kind: v.literal("rdp"),
      host,
      port,
      login,
      domain: v.nullable(login),
      certificate: minHostKeys > 0 ? certificateFingerprint : v.nullable(certificateFingerprint),
      security: v.picklist(["nla", "tls"]),
      /** The machine's own layout. */
      keyboard: v.picklist(keyboards),
    }),
    v.pipe(
      record({
        kind: v.literal("http"),
        host,
        port,
        /** HTTPS. */
        secure: v.boolean(),
        certificate: v.nullable(certificateFingerprint),
        signIn: webSignIn,
        /** Where the panel's first page is. */
        start: path,
        /** Beginnings of the paths that may be asked for; none: all. */
        paths: list(path, 0, maxPaths),
      }),
      v.check(
        (panel) => minHostKeys === 0 || panel.secure === (panel.certificate !== null),
        "a certificate is pinned if, and only if, the panel speaks HTTPS",
      ),
    ),
  ]);
const device = deviceWith(1);
/** A device that is to be tried before anybody signs it: its host keys and certificate may still be unknown. */
export const deviceToProbe = deviceWith(0);
/** A target's address and pins, in clear. */
export type Device = v.InferOutput<typeof device>;

/** A fingerprint as the document has it, of whatever people paste: openssl's whole line, small letters, no colons; undefined for anything else. */
export function parseCertificateFingerprint(text: string): string | undefined {
  const digits = text.replace(/^.*=/, "").replaceAll(/[\s:]/g, "").toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(digits)) return undefined;
  return (digits.match(/../g) ?? []).join(":");
}

/** Reads a device document's payload; throws `document_invalid`. Checks no signature. */
export function parseDeviceDocument(envelope: Envelope): DeviceDocument {
  return parsePayload(envelope, "device", schema);
}

/** Reads a device's plaintext; throws `document_invalid` or `json_invalid`. */
export function parseDevice(plaintext: Uint8Array): Device {
  return parseFields(parseStrictJson(fromUtf8(plaintext)), "device", device);
}

/** The plaintext of a device; throws `document_invalid`. */
export function encodeDevice(value: Device): Uint8Array {
  return utf8(JSON.stringify(parseFields(value, "device", device)));
}

/** The payload that carries the device to its edge and to the recovery key. */
export async function sealDevice(
  suite: CryptoSuite,
  { site, edge, target, version: number }: DevicePlace,
  recipients: Recipients,
  value: Device,
): Promise<DeviceDocument> {
  const place = { site, edge, target, version: number };
  const boxes = await sealBoxes(suite, recipients, infoOf(place), encodeDevice(value));
  return { ...place, sealed: boxes };
}

/** Opens a device document; throws `record_invalid` if it was sealed for another place or key. */
export async function openDevice(
  suite: CryptoSuite,
  document: DeviceDocument,
  holder: Holder,
): Promise<Device> {
  return parseDevice(await openBox(suite, document.sealed, holder, infoOf(document)));
}

/**
 * The device document, if an owner signed it, the manifest lists that target on that edge in this version, and it is not below the one in the
 * vault (0 for none); throws otherwise.
 */
export async function verifyDevice(
  envelope: Envelope,
  held: Held,
  vaultVersion = 0,
): Promise<Verified<DeviceDocument>> {
  const payload = parseDeviceDocument(envelope);
  const { deviceVersion } = requireTarget(payload.target, payload.edge, held);
  // Attack: an older address or host key brought back by the relay.
  if (payload.version !== deviceVersion) {
    throw documentInvalid(`device has version ${payload.version}, the manifest ${deviceVersion}`);
  }
  if (payload.version < vaultVersion) {
    throw documentInvalid(`device has version ${payload.version}, the vault ${vaultVersion}`);
  }
  requireRecoveryBox(payload.sealed, held.manifest.payload);
  return verifyByRoles(envelope, payload, held, "owner");
}

function infoOf({ site, edge, target, version: number }: DevicePlace): Uint8Array {
  return sealedInfo(context, [site, edge, target, String(number)]);
}
