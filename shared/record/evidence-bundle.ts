// A bundle's files out of its container: a tar of which any range can be read, or files already in memory.
import { SallyportError } from "../errors.ts";
import type { EvidenceBundle } from "./evidence.ts";
import { listTar } from "./tar.ts";

/** Bytes of a file from `from` up to, but not with, `to`; without it, to the end. */
export type ReadRange = (from: number, to?: number) => AsyncIterable<Uint8Array>;

/** The bundle in a tar. Reads it through once; throws `evidence_invalid` if it is cut, or changed outside its files' contents. */
export async function tarBundle(readRange: ReadRange): Promise<EvidenceBundle> {
  const entries = await listTar(readRange(0));
  const places = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    names: [...places.keys()],
    read: (name) => {
      const { offset, length } = places.get(name) ?? unknown(name);
      return length === 0 ? nothing() : readRange(offset, offset + length);
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function unknown(name: string): never {
  throw new SallyportError("evidence_invalid", `the bundle has no file "${name}"`);
}
