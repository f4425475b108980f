// A recording's file (shared/protocol.md, "Recording"): a readable header, then sealed chunks like age's STREAM, the nonce being chunk number and final mark.
// Invariant: the chunks' key is derived from file key and header, so a chunk opens only at its place, in its file, under its header, and an end without the final mark is no end.
import * as v from "valibot";
import {
  concatBytes,
  fromBase64Url,
  fromUtf8,
  lengthPrefixed,
  toBase64Url,
  utf8,
} from "../bytes.ts";
import { openFrom, sealTo } from "../crypto/hpke.ts";
import {
  recordCipherNames,
  recordKeyBytes,
  recordNonceBytes,
  recordTagBytes,
  xwingEncapsulationBytes,
  type CryptoSuite,
  type RecordCipher,
} from "../crypto/suite.ts";
import {
  bytes,
  documentHash,
  edgeId,
  list,
  parseFields,
  personId,
  record,
  siteId,
  targetId,
  whole,
  word,
} from "../document/fields.ts";
import { parseStrictJson } from "../document/strict-json.ts";
import { messageOf, SallyportError } from "../errors.ts";
import { ByteReader } from "./byte-reader.ts";
import type { EntryIds } from "./journal-entry.ts";
import { maxChunkBytes, readRecords, type RecordingRecord } from "./recording-records.ts";

declare const brand: unique symbol;
/** Sixteen random bytes, unpadded base64url. */
export type RecordingId = string & { readonly [brand]: "RecordingId" };

const magic = utf8("sallyport-recording-1\n");
const keyContext = utf8("sallyport recording v1");
const chunkContext = utf8("sallyport recording v1 chunks");
const recordingIdBytes = 16;
const maxHeaderBytes = 16 * 1024;
const frameHeaderBytes = 4;
/** A longer title, such as a command line, is cut by the recorder. */
export const maxTitleLength = 1024;
const finalBit = 0x80000000;

/** Whose key opens a recording: the edge's own, or the site's audit key. */
export type Recipient = "edge" | "audit";

const size = v.nullable(whole(1, 10_000));

const headerSchema = record({
  recording: bytes(recordingIdBytes),
  site: siteId,
  edge: edgeId,
  session: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  target: targetId,
  person: personId,
  grant: documentHash,
  /** What is recorded: `terminal`, `exec`, `sftp`, `tcp` … */
  kind: word,
  title: v.nullable(v.pipe(v.string(), v.maxLength(maxTitleLength))),
  columns: size,
  rows: size,
  startedMs: whole(0, Number.MAX_SAFE_INTEGER),
  /** Length of the journal when the recording began: its opening stands at this entry or later. */
  journalLength: whole(0, Number.MAX_SAFE_INTEGER),
  cipher: v.picklist(recordCipherNames),
  keys: list(
    record({
      to: v.picklist(["edge", "audit"]),
      encapsulation: bytes(xwingEncapsulationBytes),
      ciphertext: bytes(recordKeyBytes + recordTagBytes),
    }),
    1,
    2,
  ),
});
type HeaderFields = v.InferOutput<typeof headerSchema>;

export interface RecordingHeader extends Omit<HeaderFields, "recording"> {
  readonly recording: RecordingId;
}

/** All of a header that its recorder says; the keys are added by `startRecording`. */
export type RecordingFacts = Omit<RecordingHeader, "recording" | "keys">;

/** A new recording's first bytes, and what seals its chunks. */
export interface StartedRecording {
  readonly header: RecordingHeader;
  readonly preamble: Uint8Array;
  readonly sealer: ChunkSealer;
}

export interface Frame {
  readonly number: number;
  readonly final: boolean;
  readonly sealed: Uint8Array;
  /** Bytes of the file up to and with this frame. */
  readonly endsAt: number;
}

/** A frame, where it begins in the file. */
export interface FramePlace extends Pick<Frame, "number"> {
  readonly startsAt: number;
}

export interface OpenedChunk extends Omit<Frame, "sealed"> {
  readonly records: Iterable<RecordingRecord>;
}

export interface OpenedRecording {
  readonly header: RecordingHeader;
  /** The file's bytes before its first chunk. */
  readonly preamble: Uint8Array;
  readonly chunks: AsyncGenerator<OpenedChunk>;
}

/** What every journal entry about a recording names. */
export function entryIdsOf(header: RecordingHeader): EntryIds {
  const { recording, session, target, person, grant } = header;
  return { recording, session, target, person, grant };
}

/** Makes a recording's id and file key, wraps the key to each recipient's X-Wing key, and writes the header. Throws `document_invalid` for facts that no header can hold. */
export async function startRecording(
  suite: CryptoSuite,
  facts: RecordingFacts,
  recipients: Readonly<Partial<Record<Recipient, Uint8Array>>>,
): Promise<StartedRecording> {
  const recording = toBase64Url(suite.randomBytes(recordingIdBytes)) as RecordingId;
  const fileKey = suite.randomBytes(recordKeyBytes);
  const keys: RecordingHeader["keys"][number][] = [];
  for (const to of ["edge", "audit"] as const) {
    const publicKey = recipients[to];
    if (publicKey === undefined) continue;
    const info = keyInfo({ ...facts, recording }, to);
    const { encapsulation, ciphertext } = await sealTo(suite, publicKey, info, fileKey);
    keys.push({
      to,
      encapsulation: toBase64Url(encapsulation),
      ciphertext: toBase64Url(ciphertext),
    });
  }
  const header = { recording, ...facts, keys };
  parseFields(header, "recording", headerSchema);
  const text = utf8(JSON.stringify(header));
  const preamble = concatBytes(magic, lengthPrefixed(text));
  const cipher = await chunkCipher(suite, header, preamble, fileKey);
  return { header, preamble, sealer: new ChunkSealer(cipher) };
}

/** Seals chunks in order; each may be sealed once, and none after the final one. */
export class ChunkSealer {
  readonly #cipher: RecordCipher;
  #number = 0;
  #ended = false;

  constructor(cipher: RecordCipher) {
    this.#cipher = cipher;
  }

  /** The frame's parts, to be written in order. */
  seal(plaintext: Uint8Array, final: boolean): Uint8Array[] {
    if (this.#ended || plaintext.length > maxChunkBytes) {
      throw new SallyportError("internal", "a chunk after the final one, or one that is too long");
    }
    const parts = this.#cipher.seal(chunkNonce(this.#number, final), [plaintext]);
    this.#number += 1;
    this.#ended = final;
    const length = new Uint8Array(frameHeaderBytes);
    const word = plaintext.length + recordTagBytes + (final ? finalBit : 0);
    new DataView(length.buffer).setUint32(0, word);
    return [length, ...parts];
  }
}

/**
 * Reads a recording's header and frames without any key. `frames` throws `recording_damaged` for a malformed frame, for bytes after the final one,
 * and, unless `torn` is allowed, for an end before it. With `from`, the source goes on after the header with that frame.
 */
export async function readFrames(
  source: AsyncIterable<Uint8Array>,
  torn: "allowed" | "refused",
  from?: FramePlace,
): Promise<{ header: RecordingHeader; preamble: Uint8Array; frames: AsyncGenerator<Frame> }> {
  const reader = new ByteReader(source);
  try {
    const { preamble, text } = await takePreamble(reader);
    const first = from ?? { number: 0, startsAt: preamble.length };
    return { header: parseHeader(text), preamble, frames: walk(reader, first, torn) };
  } catch (cause) {
    await reader.close();
    throw cause;
  }
}

/**
 * Opens a recording with the private X-Wing key of `recipient`. `chunks` throws as `readFrames` does, and for the first chunk that does not open:
 * what was given out before it is sound. With `from`, chunks before that one are neither in the source nor looked at.
 */
export async function openRecording(
  suite: CryptoSuite,
  source: AsyncIterable<Uint8Array>,
  recipient: Recipient,
  privateKey: Uint8Array,
  torn: "allowed" | "refused",
  from?: FramePlace,
): Promise<OpenedRecording> {
  const { header, preamble, frames } = await readFrames(source, torn, from);
  const wrapped = header.keys.find((key) => key.to === recipient);
  if (wrapped === undefined) return damaged(`it is not sealed to the ${recipient} key`);
  const fileKey = await openFrom(suite, privateKey, keyInfo(header, recipient), {
    encapsulation: fromBase64Url(wrapped.encapsulation),
    ciphertext: fromBase64Url(wrapped.ciphertext),
  }).catch((cause: unknown) => damaged(`this ${recipient} key does not open it`, cause));
  const cipher = await chunkCipher(suite, header, preamble, fileKey);
  return { header, preamble, chunks: openFrames(cipher, frames) };
}

async function* openFrames(
  cipher: RecordCipher,
  frames: AsyncGenerator<Frame>,
): AsyncGenerator<OpenedChunk> {
  for await (const { number, final, sealed, endsAt } of frames) {
    let plaintext: Uint8Array;
    try {
      plaintext = cipher.open(chunkNonce(number, final), sealed);
    } catch (cause) {
      return damaged(`chunk ${number} does not open`, cause);
    }
    yield { number, final, endsAt, records: readRecords(plaintext) };
  }
}

async function takePreamble(reader: ByteReader) {
  const start = await reader.take(magic.length + frameHeaderBytes);
  if (start === undefined || !magic.every((byte, index) => byte === start[index])) {
    return damaged("it does not begin like a recording");
  }
  const headerBytes = new DataView(start.buffer, start.byteOffset).getUint32(magic.length);
  const text = headerBytes <= maxHeaderBytes ? await reader.take(headerBytes) : undefined;
  if (text === undefined) return damaged("its header is cut or too long");
  return { preamble: concatBytes(start, text), text };
}

async function* walk(
  reader: ByteReader,
  first: FramePlace,
  torn: "allowed" | "refused",
): AsyncGenerator<Frame> {
  let endsAt = first.startsAt;
  try {
    for (let { number } = first; ; number += 1) {
      const frame = await takeFrame(reader);
      if (frame === undefined) {
        if (torn === "allowed") return;
        return damaged(`it ends after ${number} chunks without the final mark`);
      }
      endsAt += frameHeaderBytes + frame.sealed.length;
      if (frame.final && (await reader.take(1)) !== undefined) damaged("bytes follow its end");
      yield { number, ...frame, endsAt };
      if (frame.final) return;
    }
  } finally {
    await reader.close();
  }
}

async function takeFrame(reader: ByteReader): Promise<Pick<Frame, "final" | "sealed"> | undefined> {
  const length = await reader.take(frameHeaderBytes);
  if (length === undefined) return undefined;
  const word = new DataView(length.buffer, length.byteOffset).getUint32(0);
  const sealedBytes = word % finalBit;
  if (sealedBytes < recordTagBytes || sealedBytes > maxChunkBytes + recordTagBytes) {
    return undefined;
  }
  const sealed = await reader.take(sealedBytes);
  return sealed && { final: word >= finalBit, sealed };
}

function parseHeader(text: Uint8Array): RecordingHeader {
  try {
    const header = parseFields(parseStrictJson(fromUtf8(text)), "header", headerSchema);
    return header as RecordingHeader;
  } catch (cause) {
    return damaged(messageOf(cause), cause);
  }
}

async function chunkCipher(
  suite: CryptoSuite,
  header: Pick<RecordingHeader, "cipher">,
  preamble: Uint8Array,
  fileKey: Uint8Array,
): Promise<RecordCipher> {
  const secret = await suite.hkdfExtract(await suite.sha256(preamble), fileKey);
  const key = await suite.hkdfExpand(secret, chunkContext, recordKeyBytes);
  return suite.recordCipher(header.cipher, key);
}

// Eleven bytes of number, one of final mark, as in age's STREAM.
function chunkNonce(number: number, final: boolean): Uint8Array {
  const nonce = new Uint8Array(recordNonceBytes);
  new DataView(nonce.buffer).setUint32(recordNonceBytes - 5, number);
  nonce[recordNonceBytes - 1] = final ? 1 : 0;
  return nonce;
}

function keyInfo(
  { site, edge, recording }: Pick<RecordingHeader, "site" | "edge" | "recording">,
  to: Recipient,
): Uint8Array {
  const fields = [site, edge, recording, to].map(utf8);
  return concatBytes(...[keyContext, ...fields].map(lengthPrefixed));
}

function damaged(why: string, cause?: unknown): never {
  throw new SallyportError("recording_damaged", `recording: ${why}`, { cause });
}
