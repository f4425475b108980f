// SHA-256 of more than fits in memory, on Node: recordings and files of an evidence bundle.
import { createHash } from "node:crypto";

/** A hash that takes its input in pieces. */
export interface HashStream {
  update(bytes: Uint8Array): void;
  /** The hash of all pieces; the last call. */
  digest(): Uint8Array;
}

export function startSha256(): HashStream {
  const hash = createHash("sha256");
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => new Uint8Array(hash.digest()),
  };
}
