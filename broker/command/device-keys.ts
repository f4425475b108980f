// What a changed device shows, as people type it and read it here: an SSH host key's fingerprint or a certificate's.
import * as v from "valibot";
import { deviceKeyKind, type DeviceKeyKind } from "../../shared/document/device-key.ts";
import { parseCertificateFingerprint } from "../../shared/document/device.ts";
import { hostKeyFingerprint } from "../../shared/document/host-key.ts";
import { isTargetKind, type TargetKindName } from "../../shared/document/rights.ts";
import type { TargetId } from "../../shared/ids.ts";
import { ownFingerprintLines } from "../../shared/site/own-fingerprint.ts";
import { CommandError } from "./exit-codes.ts";

const seen = "what the device showed to the edge: sallyport status";

/** How it is called in a sentence. */
export const deviceKeyWords: Readonly<Record<DeviceKeyKind, string>> = {
  key: "host key",
  certificate: "certificate",
};

/** What a device of a kind is known by; of the others there is nothing to accept. */
const knownBy: Readonly<Partial<Record<TargetKindName, DeviceKeyKind>>> = {
  ssh: "key",
  vnc: "certificate",
  rdp: "certificate",
  http: "certificate",
};

const changedSchema = v.object({
  changedDevices: v.array(v.object({ target: v.string(), fingerprint: v.string() })),
});

/** What to do about devices that an edge's status tells to have changed. */
export function changedDeviceHints(status: unknown): string[] {
  const parsed = v.safeParse(changedSchema, status);
  if (!parsed.success) return [];
  return parsed.output.changedDevices.map(({ target, fingerprint }) => {
    const what = deviceKeyWords[deviceKeyKind(fingerprint)];
    const accept = `sallyport accept-key --target ${target} --key ${fingerprint}`;
    return `"${target}" shows another ${what} than the pinned one; if the device itself tells the same, accept it for one job: ${accept}`;
  });
}

/** A fingerprint as a grant names it, of what somebody typed or pasted; wrong usage if it is none. */
export function parseDeviceKey(text: string): string {
  if (v.safeParse(hostKeyFingerprint, text).success) return text;
  // Of .NET's BitConverter come dashes.
  const dashed = /^[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2})+$/.test(text);
  const hex = dashed ? text.replaceAll("-", ":") : text;
  const certificate = parseCertificateFingerprint(hex);
  if (certificate !== undefined) return certificate;
  if (/^[0-9a-f]{40}$/i.test(hex.replaceAll(/[\s:]/g, "")))
    throw new CommandError(
      "usage",
      `"${text}" is a certificate's SHA-1, expected its SHA-256: AA:BB:… of 32 bytes`,
      `Windows shows SHA-1 as thumbprint; its SHA-256 tells, in PowerShell: ${ownFingerprintLines.rdp}`,
      seen,
    );
  throw new CommandError(
    "usage",
    `"${text}" is no fingerprint, expected SHA256: and 43 characters of a host key, or AA:BB:… of a certificate's 32 bytes`,
    seen,
  );
}

/** Throws wrong usage unless a device of this kind is known by what the fingerprint is of. */
export function requireOfKind(target: TargetId, kind: string, fingerprint: string): void {
  const expected = isTargetKind(kind) ? knownBy[kind] : undefined;
  if (expected === undefined)
    throw new CommandError("usage", `target "${target}" (${kind}) has no key and no certificate`);
  if (deviceKeyKind(fingerprint) === expected) return;
  const form = { key: "SHA256:…", certificate: "AA:BB:…" }[expected];
  throw new CommandError(
    "usage",
    `target "${target}" (${kind}) is known by its ${deviceKeyWords[expected]}, expected ${form}`,
    seen,
  );
}
