// Properties of the record's formats: what was written comes back, however the stream was cut, and a naive reader written from protocol.md agrees.
import * as fc from "fast-check";
import { createDecipheriv, createHash, hkdfSync } from "node:crypto";
import * as assert from "uvu/assert";
import { concatBytes, fromBase64Url } from "../../../shared/bytes.ts";
import { openFrom } from "../../../shared/crypto/hpke.ts";
import { ByteReader } from "../../../shared/record/byte-reader.ts";
import {
  emptyHead,
  encodeEntry,
  nextEntry,
  prepareEntry,
  readEntry,
} from "../../../shared/record/journal-entry.ts";
import { openRecording, startRecording } from "../../../shared/record/recording-file.ts";
import { ChunkBuffer, encodeEvent, readRecords } from "../../../shared/record/recording-records.ts";
import { searchLines } from "../../../shared/record/search-lines.ts";
import { listTar, tarEnd, tarHeader, tarPadding } from "../../../shared/record/tar.ts";
import { group } from "../../support/group.ts";
import { all, auditKeys, edge, edgeKeys, pieces, site, subject, suite } from "./record-world.ts";

const runs = { numRuns: 60 };
const bytes = fc.uint8Array({ maxLength: 2000 });
const direction = fc.constantFrom(
  "to-device" as const,
  "from-device" as const,
  "device-error" as const,
);
const microseconds = fc.maxSafeNat().map((value) => value % 2 ** 48);
const name = fc.stringMatching(/^[a-z0-9]{1,8}(\/[a-z0-9.]{1,8}){0,3}$/);

async function recordingOf(chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const { session, target, person, grant, kind } = subject;
  const facts = { site, edge, session, target, person, grant, kind, title: null };
  const { preamble, sealer } = await startRecording(
    suite,
    { ...facts, columns: null, rows: null, startedMs: 1, journalLength: 0, cipher: "aes-256-gcm" },
    { edge: edgeKeys.publicKey, audit: auditKeys.publicKey },
  );
  const frames = chunks.flatMap((chunk, number) =>
    sealer.seal(chunk, number === chunks.length - 1),
  );
  return concatBytes(preamble, ...frames);
}

/** Reads a recording from the words of protocol.md alone, with nothing but node:crypto and HPKE. */
async function naiveChunks(file: Uint8Array): Promise<Buffer[]> {
  const buffer = Buffer.from(file);
  const magic = "sallyport-recording-1\n";
  assert.is(buffer.toString("latin1", 0, magic.length), magic);
  const headerBytes = buffer.readUInt32BE(magic.length);
  const chunksAt = magic.length + 4 + headerBytes;
  const header = JSON.parse(buffer.toString("utf8", magic.length + 4, chunksAt));
  const field = (text: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const info = ["sallyport recording v1", header.site, header.edge, header.recording, "audit"];
  const key = header.keys.find((item: { to: string }) => item.to === "audit");
  const fileKey = await openFrom(suite, auditKeys.privateKey, Buffer.concat(info.map(field)), {
    encapsulation: fromBase64Url(key.encapsulation),
    ciphertext: fromBase64Url(key.ciphertext),
  });
  const salt = createHash("sha256").update(buffer.subarray(0, chunksAt)).digest();
  const chunkKey = hkdfSync("sha256", fileKey, salt, "sallyport recording v1 chunks", 32);
  const chunks: Buffer[] = [];
  let at = chunksAt;
  for (let final = false; !final;) {
    const word = buffer.readUInt32BE(at);
    final = word >= 2 ** 31;
    const end = at + 4 + (word % 2 ** 31);
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(chunks.length, 7);
    nonce[11] = final ? 1 : 0;
    const opener = createDecipheriv("aes-256-gcm", Buffer.from(chunkKey), nonce);
    opener.setAuthTag(buffer.subarray(end - 16, end));
    chunks.push(Buffer.concat([opener.update(buffer.subarray(at + 4, end - 16)), opener.final()]));
    at = end;
  }
  assert.is(at, buffer.length);
  return chunks;
}

await group("formats of the record", {}, (test) => {
  test("a byte reader gives the same bytes however its source is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat(300)),
        async (data, size, takes) => {
          const reader = new ByteReader(pieces(data, size));
          let at = 0;
          for (const length of takes) {
            const taken = await reader.take(length);
            if (at + length > data.length) {
              assert.is(taken, undefined);
              return;
            }
            assert.equal(taken, data.slice(at, at + length));
            at += length;
          }
        },
      ),
      runs,
    );
  });

  test("records come back as they were written", () => {
    const data = fc.record({ atUs: microseconds, direction, bytes });
    const event = fc.record({
      atUs: microseconds,
      event: fc.string({ unit: "grapheme" }),
      details: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.integer()),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(data, event), { maxLength: 20 }), (records) => {
        const buffer = new ChunkBuffer();
        for (const item of records) {
          if ("event" in item) buffer.addEvent(item.atUs, encodeEvent(item.event, item.details));
          else buffer.addData(item.direction, item.atUs, item.bytes, 0);
        }
        // Data of no bytes leaves no record.
        const expected = records.filter((item) => "event" in item || item.bytes.length > 0);
        assert.equal([...readRecords(buffer.take())].map(plain), expected.map(plain));
      }),
      runs,
    );
  });

  test("chunks open as they were sealed, and a naive reader of the same words agrees", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(bytes, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 5000 }),
        async (data, size) => {
          const chunks = data.map((part) => {
            const buffer = new ChunkBuffer();
            buffer.addData("to-device", 1, part, 0);
            return buffer.take().slice();
          });
          const file = await recordingOf(chunks);
          assert.equal(
            (await naiveChunks(file)).map((chunk) => new Uint8Array(chunk)),
            chunks,
          );
          const source = pieces(file, size);
          const opened = await openRecording(
            suite,
            source,
            "audit",
            auditKeys.privateKey,
            "refused",
          );
          const seen = await all(opened.chunks);
          assert.equal(
            seen.map(({ number }) => number),
            chunks.map((_, number) => number),
          );
          assert.equal(
            seen.flatMap(({ records }) => [...records].map(plain)),
            chunks.flatMap((chunk) => [...readRecords(chunk)].map(plain)),
          );
        },
      ),
      { numRuns: 15 },
    );
  });

  test("an entry's line comes back as the entry, whatever its details", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()),
        async (said) => {
          const text = JSON.stringify(said);
          // Strict JSON refuses this key, as envelope.test.ts shows.
          fc.pre(!text.includes("__proto__"));
          const value = JSON.parse(text) as Record<string, unknown>;
          const prepared = await prepareEntry(suite, "step-made", { target: "plc" }, value);
          const start = { length: 0, head: emptyHead };
          const at = { wallMs: 1, monotonicMs: 2, bootId: "b" };
          const entry = await nextEntry(suite, start, at, prepared);
          const { entry: again, next } = await readEntry(suite, encodeEntry(entry), start);
          assert.equal(again, entry);
          assert.equal(next, { length: 1, head: entry.hash });
        },
      ),
      runs,
    );
  });

  test("a tar lists what was put in, however the stream is cut", async () => {
    const files = fc.uniqueArray(fc.tuple(name, bytes), {
      selector: ([text]) => text,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 1000 }), async (entries, size) => {
        const blocks = entries.flatMap(([text, content]) => [
          tarHeader(text, content.length),
          content,
          tarPadding(content.length),
        ]);
        const tar = concatBytes(...blocks, tarEnd);
        const listed = await listTar(pieces(tar, size));
        assert.equal(
          listed.map(({ name: text, offset, length }) => [
            text,
            tar.slice(offset, offset + length),
          ]),
          entries,
        );
      }),
      runs,
    );
  });

  test("a line is found wherever its stream is cut into records, a character cut in two included", async () => {
    const text = "voltage of drive 7: 400 V\r\nüber­temperatur ÄÖ\r\nend\r\n";
    const data = Buffer.from(text);
    for (let cut = 0; cut <= data.length; cut += 1) {
      const parts = [data.subarray(0, cut), data.subarray(cut)];
      const records = parts.map((part) => ({
        atUs: 0,
        direction: "from-device" as const,
        bytes: part,
      }));
      const chunk = { number: 0, final: true, endsAt: 0, records };
      const found = await all(searchLines(one(chunk), "TEMPERATUR äö"));
      assert.is(found.length, 1, `cut at ${cut}`);
    }
  });

  test("a line without an end is searched in bounded pieces, and found across their border", async () => {
    const long = Buffer.from(`${"x".repeat(4090)}needle in it${"y".repeat(9000)}`);
    const records = [...Array(Math.ceil(long.length / 100)).keys()].map((index) => ({
      atUs: 0,
      direction: "to-device" as const,
      bytes: long.subarray(index * 100, index * 100 + 100),
    }));
    const found = await all(
      searchLines(one({ number: 0, final: true, endsAt: 0, records }), "needle in it"),
    );
    assert.ok(found.length >= 1);
  });
});

async function* one<Item>(item: Item): AsyncGenerator<Item> {
  yield item;
}

/** As JSON has it: without the difference between Buffer and Uint8Array, and without prototypes. */
function plain(item: object): unknown {
  const hex = "bytes" in item && { bytes: Buffer.from(item.bytes as Uint8Array).toString("hex") };
  return JSON.parse(JSON.stringify({ ...item, ...hex }));
}
