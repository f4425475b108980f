// Documents as they came: what the journal names by hash, evidence has to show (shared/protocol.md, "Evidence").
// Invariant: a document is on the disk before the journal may name it, and is never changed after.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  encodeEnvelope,
  hashEnvelope,
  parseEnvelope,
  type Envelope,
} from "../../shared/document/envelope.ts";
import type { DocumentHash } from "../../shared/ids.ts";
import { makeFolder, readIfPresent, writeDurably } from "../durable-file.ts";

/** Secrets and device documents live in the vault alone: evidence needs their hashes, not their sealed content. */
const vaulted: readonly string[] = ["secret", "device"];

/** Opens or begins an archive. */
export async function openArchive(folder: string): Promise<Archive> {
  await makeFolder(folder);
  return new Archive(folder);
}

export class Archive {
  readonly #folder: string;

  /** Only `openArchive` makes one. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps a verified document and answers its hash; it is on the disk then. Of a document with several sets of signatures the first counts. */
  async keep(envelope: Envelope): Promise<DocumentHash> {
    const hash = await hashEnvelope(envelope);
    if (vaulted.includes(envelope.type)) return hash;
    const path = this.#pathOf(envelope.type, hash);
    if ((await readIfPresent(path)) !== undefined) return hash;
    await makeFolder(join(this.#folder, envelope.type));
    await writeDurably(path, encodeEnvelope(envelope));
    return hash;
  }

  /** A kept document, or undefined. */
  async get(type: string, hash: DocumentHash): Promise<Envelope | undefined> {
    const bytes = await readIfPresent(this.#pathOf(type, hash));
    return bytes && parseEnvelope(bytes);
  }

  /** Text of every kept document, by type. */
  async *all(): AsyncGenerator<{ type: string; hash: DocumentHash; text: Uint8Array }> {
    for (const type of (await readdir(this.#folder)).sort()) {
      for (const name of (await readdir(join(this.#folder, type))).sort()) {
        if (!name.endsWith(".json")) continue;
        const text = await readIfPresent(join(this.#folder, type, name));
        if (text !== undefined) yield { type, hash: name.slice(0, -5) as DocumentHash, text };
      }
    }
  }

  #pathOf(type: string, hash: DocumentHash): string {
    return join(this.#folder, type, `${hash}.json`);
  }
}
