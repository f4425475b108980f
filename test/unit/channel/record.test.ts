// Records: what is sealed opens once, in order, in its own place, and in no other way.
import * as assert from "uvu/assert";
import { concatBytes } from "../../../shared/bytes.ts";
import type { RecordType, SealedRecord } from "../../../shared/channel/record.ts";
import { RecordOpener, RecordSealer, recordTypes } from "../../../shared/channel/record.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { recordCipherNames } from "../../../shared/crypto/suite.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";

const key = new Uint8Array(32).fill(5);
const sizes: readonly [contentBytes: number, recordBytes: number, note: string][] = [
  [0, 128 + 16, "an empty content is padded too"],
  [1, 128 + 16, "a key stroke"],
  [126, 128 + 16, "one less than a block with its type"],
  [127, 128 + 16, "exactly one block"],
  [128, 256 + 16, "one more"],
  [1022, 1024 + 16, "below the last padded length"],
  [1023, 1024 + 16, "the last padded length"],
  [1024, 1024 + 1 + 16, "the first unpadded one"],
  [65_535, 65_535 + 1 + 16, "one less than the longest"],
  [65_536, 65_536 + 1 + 16, "the longest"],
];

await group("records", {}, (test) => {
  for (const name of recordCipherNames) {
    const pair = () => ({
      sealer: new RecordSealer(nodeCrypto.recordCipher(name, key)),
      opener: new RecordOpener(nodeCrypto.recordCipher(name, key)),
    });

    for (const [contentBytes, recordBytes, note] of sizes) {
      test(`${name}: content of ${contentBytes} bytes: ${note}`, () => {
        const { sealer, opener } = pair();
        const content = nodeCrypto.randomBytes(contentBytes);
        const message = messageOf(sealer.seal(recordTypes.data, content));
        assert.is(message.length, recordBytes);
        const opened = opener.open(message);
        assert.is(opened.type, recordTypes.data);
        assert.equal(opened.content.toHex(), content.toHex());
      });
    }

    test(`${name}: content of 65537 bytes is not sealed`, () => {
      fails(() => pair().sealer.seal(recordTypes.data, new Uint8Array(65_537)), "frame_too_large");
    });

    test(`${name}: every type comes back, and content that ends in zeros keeps them`, () => {
      const { sealer, opener } = pair();
      for (const type of Object.values(recordTypes)) {
        const content = Uint8Array.of(1, 0, 0);
        const opened = opener.open(messageOf(sealer.seal(type, content)));
        assert.is(opened.type, type);
        assert.is(opened.content.toHex(), "010000");
      }
    });

    test(`${name}: a record that was changed in any byte, or cut anywhere, is refused`, () => {
      const message = messageOf(pair().sealer.seal(recordTypes.control, new Uint8Array(40)));
      for (let at = 0; at < message.length; at += 1) {
        const changed = message.slice();
        changed[at] = (changed[at] ?? 0) ^ 0x80;
        fails(() => pair().opener.open(changed), "record_invalid");
      }
      for (let length = 0; length < message.length; length += 1) {
        fails(() => pair().opener.open(message.subarray(0, length)), "record_invalid");
      }
      fails(() => pair().opener.open(concatBytes(message, Uint8Array.of(0))), "record_invalid");
    });

    test(`${name}: a record opens once, and not before its predecessor`, () => {
      const { sealer, opener } = pair();
      const first = messageOf(sealer.seal(recordTypes.data, Uint8Array.of(1)));
      const second = messageOf(sealer.seal(recordTypes.data, Uint8Array.of(2)));
      fails(() => pair().opener.open(second), "record_invalid");
      opener.open(first);
      fails(() => opener.open(first), "record_invalid");
    });

    test(`${name}: after the first failure nothing opens any more`, () => {
      const { sealer, opener } = pair();
      const first = messageOf(sealer.seal(recordTypes.data, Uint8Array.of(1)));
      fails(() => opener.open(new Uint8Array(144)), "record_invalid");
      fails(() => opener.open(first), "record_invalid");
    });

    test(`${name}: a record under another key is refused`, () => {
      const message = messageOf(pair().sealer.seal(recordTypes.data, Uint8Array.of(1)));
      const other = nodeCrypto.recordCipher(name, new Uint8Array(32).fill(6));
      fails(() => new RecordOpener(other).open(message), "record_invalid");
    });

    test(`${name}: sealed again under a new key it is another record with the same content`, () => {
      const { sealer } = pair();
      sealer.seal(recordTypes.data, Uint8Array.of(9));
      const content = nodeCrypto.randomBytes(3000);
      const record = sealer.seal(recordTypes.data, content);
      const freshKey = new Uint8Array(32).fill(8);
      const again = new RecordSealer(nodeCrypto.recordCipher(name, freshKey)).sealAgain(record);
      assert.not.equal(messageOf(again).toHex(), messageOf(record).toHex());
      const opener = new RecordOpener(nodeCrypto.recordCipher(name, freshKey));
      assert.equal(opener.open(messageOf(again)).content.toHex(), content.toHex());
    });

    for (const [type, note] of [
      [0, "a plaintext of zeros"],
      [8, "an unknown type"],
      [255, "an unknown type"],
    ] as const) {
      test(`${name}: ${note} (${type}) is refused under a good seal`, () => {
        const cipher = nodeCrypto.recordCipher(name, key);
        const sealed = concatBytes(
          ...cipher.seal(new Uint8Array(12), [new Uint8Array(8).fill(type)]),
        );
        fails(() => pair().opener.open(sealed), "record_invalid");
      });
    }
  }

  test("the content is copied: its buffer is free for reuse", () => {
    const sealer = new RecordSealer(nodeCrypto.recordCipher("aes-256-gcm", key));
    const opener = new RecordOpener(nodeCrypto.recordCipher("aes-256-gcm", key));
    for (const size of [10, 5000]) {
      const content = new Uint8Array(size).fill(1);
      const record = sealer.seal(recordTypes.data as RecordType, content);
      content.fill(2);
      assert.ok(opener.open(messageOf(record)).content.every((byte) => byte === 1));
    }
  });
});

function messageOf(record: SealedRecord): Uint8Array {
  return concatBytes(...record.parts);
}

function fails(act: () => unknown, code: string): void {
  assert.throws(act, (thrown: unknown) => thrown instanceof SallyportError && thrown.code === code);
}
