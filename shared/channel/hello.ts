// The hello: what the vendor's side asks for, in the clear (shared/protocol.md, "Hello"). Every byte of it enters the transcript,
// so whatever a relay changes here is found before anything sealed is believed.
import { concatBytes, fromBase64Url, toBase64Url } from "../bytes.ts";
import type { RecordCipherName } from "../crypto/suite.ts";
import { xwingPublicKeyBytes } from "../crypto/suite.ts";
import type { Purpose } from "../document/proof.ts";
import { purposes } from "../document/proof.ts";
import type { ChannelId, EdgeId, SiteId } from "../ids.ts";
import { FieldReader, uint32 } from "./fixed-bytes.ts";

export const protocolVersion = 1;
export const nonceBytes = 32;
export const channelIdBytes = 16;
export const pskIdBytes = 32;
const hashBytes = 32;
const maxSuites = 8;

const kinds = ["open", "resume", "further"] as const;
export type HelloKind = (typeof kinds)[number];

/** All suites are HPKE with X-Wing and HKDF-SHA256; they differ in the cipher of the records. Codes 1 and 2 on the wire. */
const suiteCiphers: readonly RecordCipherName[] = ["aes-256-gcm", "chacha20-poly1305"];

/** Which earlier handshake a PSK kind stands on. */
export interface Standing {
  /** The channel that is resumed, or the `open` channel of the session that gets a further one. */
  readonly channel: ChannelId;
  /** The new epoch (resume), or the further channel's own number (further). */
  readonly number: number;
  readonly pskId: Uint8Array;
}

export interface Hello {
  readonly kind: HelloKind;
  /** What the sender can use, best first. Codes that this version does not know are left out. */
  readonly ciphers: readonly RecordCipherName[];
  readonly purpose: Purpose;
  readonly site: SiteId;
  readonly edge: EdgeId;
  readonly nonce: Uint8Array;
  readonly publicKey: Uint8Array;
  /** Exactly for the kinds `resume` and `further`. */
  readonly standing?: Standing;
}

/** The wire code of a suite. */
export function suiteCode(cipher: RecordCipherName): number {
  return suiteCiphers.indexOf(cipher) + 1;
}

/** The cipher of a suite's wire code, if this version knows it. */
export function cipherOfSuite(code: number): RecordCipherName | undefined {
  return suiteCiphers[code - 1];
}

/** The version that a first message claims; other versions are answered, not parsed. */
export function helloVersion(bytes: Uint8Array): number | undefined {
  return bytes[0];
}

export function encodeHello(hello: Hello): Uint8Array {
  const { standing } = hello;
  return concatBytes(
    Uint8Array.of(protocolVersion, kinds.indexOf(hello.kind) + 1, hello.ciphers.length),
    Uint8Array.from(hello.ciphers, suiteCode),
    Uint8Array.of(purposes.indexOf(hello.purpose) + 1),
    fromBase64Url(hello.site, hashBytes),
    fromBase64Url(hello.edge, hashBytes),
    hello.nonce,
    hello.publicKey,
    ...(standing === undefined
      ? []
      : [fromBase64Url(standing.channel, channelIdBytes), uint32(standing.number), standing.pskId]),
  );
}

/** Throws `handshake_failed` for anything but one hello of this version. */
export function decodeHello(bytes: Uint8Array): Hello {
  const reader = new FieldReader("hello", bytes);
  const version = reader.byte();
  if (version !== protocolVersion) throw reader.fault(`has version ${version}, expected 1`);
  const kindCode = reader.byte();
  const kind = kinds[kindCode - 1];
  if (kind === undefined) throw reader.fault(`has unknown kind ${kindCode}`);
  const suiteCount = reader.byte();
  if (suiteCount === 0 || suiteCount > maxSuites) throw reader.fault(`has ${suiteCount} suites`);
  const suites = [...reader.bytes(suiteCount)];
  if (new Set(suites).size !== suites.length) throw reader.fault("names a suite twice");
  const purposeCode = reader.byte();
  const purpose = purposes[purposeCode - 1];
  if (purpose === undefined) throw reader.fault(`has unknown purpose ${purposeCode}`);
  const hello: Hello = {
    kind,
    ciphers: suites.map(cipherOfSuite).filter((cipher) => cipher !== undefined),
    purpose,
    site: toBase64Url(reader.bytes(hashBytes)) as SiteId,
    edge: toBase64Url(reader.bytes(hashBytes)) as EdgeId,
    nonce: reader.bytes(nonceBytes),
    publicKey: reader.bytes(xwingPublicKeyBytes),
  };
  const standing = kind === "open" ? {} : { standing: readStanding(reader) };
  reader.finish();
  return { ...hello, ...standing };
}

function readStanding(reader: FieldReader): Standing {
  return {
    channel: toBase64Url(reader.bytes(channelIdBytes)) as ChannelId,
    number: reader.uint32(),
    pskId: reader.bytes(pskIdBytes),
  };
}
