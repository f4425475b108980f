// What a device shows of itself before anybody signs in to it, as people compare it and grants accept it: an SSH host key's fingerprint or a
// certificate's. The two spellings cannot be taken for each other.
import * as v from "valibot";
import { hostKeyFingerprint } from "./host-key.ts";

/** SHA-256 of the DER certificate, as `openssl x509 -fingerprint -sha256` prints it. */
export const certificateFingerprint = v.pipe(
  v.string(),
  v.regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/, "expected AA:BB:… of a SHA-256"),
);

/** What a device is known by: `key` is an SSH host key. */
export type DeviceKeyKind = "key" | "certificate";

/** Which of the two a fingerprint that a grant or an edge names is of. */
export function deviceKeyKind(fingerprint: string): DeviceKeyKind {
  return fingerprint.startsWith("SHA256:") ? "key" : "certificate";
}

/** `SHA256:…` of an SSH host key, or `AA:BB:…` of a certificate. */
export const deviceKeyFingerprint = v.union(
  [hostKeyFingerprint, certificateFingerprint],
  "expected a host key's SHA256:… or a certificate's AA:BB:…",
);
