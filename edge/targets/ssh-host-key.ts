// The edge's SSH host key in OpenSSH's forms: the public line for introductions and known_hosts, the private file's text for the inner server
// (openssh/PROTOCOL.key, without passphrase; RFC 8709 for the key itself).
import { createHash } from "node:crypto";
import { concatBytes, equalBytes, lengthPrefixed, toBase64, utf8 } from "../../shared/bytes.ts";
import type { Ed25519KeyPair } from "../../shared/crypto/suite.ts";

const kind = "ssh-ed25519";
const cipherBlockBytes = 8;

/** `ssh-ed25519 AAAA…`, without comment. */
export function sshPublicKeyLine(publicKey: Uint8Array): string {
  return `${kind} ${toBase64(publicBlob(publicKey))}`;
}

/** The text of an OpenSSH private key file. */
export function sshPrivateKeyText({ publicKey, privateKey }: Ed25519KeyPair): string {
  const check = new Uint8Array(4);
  const secret = concatBytes(
    check,
    check,
    field(kind),
    lengthPrefixed(publicKey),
    lengthPrefixed(concatBytes(privateKey, publicKey)),
    field(""),
  );
  const padding = Uint8Array.from(
    { length: -secret.length & (cipherBlockBytes - 1) },
    (_byte, index) => index + 1,
  );
  const file = concatBytes(
    utf8("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    new Uint8Array([0, 0, 0, 1]),
    lengthPrefixed(publicBlob(publicKey)),
    lengthPrefixed(concatBytes(secret, padding)),
  );
  const lines = toBase64(file).match(/.{1,70}/g) ?? [];
  const title = "OPENSSH PRIVATE KEY";
  return [`-----BEGIN ${title}-----`, ...lines, `-----END ${title}-----`, ""].join("\n");
}

/** True if `blob`, a device's host key on the wire, is the key of the OpenSSH line. */
export function isKeyOfLine(line: string, blob: Uint8Array): boolean {
  const [, text = ""] = line.split(" ");
  return equalBytes(Buffer.from(text, "base64"), blob);
}

/** The OpenSSH line of a host key on the wire (RFC 4253 §6.6: its kind comes first). */
export function lineOfKey(blob: Uint8Array): string {
  // Before ssh2 has checked anything of it: whatever the device sends makes a line, and breaks nothing.
  const bytes = Buffer.from(blob);
  const length = bytes.length < 4 ? 0 : bytes.readUInt32BE(0);
  return `${bytes.toString("latin1", 4, 4 + length)} ${toBase64(blob)}`;
}

/** `SHA256:…`, as OpenSSH shows it. */
export function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

export function fingerprintOfLine(line: string): string {
  return fingerprintOf(Buffer.from(line.split(" ")[1] ?? "", "base64"));
}

function publicBlob(publicKey: Uint8Array): Uint8Array {
  return concatBytes(field(kind), lengthPrefixed(publicKey));
}

function field(text: string): Uint8Array {
  return lengthPrefixed(utf8(text));
}
