// A self-signed certificate as small devices make one for themselves, and its fingerprint.
import { readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { mkdirSync, copyFileSync } from "node:fs";
import { runProcess } from "../support/process.ts";
import type { TemporaryFolder } from "../support/temporary.ts";

export interface DeviceCertificate {
  readonly certificate: string;
  readonly key: string;
  /** `AA:BB:…` of the SHA-256. */
  readonly fingerprint: string;
}

/** Makes one, and puts it also where FreeRDP's shadow server looks for its own below `folder` as HOME. */
export async function makeCertificate(folder: TemporaryFolder): Promise<DeviceCertificate> {
  const [certificate, key] = [folder.file("device.crt"), folder.file("device.key")];
  const what = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=hmi", "-days", "30"];
  const { code, stderr } = await runProcess("openssl", [
    ...what,
    "-keyout",
    key,
    "-out",
    certificate,
  ]);
  if (code !== 0) throw new Error(`openssl exited with ${code}: ${stderr}`);
  const shadow = folder.file(".config/freerdp/shadow");
  mkdirSync(shadow, { recursive: true });
  copyFileSync(certificate, `${shadow}/shadow.crt`);
  copyFileSync(key, `${shadow}/shadow.key`);
  const fingerprint = new X509Certificate(readFileSync(certificate)).fingerprint256;
  return { certificate, key, fingerprint };
}
