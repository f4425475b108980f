// The device document: a target's address, ports, login and pins, readable by its edge alone (shared/protocol.md, "device").
// Invariant: the version in force stands in the manifest, so a relay can bring back no older address or pin.
import * as v from "valibot";
import { fromUtf8, utf8 } from "../bytes.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
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
const context = "sallyport device v1";

const schema = record({ site: siteId, edge: edgeId, target: targetId, version, sealed });
export type DeviceDocument = v.InferOutput<typeof schema>;
/** Whose device it is, and which version. */
export type DevicePlace = Omit<DeviceDocument, "sealed">;

const port = whole(1, 65535);
/** A host name or address as a socket takes it. */
const host = v.pipe(v.string(), v.regex(/^[0-9A-Za-z.:_-]{1,253}$/));

const deviceWith = (minHostKeys: number) =>
  v.variant("kind", [
    record({
      kind: v.literal("ssh"),
      host,
      port,
      login: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
      /** The device is accepted under one of these alone. */
      hostKeys: list(hostKeyLine, minHostKeys, maxHostKeys),
      legacy: v.boolean(),
    }),
    record({ kind: v.literal("tcp"), host, ports: list(port, 1, maxPorts) }),
  ]);
const device = deviceWith(1);
/** A device that is to be tried before anybody signs it: its host keys may still be unknown. */
export const deviceToProbe = deviceWith(0);
/** A target's address and pins, in clear. */
export type Device = v.InferOutput<typeof device>;

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
