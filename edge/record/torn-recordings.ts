// Recordings that a crash left open: kept up to the last chunk that opens, journaled as closed, moved to the others (shared/protocol.md, "Recording: ends").
// Invariant: one unreadable file never keeps the others, or the edge, from going on; it is set aside and journaled.
import { createReadStream } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { toBase64Url } from "../../shared/bytes.ts";
import { startSha256 } from "../../shared/crypto/node-hash.ts";
import type { CryptoSuite, XWingKeyPair } from "../../shared/crypto/suite.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import type { Direction } from "../../shared/record/recording-records.ts";
import {
  entryIdsOf,
  openRecording,
  type RecordingHeader,
} from "../../shared/record/recording-file.ts";
import { makeFolder, syncFolder } from "../durable-file.ts";
import type { Journal } from "../journal.ts";

export interface TornOptions {
  readonly folder: string;
  readonly openFolder: string;
  readonly closedFolder: string;
  readonly journal: Journal;
  readonly suite: CryptoSuite;
  readonly edgeKeys: XWingKeyPair;
}

interface Sound {
  readonly header: RecordingHeader;
  readonly chunks: number;
  readonly bytes: number;
  readonly final: boolean;
  readonly plaintext: Readonly<Record<Direction, number>>;
}

/** Closes every recording in `openFolder`. */
export async function closeTorn(options: TornOptions): Promise<void> {
  for (const name of (await readdir(options.openFolder)).sort()) {
    const path = join(options.openFolder, name);
    const sound = await readSound(path, options).catch((cause: unknown) => messageOf(cause));
    if (typeof sound === "string") await setAside(name, sound, options);
    else if (sound.chunks === 0 && !(await wasOpened(sound.header, options.journal))) {
      // The process died between making the file and journaling it: nothing was ever recorded.
      await rm(path);
    } else await closeOne(name, sound, options);
  }
  await syncFolder(options.openFolder);
  await syncFolder(options.closedFolder);
}

async function closeOne(name: string, sound: Sound, options: TornOptions): Promise<void> {
  const path = join(options.openFolder, name);
  const { header, chunks, bytes, final, plaintext } = sound;
  const file = await open(path, "r+");
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  const hash = startSha256();
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  await options.journal.append("recording-closed", entryIdsOf(header), {
    chunks,
    bytes,
    hash: toBase64Url(hash.digest()),
    torn: !final,
    plaintext,
  });
  await rename(path, join(options.closedFolder, name));
}

// Stops at the first chunk that does not open: power cuts leave such tails, and what comes before has been checked.
async function readSound(path: string, { suite, edgeKeys }: TornOptions): Promise<Sound> {
  const source = createReadStream(path);
  const { header, preamble, chunks } = await openRecording(
    suite,
    source,
    "edge",
    edgeKeys.privateKey,
    "allowed",
  );
  const plaintext = { "to-device": 0, "from-device": 0, "device-error": 0 };
  let sound = { chunks: 0, bytes: preamble.length, final: false };
  try {
    for await (const { number, final, endsAt, records } of chunks) {
      for (const record of records) {
        if ("direction" in record) plaintext[record.direction] += record.bytes.length;
      }
      sound = { chunks: number + 1, bytes: endsAt, final };
    }
  } catch (cause) {
    if (!(cause instanceof SallyportError)) throw cause;
  }
  return { header, ...sound, plaintext };
}

async function wasOpened(header: RecordingHeader, journal: Journal): Promise<boolean> {
  for await (const { header: entry } of journal.entriesFrom(header.journalLength)) {
    if (entry.event === "recording-opened" && entry.ids["recording"] === header.recording) {
      return true;
    }
  }
  return false;
}

async function setAside(name: string, why: string, options: TornOptions): Promise<void> {
  const damagedFolder = join(options.folder, "damaged");
  await makeFolder(damagedFolder);
  await options.journal.append("recording-damaged", {}, { file: name, why });
  await rename(join(options.openFolder, name), join(damagedFolder, name));
  await syncFolder(damagedFolder);
}
