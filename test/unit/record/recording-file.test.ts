// A recording's file: it opens whole, in order, under its own header and keys, or says where it does not.
import * as assert from "uvu/assert";
import { concatBytes } from "../../../shared/bytes.ts";
import type { RecordCipherName } from "../../../shared/crypto/suite.ts";
import {
  openRecording,
  readFrames,
  startRecording,
  type RecordingFacts,
} from "../../../shared/record/recording-file.ts";
import {
  ChunkBuffer,
  encodeEvent,
  maxChunkBytes,
  readRecords,
  recordHeaderBytes,
} from "../../../shared/record/recording-records.ts";
import { group } from "../../support/group.ts";
import {
  all,
  auditKeys,
  edge,
  edgeKeys,
  flipped,
  pieces,
  refusal,
  site,
  subject,
  suite,
} from "./record-world.ts";

const { session, target, person, grant, kind } = subject;
const who = { site, edge, session, target, person, grant, kind };
const size = { columns: null, rows: null };
const facts: RecordingFacts = {
  ...who,
  ...size,
  title: null,
  startedMs: 1_800_000_000_000,
  journalLength: 3,
  cipher: "aes-256-gcm",
};

interface File {
  readonly preamble: Uint8Array;
  readonly frames: readonly Uint8Array[];
}

/** A recording of one data record per chunk, the last one final. */
async function record(
  texts: readonly string[],
  cipher: RecordCipherName = "aes-256-gcm",
): Promise<File> {
  const { preamble, sealer } = await startRecording(
    suite,
    { ...facts, cipher },
    { edge: edgeKeys.publicKey, audit: auditKeys.publicKey },
  );
  const buffer = new ChunkBuffer();
  const frames = texts.map((text, number) => {
    buffer.addData("from-device", number, Buffer.from(text), 0);
    return concatBytes(...sealer.seal(buffer.take(), number === texts.length - 1));
  });
  return { preamble, frames };
}

function bytesOf({ preamble, frames }: File): Uint8Array {
  return concatBytes(preamble, ...frames);
}

/** The texts of a file as far as it opens; throws where it does not. */
async function textsOf(
  file: Uint8Array,
  torn: "allowed" | "refused" = "refused",
): Promise<string[]> {
  const source = pieces(file);
  const { chunks } = await openRecording(suite, source, "audit", auditKeys.privateKey, torn);
  const texts: string[] = [];
  for await (const { records } of chunks) {
    for (const item of records) {
      if ("direction" in item) texts.push(Buffer.from(item.bytes).toString());
    }
  }
  return texts;
}

const words = ["alpha", "bravo", "charlie", "delta"];

const attacks: readonly [note: string, attack: (file: File) => File, why: RegExp][] = [
  ["the final chunk cut", (file) => ({ ...file, frames: file.frames.slice(0, -1) }), /final mark/],
  ["all chunks cut", (file) => ({ ...file, frames: [] }), /without the final mark/],
  [
    "a chunk taken out",
    (file) => ({ ...file, frames: file.frames.toSpliced(1, 1) }),
    /chunk 1 does not/,
  ],
  [
    "two chunks swapped",
    ({ preamble, frames: [a, b, c, d] }) => ({
      preamble,
      frames: [a, c, b, d].flatMap((f) => f ?? []),
    }),
    /chunk 1 does not/,
  ],
  [
    "a chunk repeated",
    (file) => ({
      ...file,
      frames: file.frames.toSpliced(1, 0, file.frames[1] ?? new Uint8Array()),
    }),
    /chunk 2 does not/,
  ],
  [
    "the final mark set on an earlier chunk",
    (file) => ({ ...file, frames: [...file.frames.slice(0, 1), withFinalBit(file.frames[1])] }),
    /chunk 1 does not/,
  ],
  [
    "the final mark taken away",
    (file) => ({ ...file, frames: file.frames.with(3, withFinalBit(file.frames[3])) }),
    /chunk 3 does not|final mark/,
  ],
  [
    "bytes added after the end",
    (file) => ({ ...file, frames: [...file.frames, new Uint8Array(1)] }),
    /bytes follow its end/,
  ],
];

function withFinalBit(frame: Uint8Array = new Uint8Array(4)): Uint8Array {
  const copy = new Uint8Array(frame);
  copy[0] = (copy[0] ?? 0) ^ 0x80;
  return copy;
}

await group("recording's file", {}, (test) => {
  for (const cipher of ["aes-256-gcm", "chacha20-poly1305"] as const) {
    test(`what was sealed with ${cipher} opens with the edge's key and with the audit key`, async () => {
      const file = bytesOf(await record(words, cipher));
      assert.equal(await textsOf(file), words);
      const edgeSide = await openRecording(
        suite,
        pieces(file),
        "edge",
        edgeKeys.privateKey,
        "refused",
      );
      assert.is((await all(edgeSide.chunks)).length, 4);
      assert.is(edgeSide.header.person, person);
    });
  }

  test("another key opens nothing", async () => {
    const file = bytesOf(await record(words));
    const open = (to: "edge" | "audit", key: Uint8Array) =>
      openRecording(suite, pieces(file), to, key, "refused");
    await refusal(() => open("audit", edgeKeys.privateKey), "recording_damaged");
    await refusal(() => open("edge", auditKeys.privateKey), "recording_damaged");
    await refusal(() => open("audit", suite.randomBytes(32)), "recording_damaged");
  });

  for (const [note, attack, why] of attacks) {
    test(`${note} is found`, async () => {
      const file = bytesOf(attack(await record(words)));
      assert.match(await refusal(() => textsOf(file), "recording_damaged"), why);
    });
  }

  test("a chunk of another recording does not open in this one", async () => {
    const [mine, other] = [await record(words), await record(words)];
    const frames = mine.frames.with(1, other.frames[1] ?? new Uint8Array());
    const mixed = bytesOf({ ...mine, frames });
    assert.match(await refusal(() => textsOf(mixed), "recording_damaged"), /chunk 1 does not open/);
  });

  test("the header of another recording opens nothing here", async () => {
    const [mine, other] = [await record(words), await record(words)];
    const swapped = bytesOf({ preamble: other.preamble, frames: mine.frames });
    assert.match(
      await refusal(() => textsOf(swapped), "recording_damaged"),
      /chunk 0 does not open/,
    );
  });

  test("every single byte changed is found", async () => {
    const file = bytesOf(await record(["a", "b"]));
    for (let at = 0; at < file.length; at += 1) {
      await refusal(() => textsOf(flipped(file, at)), "recording_damaged");
    }
  });

  test("every cut is found, and what comes before it opens if a torn end is allowed", async () => {
    const file = await record(words);
    const whole = bytesOf(file);
    const ends = file.frames.map(
      (_, index) => file.preamble.length + concatBytes(...file.frames.slice(0, index + 1)).length,
    );
    for (let length = file.preamble.length; length < whole.length; length += 1) {
      const cut = whole.subarray(0, length);
      await refusal(() => textsOf(cut), "recording_damaged");
      const sound = ends.filter((end) => end <= length).length;
      assert.equal(await textsOf(cut, "allowed"), words.slice(0, sound));
    }
  });

  test("frames can be counted without any key", async () => {
    const { header, frames } = await readFrames(pieces(bytesOf(await record(words)), 1), "refused");
    const seen = await all(frames);
    assert.equal(
      seen.map(({ final }) => final),
      [false, false, false, true],
    );
    assert.is(header.target, target);
    assert.equal(
      header.keys.map(({ to }) => to),
      ["edge", "audit"],
    );
  });

  const room = maxChunkBytes - recordHeaderBytes;
  for (const bytes of [0, 1, room - 1, room, room + 1, 2 * room, 2 * room + 1]) {
    test(`${bytes} bytes of data fill as many chunks as they need`, () => {
      const buffer = new ChunkBuffer();
      const data = suite.randomBytes(bytes);
      const chunks: Uint8Array[] = [];
      for (let offset = 0; offset < bytes;) {
        const taken = buffer.addData("to-device", 5, data, offset);
        if (taken === 0) chunks.push(buffer.take().slice());
        offset += taken;
      }
      chunks.push(buffer.take().slice());
      assert.is(chunks.length, Math.max(1, Math.ceil(bytes / room)));
      const records = chunks.flatMap((chunk) => [...readRecords(chunk)]);
      const parts = records.map((item) => ("direction" in item ? item.bytes : new Uint8Array()));
      assert.equal(concatBytes(...parts), data);
    });
  }

  const malformed: readonly [note: string, plaintext: Uint8Array][] = [
    ["a record's header cut", Uint8Array.of(1, 0, 0)],
    ["a record's bytes cut", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 2, 65)],
    ["an unknown type", Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 0)],
    ["type 0", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0)],
    ["an event without a name", eventRecord('{"details":{}}')],
  ];
  for (const [note, plaintext] of malformed) {
    test(`a chunk with ${note} is refused`, async () => {
      await refusal(() => [...readRecords(plaintext)], "recording_damaged");
    });
  }

  test("an event keeps name, details and time", () => {
    const buffer = new ChunkBuffer();
    const atUs = 2 ** 40 + 3;
    assert.ok(buffer.addEvent(atUs, encodeEvent("resize", { columns: 80, rows: 24 })));
    assert.equal(
      [...readRecords(buffer.take())],
      [{ atUs, event: "resize", details: { columns: 80, rows: 24 } }],
    );
  });

  test("an event that is too long or has no strict JSON is refused", async () => {
    await refusal(() => encodeEvent("x", { text: "y".repeat(20_000) }), "message_invalid");
    await refusal(() => encodeEvent("x", { text: "\ud800" }), "json_invalid");
  });
});

function eventRecord(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return concatBytes(Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0, bytes.length), bytes);
}
