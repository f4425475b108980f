// A self-signed certificate as small devices make one for themselves: RSA, a name that nobody calls them by, and valid for years.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { runProcess } from "../support/process.ts";
import type { TemporaryFolder } from "../support/temporary.ts";

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** `AA:BB:…` of the SHA-256, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string;
}

/** Makes one into `folder`, called `name`.crt and `name`.key there. */
export async function makeDeviceCertificate(
  folder: TemporaryFolder,
  name = "device",
): Promise<CertificateFiles> {
  const [certificateFile, keyFile] = [folder.file(`${name}.crt`), folder.file(`${name}.key`)];
  const request = "req -x509 -noenc -days 3650 -newkey rsa:2048 -subj /CN=localhost";
  const args = [...request.split(" "), "-keyout", keyFile, "-out", certificateFile];
  const { code, stderr } = await runProcess("openssl", args);
  if (code !== 0) throw new Error(`openssl exited with ${code}: ${stderr}`);
  const { fingerprint256 } = new X509Certificate(readFileSync(certificateFile));
  return { certificateFile, keyFile, fingerprint: fingerprint256 };
}

/** The fingerprint of no certificate, which differs from this one by its first byte. */
export function otherFingerprint(fingerprint: string): string {
  return `${fingerprint.startsWith("00") ? "01" : "00"}${fingerprint.slice(2)}`;
}
