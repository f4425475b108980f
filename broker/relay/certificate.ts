// X.509 v3 certificates (RFC 5280) for development: an ECDSA P-256 authority and a server's certificate under it, written in DER (X.690).
// Node can read certificates and not make them, and a relay must start without any other program; this is the little that it takes.
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { isIP } from "node:net";
import { concatBytes, utf8 } from "../../shared/bytes.ts";
import {
  bitString,
  boolean,
  integer,
  objectId,
  octetString,
  pem,
  sequence,
  tagged,
} from "../../shared/der.ts";

/** A certificate with its private key, both as PEM text. */
export interface CertifiedKey {
  readonly certificate: string;
  readonly key: string;
}

export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

const oid = {
  commonName: "550403",
  subjectKeyIdentifier: "551d0e",
  authorityKeyIdentifier: "551d23",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extendedKeyUsage: "551d25",
  subjectAltName: "551d11",
  serverAuth: "2b06010505070301",
  ecdsaWithSha256: "2a8648ce3d040302",
} as const;

/** RFC 5280, upper bound of a common name. */
const maxCommonNameCharacters = 64;

// Bits of KeyUsage, first bit leftmost (RFC 5280 §4.2.1.3): the unused trailing bits are counted in front of them.
const usageCertSign = Uint8Array.of(2, 0b0000_0100);
const usageDigitalSignature = Uint8Array.of(7, 0b1000_0000);

/** A self-signed authority, called by a name that no other has, that may sign servers' certificates and no further authority. */
export function makeAuthority(commonName: string, validity: Validity): CertifiedKey {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const extensions = [
    extension(oid.basicConstraints, true, sequence(boolean(true), integer(Uint8Array.of(0)))),
    extension(oid.keyUsage, true, bitString(usageCertSign)),
    extension(oid.subjectKeyIdentifier, false, octetString(keyIdentifier(pair.publicKey))),
  ];
  const issuer = { commonName, key: pair.privateKey };
  const certificate = certify(pair.publicKey, commonName, issuer, validity, extensions);
  return { certificate, key: exportKey(pair.privateKey) };
}

/** A server's certificate for DNS names and IP addresses, signed by an authority that `makeAuthority` made. */
export function makeServerCertificate(
  authority: CertifiedKey,
  names: readonly string[],
  validity: Validity,
): CertifiedKey {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    certificate: certifyServer(authority, names, pair.publicKey, validity),
    key: exportKey(pair.privateKey),
  };
}

/** The same for a key whose private half is another's; the certificate alone. */
export function certifyServer(
  authority: CertifiedKey,
  names: readonly string[],
  publicKey: KeyObject,
  validity: Validity,
): string {
  const signer = new X509Certificate(authority.certificate);
  const signerId = sequence(tagged(0x80, keyIdentifier(signer.publicKey)));
  const extensions = [
    extension(oid.basicConstraints, true, sequence()),
    extension(oid.keyUsage, true, bitString(usageDigitalSignature)),
    extension(oid.extendedKeyUsage, false, sequence(objectId(oid.serverAuth))),
    extension(oid.subjectAltName, false, sequence(...names.map(generalName))),
    extension(oid.subjectKeyIdentifier, false, octetString(keyIdentifier(publicKey))),
    extension(oid.authorityKeyIdentifier, false, signerId),
  ];
  const commonName = signer.subject.slice("CN=".length);
  const issuer = { commonName, key: createPrivateKey(authority.key) };
  const subject = (names[0] ?? "server").slice(0, maxCommonNameCharacters);
  return certify(publicKey, subject, issuer, validity, extensions);
}

function certify(
  publicKey: KeyObject,
  subject: string,
  issuer: { readonly commonName: string; readonly key: KeyObject },
  validity: Validity,
  extensions: readonly Uint8Array[],
): string {
  const algorithm = sequence(objectId(oid.ecdsaWithSha256));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and of one length
  const signed = sequence(
    tagged(0xa0, integer(Uint8Array.of(2))),
    integer(serial),
    algorithm,
    distinguishedName(issuer.commonName),
    sequence(time(validity.fromMs), time(validity.untilMs)),
    distinguishedName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", signed, issuer.key);
  const der = sequence(signed, algorithm, bitString(concatBytes(Uint8Array.of(0), signature)));
  return pem("CERTIFICATE", der);
}

function exportKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

// RFC 7093 §2, method 4: 160 bits of SHA-256 over the whole SubjectPublicKeyInfo.
function keyIdentifier(key: KeyObject): Uint8Array {
  const info = key.export({ type: "spki", format: "der" });
  return createHash("sha256").update(info).digest().subarray(0, 20);
}

function distinguishedName(commonName: string): Uint8Array {
  const name = sequence(objectId(oid.commonName), tagged(0x0c, utf8(commonName)));
  return sequence(tagged(0x31, name));
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectId(id), ...flag, octetString(value));
}

// UTCTime until 2049 and GeneralizedTime after it (RFC 5280 §4.1.2.5).
function time(atMs: number): Uint8Array {
  const text = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, "");
  return text < "2050" ? tagged(0x17, utf8(text.slice(2))) : tagged(0x18, utf8(text));
}

function generalName(name: string): Uint8Array {
  return isIP(name) === 0 ? tagged(0x82, utf8(name)) : tagged(0x87, addressBytes(name));
}

function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split(".").map(Number));
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const words = (text: string | undefined) => (text ? text.split(":") : []);
  const left = words(head);
  const right = words(tail);
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  const all = [...left, ...zeros, ...right].map((word) => Number.parseInt(word, 16));
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}
