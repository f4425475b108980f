// PKCS #10 (RFC 2986) as an edge asks for the certificate of its web panels (shared/protocol.md, "Web panels"): one P-256 key, one DNS name as the
// only subjectAltName, signed by ecdsa-with-SHA256. Invariant: there is one encoding of such a request, so that whoever gets one compares bytes.
import { concatBytes, equalBytes, utf8 } from "./bytes.ts";
import {
  bitString,
  boolean,
  fromPem,
  integer,
  objectId,
  octetString,
  pem,
  readDer,
  sequence,
  tagged,
} from "./der.ts";

const label = "CERTIFICATE REQUEST";
const extensionRequest = "2a864886f70d01090e";
const commonNameId = "550403";
const subjectAltName = "551d11";
const ecdsaWithSha256 = "2a8648ce3d040302";
/** RFC 5280, upper bound of a common name. */
const maxCommonNameBytes = 64;

/** What is signed. `publicKey` is a SubjectPublicKeyInfo. Clients of authorities read a common name, where one fits. */
export function certificateRequestInfo(name: string, publicKey: Uint8Array): Uint8Array {
  const text = utf8(name);
  const hasSubject = text.length <= maxCommonNameBytes;
  const commonName = sequence(objectId(commonNameId), tagged(0x0c, text));
  // Without a subject the names are critical (RFC 5280 §4.2.1.6).
  const critical = hasSubject ? [] : [boolean(true)];
  const names = octetString(sequence(tagged(0x82, text)));
  const extensions = sequence(sequence(objectId(subjectAltName), ...critical, names));
  const attribute = sequence(objectId(extensionRequest), tagged(0x31, extensions));
  return sequence(
    integer(Uint8Array.of(0)),
    hasSubject ? sequence(tagged(0x31, commonName)) : sequence(),
    publicKey,
    tagged(0xa0, attribute),
  );
}

/** The PEM of a request; `signature` is ECDSA's in DER over `info`. */
export function encodeCertificateRequest(info: Uint8Array, signature: Uint8Array): string {
  return pem(label, sequence(info, algorithm(), bitString(concatBytes(zero, signature))));
}

export interface CertificateRequest {
  /** What the signature is over. */
  readonly info: Uint8Array;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** The parts of a request for exactly `name`; undefined for every other text. The signature is the caller's to verify. */
export function parseCertificateRequest(
  text: string,
  name: string,
): CertificateRequest | undefined {
  const der = fromPem(label, text);
  const outer = der && readDer(der);
  if (outer?.tag !== 0x30 || outer.rest.length > 0) return undefined;
  const info = readDer(outer.content);
  const used = info && readDer(info.rest);
  const signed = used && readDer(used.rest);
  if (info?.tag !== 0x30 || signed?.tag !== 0x03 || signed.content[0] !== 0) return undefined;
  const version = readDer(info.content);
  const subject = version && readDer(version.rest);
  const key = subject && readDer(subject.rest);
  if (subject === undefined || key?.tag !== 0x30) return undefined;
  const publicKey = subject.rest.subarray(0, subject.rest.length - key.rest.length);
  const signature = signed.content.subarray(1);
  const ownInfo = certificateRequestInfo(name, publicKey);
  // Attack: another name beside the wished one, an extension that makes an authority, anything that a signer might copy.
  const expected = sequence(ownInfo, algorithm(), bitString(concatBytes(zero, signature)));
  return der && equalBytes(der, expected) ? { info: ownInfo, publicKey, signature } : undefined;
}

const zero = Uint8Array.of(0);
const algorithm = () => sequence(objectId(ecdsaWithSha256));
