// POSIX ustar (IEEE 1003.1-1988), the open container of evidence: regular files alone, every header byte fixed by name and size.
// Invariant: an archive has exactly one spelling, so a byte that was changed anywhere in it, padding included, is found.
import { equalBytes, fromUtf8, utf8 } from "../bytes.ts";
import { SallyportError } from "../errors.ts";
import { ByteReader } from "./byte-reader.ts";

const blockBytes = 512;
const maxFileBytes = 8 ** 11 - 1;
const pieceBytes = 64 * 1024;
const namePattern = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;

/** Two empty blocks end an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockBytes);

export interface TarEntry {
  readonly name: string;
  /** Where its content begins in the archive. */
  readonly offset: number;
  readonly length: number;
}

/** The header of a file; throws `evidence_invalid` for a name or length that ustar cannot say. */
export function tarHeader(name: string, length: number): Uint8Array {
  if (name.length > 100 || !namePattern.test(name) || length > maxFileBytes) {
    throw new SallyportError("evidence_invalid", `tar cannot hold "${name}" of ${length} bytes`);
  }
  const block = new Uint8Array(blockBytes);
  const put = (text: string, at: number): void => block.set(utf8(text), at);
  put(name, 0);
  put("0000600\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${length.toString(8).padStart(11, "0")}\0`, 124);
  put(`${"0".repeat(11)}\0`, 136);
  put("        ", 148);
  put("0", 156);
  put("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** What fills a file of `length` bytes up to whole blocks. */
export function tarPadding(length: number): Uint8Array {
  return new Uint8Array((blockBytes - (length % blockBytes)) % blockBytes);
}

/** Where each file of an archive lies; reads it once from its beginning. Throws `evidence_invalid` for anything but the one spelling. */
export async function listTar(source: AsyncIterable<Uint8Array>): Promise<TarEntry[]> {
  const reader = new ByteReader(source);
  const entries: TarEntry[] = [];
  const names = new Set<string>();
  let at = 0;
  for (;;) {
    const header = await reader.take(blockBytes);
    if (header === undefined) return malformed("is cut");
    at += blockBytes;
    if (header.every((byte) => byte === 0)) break;
    const entry = { ...parseHeader(header), offset: at };
    if (names.has(entry.name)) malformed(`holds "${entry.name}" twice`);
    names.add(entry.name);
    entries.push(entry);
    await skip(reader, entry.length);
    const padding = await reader.take(tarPadding(entry.length).length);
    if (padding?.every((byte) => byte === 0) !== true)
      malformed(`is changed after "${entry.name}"`);
    at += entry.length + tarPadding(entry.length).length;
  }
  const last = await reader.take(blockBytes);
  if (last?.every((byte) => byte === 0) !== true) malformed("is cut at its end");
  if ((await reader.take(1)) !== undefined) malformed("goes on after its end");
  return entries;
}

function parseHeader(block: Uint8Array): Pick<TarEntry, "name" | "length"> {
  const end = block.indexOf(0);
  const name = end > 0 && end <= 100 ? fromUtf8(block.subarray(0, end)) : malformed("has no name");
  const length = Number.parseInt(fromUtf8(block.subarray(124, 135)), 8);
  if (!(length >= 0) || !equalBytes(block, tarHeader(name, length))) {
    malformed(`has an odd header of "${name}"`);
  }
  return { name, length };
}

async function skip(reader: ByteReader, length: number): Promise<void> {
  for (let left = length; left > 0;) {
    const piece = await reader.some(Math.min(left, pieceBytes));
    if (piece === undefined) return malformed("is cut");
    left -= piece.length;
  }
}

function malformed(what: string): never {
  throw new SallyportError("evidence_invalid", `the archive ${what}`);
}
