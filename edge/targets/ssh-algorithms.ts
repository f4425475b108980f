// Which SSH algorithms the edge speaks: `inner` to the vendor's own ssh client (ssh-audit finds no fault in it), `modern` to devices, and `legacy`
// only to a device whose manifest entry and device document both say so.
import type { Algorithms } from "./ssh2.ts";

// No ChaCha20 here: ssh2's JavaScript implementation works in one shared buffer and corrupts when one connection is decrypted inside another.
export const innerAlgorithms: Algorithms = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
  ],
  serverHostKey: ["ssh-ed25519"],
  cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
  compress: ["none"],
};

const modernKex = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group16-sha512",
  "diffie-hellman-group18-sha512",
  "diffie-hellman-group14-sha256",
  "diffie-hellman-group-exchange-sha256",
] as const;
const modernCiphers = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
  "chacha20-poly1305@openssh.com",
] as const;
const modernMacs = [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-512",
] as const;

const legacyKex = [
  "diffie-hellman-group-exchange-sha1",
  "diffie-hellman-group14-sha1",
  "diffie-hellman-group1-sha1",
] as const;
const legacyCiphers = ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"] as const;
const legacyMacs = ["hmac-sha1-etm@openssh.com", "hmac-sha1", "hmac-sha1-96", "hmac-md5"] as const;

type HostKeyAlgorithm = Extract<Algorithms["serverHostKey"], readonly unknown[]>[number];

const hostKeyKinds = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
  "ssh-dss",
] as const;

/**
 * What is offered to a device: of host keys the kinds that are pinned first, in the order of the pins, so that it shows one of those. The
 * others follow only so that another key is shown and can be named: it is refused all the same.
 */
export function deviceAlgorithms(pinnedKinds: readonly string[], legacy: boolean): Algorithms {
  const serverHostKey = [...pinnedKinds, ...hostKeyKinds].flatMap((kind) =>
    signaturesOf(kind, legacy),
  );
  return {
    kex: [...modernKex, ...(legacy ? legacyKex : [])],
    serverHostKey: [...new Set(serverHostKey)],
    cipher: [...modernCiphers, ...(legacy ? legacyCiphers : [])],
    hmac: [...modernMacs, ...(legacy ? legacyMacs : [])],
    compress: ["none"],
  };
}

/** The signature algorithms of a kind of host key; none for a kind that is not spoken. */
function signaturesOf(kind: string, legacy: boolean): HostKeyAlgorithm[] {
  switch (kind) {
    case "ssh-ed25519":
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521":
      return [kind];
    case "ssh-rsa":
      return ["rsa-sha2-512", "rsa-sha2-256", ...(legacy ? (["ssh-rsa"] as const) : [])];
    case "ssh-dss":
      return legacy ? ["ssh-dss"] : [];
    default:
      return [];
  }
}
