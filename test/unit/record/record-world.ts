// What the tests of the record share: folders with an open journal and recordings in them, and ways to damage a file.
import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openJournal, type Journal } from "../../../edge/journal.ts";
import {
  openRecordings,
  type RecordingSubject,
  type Recordings,
  type RecordingsOptions,
} from "../../../edge/recording.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { systemClock, type Clock } from "../../../shared/clock.ts";
import { nodeCrypto as suite } from "../../../shared/crypto/node.ts";
import { SallyportError, type ErrorCode } from "../../../shared/errors.ts";
import type { DocumentHash, EdgeId, PersonId, SiteId, TargetId } from "../../../shared/ids.ts";

export { suite };
export const bootId = "6f9c1f7e-3b0a-4c55-9d0e-2f1f6f6a7b11";
const hashOf = (byte: number): string => toBase64Url(new Uint8Array(32).fill(byte));
export const site = hashOf(3) as SiteId;
export const edge = hashOf(4) as EdgeId;
export const edgeKeys = await suite.xwingKeyPair(new Uint8Array(32).fill(1));
export const auditKeys = await suite.xwingKeyPair(new Uint8Array(32).fill(2));

export const subject: RecordingSubject = {
  session: "session-1",
  target: "plc" as TargetId,
  person: "vera" as PersonId,
  grant: hashOf(5) as DocumentHash,
  kind: "tcp",
};

export function journalIn(
  folder: string,
  options: { clock?: Clock; segmentBytes?: number } = {},
): Promise<Journal> {
  return openJournal({
    folder: join(folder, "journal"),
    clock: options.clock ?? systemClock,
    bootId,
    suite,
    ...(options.segmentBytes !== undefined && { segmentBytes: options.segmentBytes }),
  });
}

export function recordingsIn(
  folder: string,
  journal: Journal,
  options: Partial<RecordingsOptions> = {},
): Promise<Recordings> {
  return openRecordings({
    folder: join(folder, "recordings"),
    clock: systemClock,
    suite,
    journal,
    site,
    edge,
    edgeKeys,
    auditKey: auditKeys.publicKey,
    quotaBytes: 2 ** 30,
    warnPercent: 80,
    onSpaceLow: () => undefined,
    ...options,
  });
}

/** All items of a stream. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The bytes as a stream of pieces of the given size. */
export async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function readRange(path: string): (from: number, to?: number) => AsyncIterable<Uint8Array> {
  return (start, to) => createReadStream(path, { start, ...(to !== undefined && { end: to - 1 }) });
}

/** Replaces a file's content by what `change` makes of it. */
export async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, "utf8")));
}

/** A copy with one bit of byte `at` flipped. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** Asserts that `act` throws our error with one of the codes; answers its message. */
export async function refusal(act: () => unknown, ...codes: readonly ErrorCode[]): Promise<string> {
  try {
    await act();
  } catch (caught) {
    assert.instance(caught, SallyportError, String(caught));
    const error = caught as SallyportError;
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return error.message;
  }
  throw new Error("nothing was refused");
}
