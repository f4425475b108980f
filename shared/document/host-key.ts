// SSH host keys of devices in OpenSSH's forms: the public key line that a device document pins, and the fingerprint that people compare.
import * as v from "valibot";
import { fromBase64, toBase64 } from "../bytes.ts";
import type { CryptoSuite } from "../crypto/suite.ts";

/** `ssh-ed25519 AAAA…`, without comment. */
export const hostKeyLine = v.pipe(v.string(), v.regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+=*$/));

/** `SHA256:` and the unpadded base64 of 32 bytes, in its one spelling. */
export const hostKeyFingerprint = v.pipe(
  v.string(),
  v.regex(/^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/, "no SHA256:… fingerprint of a host key"),
);

/** The fingerprint of a line, as `ssh-keygen -l` shows it. */
export async function fingerprintOfHostKey(suite: CryptoSuite, line: string): Promise<string> {
  const blob = fromBase64(line.split(" ")[1] ?? "");
  return `SHA256:${toBase64(await suite.sha256(blob)).replace(/=+$/, "")}`;
}
