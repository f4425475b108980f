// The worked examples of shared/protocol.md, "Record": our code makes these very bytes, and node:crypto alone reads them by the words there.
import { createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { concatBytes, toBase64Url } from "../../../shared/bytes.ts";
import { createNodeCrypto } from "../../../shared/crypto/node.ts";
import type { DocumentHash, EdgeId, PersonId, SiteId, TargetId } from "../../../shared/ids.ts";
import {
  emptyHead,
  encodeEntry,
  nextEntry,
  prepareEntry,
  readEntry,
} from "../../../shared/record/journal-entry.ts";
import { startRecording } from "../../../shared/record/recording-file.ts";
import { ChunkBuffer, encodeEvent } from "../../../shared/record/recording-records.ts";
import { group } from "../../support/group.ts";

const fives = createNodeCrypto((length) => new Uint8Array(length).fill(5));
const page = readFileSync(join(import.meta.dirname, "../../../shared/protocol.md"), "utf8");
const wallMs = 1_795_420_800_000;

/** The values under a word in a section's worked example. */
function worked(section: string, word: string): string[] {
  const text = page.split(`### ${section}\n`)[1]?.split("\n#")[0] ?? "";
  return [...text.matchAll(new RegExp(`^    ${word} +(\\S.*)$`, "gm"))].map(
    ([, value = ""]) => value,
  );
}

const one = (word: string): string => worked("Worked recording", word)[0] ?? "";
const hex = (word: string): Buffer => Buffer.from(one(word), "hex");
const id = (byte: number): string => toBase64Url(new Uint8Array(32).fill(byte));

function lengthPrefixed(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const sha256 = (...parts: Buffer[]): string =>
  createHash("sha256").update(Buffer.concat(parts)).digest("base64url");

await group("the protocol's record", {}, (test) => {
  test("the journal's hashes follow from the words", () => {
    const lines = worked("Worked journal", "line");
    const hashes = worked("Worked journal", "hash");
    assert.is(lines.length, 2);
    assert.is(emptyHead, sha256(Buffer.from("sallyport journal v1")));
    lines.forEach((line, index) => {
      const { header, salt, details } = JSON.parse(line);
      const text = JSON.stringify(header);
      const hash = sha256(lengthPrefixed("sallyport journal entry v1"), lengthPrefixed(text));
      assert.is(hash, hashes[index]);
      assert.is(header.previous, hashes[index - 1] ?? emptyHead);
      if (details === undefined) return;
      const parts = [
        "sallyport journal details v1",
        Buffer.from(salt, "base64url"),
        JSON.stringify(details),
      ];
      assert.is(header.details, sha256(...parts.map(lengthPrefixed)));
    });
  });

  test("our journal writes these lines and reads them", async () => {
    const at = { wallMs, monotonicMs: 81_250, bootId: "6f9c1f7e-3b0a-4c55-9d0e-2f1f6f6a7b11" };
    const said = [
      await prepareEntry(fives, "journal-started", {}),
      await prepareEntry(fives, "session-ended", { session: "s1" }, { reason: "grant-ended" }),
    ];
    let point = { length: 0, head: emptyHead as string };
    for (const [index, line] of worked("Worked journal", "line").entries()) {
      const prepared = said[index];
      assert.ok(prepared);
      assert.is(encodeEntry(await nextEntry(fives, point, at, prepared)), line);
      point = (await readEntry(fives, line, point)).next;
    }
    assert.is(point.head, worked("Worked journal", "hash")[1]);
  });

  test("the recording opens by the words", () => {
    const header = one("header");
    const preamble = Buffer.concat([
      Buffer.from("sallyport-recording-1\n"),
      lengthPrefixed(header),
    ]);
    const salt = createHash("sha256").update(preamble).digest();
    assert.equal(salt, hex("salt"));
    const key = Buffer.from(
      hkdfSync("sha256", hex("file key"), salt, "sallyport recording v1 chunks", 32),
    );
    assert.equal(key, hex("chunk key"));
    for (const number of [0, 1]) {
      const frame = hex(`frame ${number}`);
      const nonce = Buffer.alloc(12);
      nonce[10] = number;
      nonce[11] = number;
      assert.is(frame.readUInt32BE() % 2 ** 31, frame.length - 4);
      assert.is(frame.readUInt32BE() >= 2 ** 31, number === 1);
      const opener = createDecipheriv("aes-256-gcm", key, nonce);
      opener.setAuthTag(frame.subarray(-16));
      const plaintext = Buffer.concat([opener.update(frame.subarray(4, -16)), opener.final()]);
      assert.equal(plaintext, hex(`plaintext ${number}`));
    }
    assert.is(one("file hash"), sha256(preamble, hex("frame 0"), hex("frame 1")));
  });

  test("our recorder makes this very file", async () => {
    const audit = await fives.xwingKeyPair(new Uint8Array(32).fill(2));
    const { preamble, sealer } = await startRecording(
      fives,
      {
        site: id(3) as SiteId,
        edge: id(4) as EdgeId,
        session: "s1",
        target: "plc" as TargetId,
        person: "vera" as PersonId,
        grant: id(6) as DocumentHash,
        kind: "tcp",
        title: null,
        columns: null,
        rows: null,
        startedMs: wallMs,
        journalLength: 2,
        cipher: "aes-256-gcm",
      },
      { audit: audit.publicKey },
    );
    const buffer = new ChunkBuffer();
    buffer.addData("to-device", 1500, Buffer.from("read"), 0);
    buffer.addEvent(2000, encodeEvent("exit", { code: 0 }));
    const first = sealer.seal(buffer.take(), false);
    buffer.addData("from-device", 3000, Uint8Array.of(1, 2), 0);
    const file = concatBytes(preamble, ...first, ...sealer.seal(buffer.take(), true));
    assert.is(toBase64Url(await fives.sha256(file)), one("file hash"));
  });
});
