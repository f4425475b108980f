// What counts as a person's work on a WebSocket: messages, but no pongs and no heartbeat; in whatever parts the bytes come.
import * as assert from "uvu/assert";
import { ClientFrames } from "../../../edge/targets/http/client-frames.ts";
import { group } from "../../support/group.ts";

/** A masked frame (RFC 6455 §5.2). */
function frame(opcode: number, payload: string, mask = [1, 2, 3, 4]): Buffer {
  const bytes = Buffer.from(payload).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  const { length } = bytes;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.from(mask), bytes]);
}

function workIn(parts: readonly Uint8Array[]): number {
  let work = 0;
  const frames = new ClientFrames(() => {
    work += 1;
  });
  for (const part of parts) frames.feed(part);
  return work;
}

const text = 1;
const ping = 9;
const pong = 10;

await group("targets/http: client frames", {}, (test) => {
  for (const [note, parts, expected] of [
    ["a message", [frame(text, "start")], 1],
    ["an empty message", [frame(text, "")], 1],
    ["pings and pongs", [frame(ping, ""), frame(pong, "x"), frame(ping, "y")], 0],
    ["a heartbeat under new masks", [1, 2, 3].map((nr) => frame(text, "beat", [nr, 9, 9, 9])), 1],
    ["press and release", ["down", "up", "down", "up"].map((each) => frame(text, each)), 4],
    ["a long message, then another", [frame(text, "a".repeat(300)), frame(text, "b")], 2],
    ["one of 70,000 bytes, then another", [frame(2, "a".repeat(70_000)), frame(text, "b")], 2],
  ] as const) {
    test(`${note}: ${expected}, whole and byte by byte`, () => {
      const all = Buffer.concat(parts);
      assert.is(workIn([all]), expected);
      assert.is(workIn(Array.from(all, (byte) => Uint8Array.of(byte))), expected);
    });
  }
  test("every cut position gives the same", () => {
    const all = Buffer.concat([frame(text, "a"), frame(ping, "b"), frame(text, "c".repeat(200))]);
    for (let at = 0; at <= all.length; at += 1) {
      assert.is(workIn([all.subarray(0, at), all.subarray(at)]), 2, `cut at ${at}`);
    }
  });
});
