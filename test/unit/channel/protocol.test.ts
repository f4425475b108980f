// The worked examples of shared/protocol.md ("The sealed channel"), read from the page itself: our code makes these very bytes, and the naive twin,
// which knows the page alone, makes them too.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { concatBytes, toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { uint64 } from "../../../shared/channel/fixed-bytes.ts";
import type { EpochKeys, HelloRequest } from "../../../shared/channel/handshake.ts";
import {
  answerHello,
  channelIdOf,
  finishHello,
  makeHello,
  refuseHello,
} from "../../../shared/channel/handshake.ts";
import { RecordOpener, RecordSealer, recordTypes } from "../../../shared/channel/record.ts";
import { createNodeCrypto, nodeCrypto } from "../../../shared/crypto/node.ts";
import type { CryptoSuite } from "../../../shared/crypto/suite.ts";
import type { EdgeId, SiteId } from "../../../shared/ids.ts";
import * as twin from "../../naive-twin/channel.ts";
import { group } from "../../support/group.ts";

const page = readFileSync(join(import.meta.dirname, "../../../shared/protocol.md"), "utf8");
const open = readExample("### Worked handshake", 0);
const resumed = readExample("### Worked resumption", 0);
const refused = readExample("### Worked resumption", 1);

const filled = (length: number, value: number) => Buffer.alloc(length, value);
const site = filled(32, 0x09);
const edgeSeed = filled(32, 0x03);
const edgePublicKey = Buffer.from((await nodeCrypto.ed25519KeyPair(edgeSeed)).publicKey);
const edgeId = twin.sha256(edgePublicKey);
const resize = utf8('{"type":"resize","columns":80,"rows":24}');
const typed = utf8("ls\n");

await group("the protocol's worked channel", {}, (test) => {
  test("our code makes the handshake of the page", async () => {
    const { hello, answer, keys } = await shake(0x11);
    assert.is(hello.toHex(), open["hello"]);
    assert.is(answer.toHex(), open["answer"]);
    sameKeys(keys, open);
    assert.is(keys.further.key.toHex(), open["further"]);
    assert.is(keys.further.id.toHex(), open["further id"]);
    assert.is(keys.resume.id.toHex(), open["resume id"]);
    assert.ok(page.includes(`channel           ${channelIdOf(keys)}`));
  });

  test("our code makes the records of the page, and opens them", async () => {
    const { keys } = await shake(0x11);
    const vendor = sealer(keys.vendorToEdge);
    const edge = sealer(keys.edgeToVendor);
    assert.is(vendor(recordTypes.control, resize), open["control"]);
    assert.is(vendor(recordTypes.data, typed), open["data"]);
    assert.is(edge(recordTypes.ack, uint64(2)), open["ack"]);
    const opener = new RecordOpener(nodeCrypto.recordCipher("aes-256-gcm", keys.vendorToEdge));
    assert.equal(new Uint8Array(opener.open(bytes(open, "control")).content), resize);
    assert.equal(new Uint8Array(opener.open(bytes(open, "data")).content), typed);
  });

  test("our code makes the resumption of the page, and the refusal", async () => {
    const first = await shake(0x11);
    const second = await shake(0x31, {
      kind: "resume",
      channel: channelIdOf(first.keys),
      number: 1,
      psk: first.keys.resume,
    });
    assert.is(second.hello.toHex(), resumed["hello"]);
    assert.is(second.answer.toHex(), resumed["answer"]);
    sameKeys(second.keys, resumed);
    const vendor = sealer(second.keys.vendorToEdge);
    assert.is(sealer(second.keys.edgeToVendor)(recordTypes.have, uint64(1)), resumed["edge has"]);
    assert.is(vendor(recordTypes.have, uint64(0)), resumed["vendor has"]);
    assert.is(vendor(recordTypes.data, typed), resumed["data"]);
    const refusal = await refuseHello(nodeCrypto, edgeSeed, second.hello, "unknown");
    assert.is(refusal.toHex(), refused["unknown"]);
  });

  test("the naive twin makes the same hello, believes the answer and derives the same keys", async () => {
    const page_ = bytes(open, "hello");
    const hello = twin.writeHello({
      ...commonFields(0x12),
      kind: 1,
      publicKey: twin.publicKeyOf(page_),
    });
    assert.is(hello.toString("hex"), open["hello"]);
    const answer = bytes(open, "answer");
    const fields = twin.readAnswer(answer);
    assert.equal(
      [fields.version, fields.outcome, fields.suite, fields.nonce.toString("hex")],
      [1, 0, 1, "22".repeat(32)],
    );
    assert.is(twin.isSigned(hello, answer, edgePublicKey), true);
    const keys = await twin.deriveKeys(hello, answer, filled(32, 0x11));
    assert.is(keys.transcript.toString("hex"), open["transcript"]);
    assert.is(keys.vendorToEdge.toString("hex"), open["vendor to edge"]);
    assert.is(keys.edgeToVendor.toString("hex"), open["edge to vendor"]);
    assert.is(keys.resume.toString("hex"), open["resume"]);
    assert.is(twin.sha256(keys.resume).toString("hex"), open["resume id"]);
    assert.is(keys.further.toString("hex"), open["further"]);
    assert.is(twin.sha256(keys.further).toString("hex"), open["further id"]);
  });

  test("the naive twin makes the same records, and opens them", () => {
    const vendorKey = bytes(open, "vendor to edge");
    const edgeKey = bytes(open, "edge to vendor");
    assert.is(twin.sealRecord(vendorKey, 0, 6, resize).toString("hex"), open["control"]);
    assert.is(twin.sealRecord(vendorKey, 1, 1, typed).toString("hex"), open["data"]);
    assert.is(twin.sealRecord(edgeKey, 0, 2, uint64(2)).toString("hex"), open["ack"]);
    const opened = twin.openRecord(vendorKey, 1, bytes(open, "data"));
    assert.is(opened.type, 1);
    assert.is(opened.content.toString(), "ls\n");
  });

  test("the naive twin makes the same resumption, and believes the refusal", async () => {
    const keyId = twin.sha256(bytes(open, "resume"));
    const hello = twin.writeHello({
      ...commonFields(0x32),
      kind: 2,
      publicKey: twin.publicKeyOf(bytes(resumed, "hello")),
      channel: bytes(open, "transcript").subarray(0, 16),
      number: 1,
      keyId,
    });
    assert.is(hello.toString("hex"), resumed["hello"]);
    const answer = bytes(resumed, "answer");
    const keys = await twin.deriveKeys(hello, answer, filled(32, 0x31), bytes(open, "resume"));
    assert.is(keys.transcript.toString("hex"), resumed["transcript"]);
    assert.is(keys.vendorToEdge.toString("hex"), resumed["vendor to edge"]);
    assert.is(keys.resume.toString("hex"), resumed["resume"]);
    const has = twin.openRecord(keys.edgeToVendor, 0, bytes(resumed, "edge has"));
    assert.equal([has.type, has.content.toString("hex")], [3, "0000000000000001"]);
    assert.is(twin.sealRecord(keys.vendorToEdge, 1, 1, typed).toString("hex"), resumed["data"]);
    assert.is(twin.isSigned(hello, bytes(refused, "unknown"), edgePublicKey), true);
    assert.is(bytes(refused, "unknown")[1], 1);
  });

  for (const size of [0, 1, 127, 128, 1023, 1024, 65_536]) {
    test(`twin and code seal ${size} bytes alike, and open each other's`, () => {
      const key = nodeCrypto.randomBytes(32);
      const content = nodeCrypto.randomBytes(size);
      const ours = sealer(key)(recordTypes.data, content);
      assert.is(twin.sealRecord(Buffer.from(key), 0, 1, content).toString("hex"), ours);
    });
  }
});

/** Both sides with randomness that counts up from `first`, and from `first` + 16 on the edge. */
async function shake(first: number, standing?: HelloRequest["standing"]) {
  const vendor = counting(first);
  const edge = { id: toBase64Url(edgeId) as EdgeId, signingKey: edgePublicKey };
  const sent = await makeHello(vendor, {
    site: toBase64Url(site) as SiteId,
    edge: edge.id,
    purpose: "session",
    ...(standing && { standing }),
  });
  const suite = counting(first + 0x10);
  const answered = await answerHello(suite, edgeSeed, sent.bytes, "aes-256-gcm", standing?.psk);
  const result = await finishHello(vendor, edge, sent, answered.answer);
  if (result.outcome !== "accepted") throw new Error(`answered ${result.outcome}`);
  assert.equal(result.keys, answered.keys);
  return { hello: sent.bytes, answer: answered.answer, keys: result.keys };
}

/** A suite whose n-th random value is filled with first + n, and which prefers AES as the page does. */
function counting(first: number): CryptoSuite {
  let value = first;
  const suite = createNodeCrypto((length) => new Uint8Array(length).fill(value++));
  return { ...suite, ciphersByPreference: () => ["aes-256-gcm", "chacha20-poly1305"] };
}

function sealer(key: Uint8Array) {
  const seals = new RecordSealer(nodeCrypto.recordCipher("aes-256-gcm", key));
  return (type: (typeof recordTypes)[keyof typeof recordTypes], content: Uint8Array): string =>
    concatBytes(...seals.seal(type, content).parts).toHex();
}

function sameKeys(keys: EpochKeys, example: Readonly<Record<string, string>>): void {
  assert.is(keys.transcriptHash.toHex(), example["transcript"]);
  assert.is(keys.vendorToEdge.toHex(), example["vendor to edge"]);
  assert.is(keys.edgeToVendor.toHex(), example["edge to vendor"]);
  assert.is(keys.resume.key.toHex(), example["resume"]);
}

function commonFields(nonce: number) {
  return { suites: [1, 2], purpose: 1, site, edge: edgeId, nonce: filled(32, nonce) };
}

function bytes(example: Readonly<Record<string, string>>, name: string): Buffer {
  const hex = example[name];
  if (hex === undefined) throw new Error(`the page has no "${name}"`);
  return Buffer.from(hex, "hex");
}

/** The named hex values of the n-th block below a heading; a value may go on over lines. */
function readExample(heading: string, index: number): Readonly<Record<string, string>> {
  const section = page.slice(page.indexOf(heading));
  const block = [...section.matchAll(/```text\n([^`]*)```/g)][index]?.[1];
  if (block === undefined) throw new Error(`no example below "${heading}"`);
  const values: Record<string, string> = {};
  let name = "";
  for (const line of block.trimEnd().split("\n")) {
    const match = /^(\S.*?)? {2,}([0-9a-f]+)$/.exec(line);
    if (match === null) continue;
    name = match[1] ?? name;
    values[name] = (values[name] ?? "") + (match[2] ?? "");
  }
  return values;
}
