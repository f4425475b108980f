import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { SallyportError } from "../../../shared/errors.ts";
import type { FrameOpcode, FrameRole } from "../../../shared/frame.ts";
import { applyMask, encodeFrame, FrameDecoder } from "../../../shared/frame.ts";
import { group } from "../../support/group.ts";

const maxMessageBytes = 70_000;

interface Frame {
  readonly opcode: FrameOpcode;
  readonly payload: string;
}

// Feeds the pieces one after the other from memory that is used again, as a socket's read buffer is.
function decode(role: FrameRole, pieces: readonly Uint8Array[]): Frame[] {
  const decoder = new FrameDecoder(role, maxMessageBytes);
  const frames: Frame[] = [];
  // A Buffer, as of Node's sockets: its `slice` is a view and no copy.
  const buffer = Buffer.alloc(Math.max(0, ...pieces.map((piece) => piece.length)));
  for (const piece of pieces) {
    buffer.set(piece);
    decoder.feed(buffer.subarray(0, piece.length));
    for (let opcode = decoder.next(); opcode !== undefined; opcode = decoder.next()) {
      frames.push({ opcode, payload: Buffer.from(decoder.payload).toString("hex") });
    }
    decoder.hold();
    buffer.fill(0xee, 0, piece.length);
  }
  return frames;
}

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

function filled(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index * 31 + (index >> 8));
}

function codeOf(role: FrameRole, hex: string): string {
  try {
    decode(role, [bytes(hex)]);
  } catch (thrown) {
    return thrown instanceof SallyportError ? thrown.code : "no code";
  }
  return "taken";
}

// A deliberately naive twin: RFC 6455 §5.2 from the text, for whole streams of unfragmented frames with any mask.
function naiveDecode(stream: Uint8Array): Frame[] {
  const all = Buffer.from(stream);
  const frames: Frame[] = [];
  for (let at = 0; at < all.length;) {
    const second = all.readUInt8(at + 1);
    let length = second & 127;
    let start = at + 2;
    if (length === 126) [length, start] = [all.readUInt16BE(at + 2), at + 4];
    else if (length === 127) [length, start] = [Number(all.readBigUInt64BE(at + 2)), at + 10];
    const key = second & 128 ? all.subarray(start, (start += 4)) : Buffer.alloc(4);
    const payload = Buffer.from(all.subarray(start, start + length)).map(
      (byte, i) => byte ^ (key[i % 4] ?? 0),
    );
    frames.push({
      opcode: (all.readUInt8(at) & 15) as FrameOpcode,
      payload: Buffer.from(payload).toString("hex"),
    });
    at = start + length;
  }
  return frames;
}

await group("frame", {}, (test) => {
  const vectors: {
    note: string;
    role: FrameRole;
    hex: string;
    opcode: FrameOpcode;
    payload: string;
  }[] = [
    { note: "empty", role: "server", hex: "82 00", opcode: 2, payload: "" },
    { note: "one byte", role: "server", hex: "82 01 7f", opcode: 2, payload: "7f" },
    {
      note: "a client's, zero mask",
      role: "client",
      hex: "82 82 00000000 4869",
      opcode: 2,
      payload: "4869",
    },
    {
      note: "RFC 6455 §5.7: ping",
      role: "server",
      hex: "89 05 48656c6c6f",
      opcode: 9,
      payload: "48656c6c6f",
    },
    { note: "close 1000", role: "client", hex: "88 82 00000000 03e8", opcode: 8, payload: "03e8" },
  ];
  for (const { note, role, hex, opcode, payload } of vectors) {
    test(`§5.2 vector both ways: ${note}`, () => {
      const encoded = encodeFrame(opcode, bytes(payload), role);
      assert.equal(Buffer.from(encoded).toString("hex"), hex.replaceAll(" ", ""));
      const reader = role === "client" ? "server" : "client";
      assert.equal(decode(reader, [encoded]), [{ opcode, payload }]);
    });
  }

  test("§5.7: a masked frame of the RFC is unmasked", () => {
    const [frame] = decode("server", [bytes("8a 85 37fa213d 7f9f4d5158")]);
    assert.equal(frame, { opcode: 10, payload: "48656c6c6f" });
  });

  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, maxMessageBytes]) {
    test(`§5.2: a payload of ${length} bytes takes the shortest length form and comes back`, () => {
      const payload = filled(length);
      for (const role of ["client", "server"] as const) {
        const encoded = encodeFrame(2, payload, role);
        const header = (length < 126 ? 2 : length < 65_536 ? 4 : 10) + (role === "client" ? 4 : 0);
        assert.is(encoded.length, header + length);
        const reader = role === "client" ? "server" : "client";
        const [frame] = decode(reader, [encoded]);
        assert.is(frame?.payload, Buffer.from(payload).toString("hex"));
      }
    });
  }

  test("every cut position of a stream gives the same frames", () => {
    const stream = Buffer.concat([
      encodeFrame(2, filled(300), "client"),
      encodeFrame(9, filled(3), "client"),
      bytes("82 83 01020304 616263"),
      encodeFrame(2, filled(0), "client"),
      bytes("02 81 00000000 41  89 80 00000000  00 81 05060708 47  80 81 00000000 43"),
      encodeFrame(8, bytes("03e8"), "client"),
    ]);
    const whole = decode("server", [stream]);
    assert.is(whole.length, 7);
    assert.equal(whole[5], { opcode: 2, payload: "414243" });
    for (let cut = 0; cut <= stream.length; cut += 1) {
      assert.equal(
        decode("server", [stream.subarray(0, cut), stream.subarray(cut)]),
        whole,
        `cut at ${cut}`,
      );
    }
    assert.equal(
      decode(
        "server",
        Array.from(stream, (_, i) => stream.subarray(i, i + 1)),
      ),
      whole,
    );
  });

  test("property: any frames, any masks, any cuts: the same as the naive twin", () => {
    const frame = fc.record({
      opcode: fc.constantFrom(2, 2, 2, 9, 10),
      payload: fc.uint8Array({ maxLength: 125 }),
      key: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.nat()), (frames, cuts) => {
        const stream = Buffer.concat(
          frames.map(({ opcode, payload, key }) => {
            const masked = payload.slice();
            applyMask(masked, key);
            return Buffer.concat([
              Uint8Array.of(0x80 | opcode, 0x80 | payload.length),
              key,
              masked,
            ]);
          }),
        );
        const places = [
          ...new Set([0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length]),
        ].sort((a, b) => a - b);
        const pieces = places.slice(1).map((end, index) => stream.subarray(places[index], end));
        assert.equal(decode("server", pieces), naiveDecode(stream));
      }),
      { numRuns: 300 },
    );
  });

  test("property: the mask is the same at every alignment and length", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70 }),
        fc.nat(3),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        (text, shift, key) => {
          const memory = new Uint8Array(text.length + 8);
          memory.set(text, shift);
          applyMask(memory.subarray(shift, shift + text.length), key);
          const expected = text.map((byte, index) => byte ^ (key[index % 4] ?? 0));
          assert.equal(memory.slice(shift, shift + text.length), expected);
          assert.ok(
            memory.subarray(shift + text.length).every((byte) => byte === 0),
            "bytes behind are untouched",
          );
        },
      ),
    );
  });

  const refused: { note: string; role: FrameRole; hex: string; code: string }[] = [
    { note: "RSV1 (compression)", role: "client", hex: "c2", code: "frame_invalid" },
    { note: "RSV2", role: "client", hex: "a2", code: "frame_invalid" },
    { note: "RSV3", role: "client", hex: "92", code: "frame_invalid" },
    { note: "text", role: "client", hex: "81", code: "frame_invalid" },
    { note: "continuation of nothing", role: "client", hex: "80", code: "frame_invalid" },
    { note: "binary inside a message", role: "client", hex: "02 01 41 82", code: "frame_invalid" },
    { note: "unfinished empty frame", role: "client", hex: "02 00", code: "frame_invalid" },
    {
      note: "unfinished empty continuation",
      role: "client",
      hex: "02 01 41 00 00",
      code: "frame_invalid",
    },
    { note: "fragmented ping", role: "client", hex: "09", code: "frame_invalid" },
    { note: "ping of 126 bytes", role: "client", hex: "89 7e", code: "frame_invalid" },
    { note: "masked, from a server", role: "client", hex: "82 80", code: "frame_invalid" },
    { note: "unmasked, from a client", role: "server", hex: "82 00", code: "frame_invalid" },
    { note: "length 125 in two bytes", role: "client", hex: "82 7e 007d", code: "frame_invalid" },
    {
      note: "length 65535 in eight bytes",
      role: "client",
      hex: "82 7f 000000000000ffff",
      code: "frame_invalid",
    },
    { note: "length 2^63", role: "client", hex: "82 7f 8000000000000000", code: "frame_too_large" },
    {
      note: "one byte more than allowed",
      role: "client",
      hex: "82 7f 0000000000011171",
      code: "frame_too_large",
    },
    {
      note: "a message that grows beyond by fragments",
      role: "client",
      hex: "02 01 41 80 7f 0000000000011170",
      code: "frame_too_large",
    },
    {
      note: "exactly as much as allowed",
      role: "client",
      hex: "82 7f 0000000000011170",
      code: "taken",
    },
    {
      note: "a fragmented message, joined",
      role: "client",
      hex: "02 01 41 00 01 42 80 01 43",
      code: "taken",
    },
    { note: "ping of 125 bytes", role: "client", hex: `89 7d ${"00".repeat(125)}`, code: "taken" },
    { note: "length 126 in two bytes", role: "client", hex: "82 7e 007e", code: "taken" },
  ];
  for (const { note, role, hex, code } of refused) {
    test(`§5: ${code === "taken" ? "taken" : "refused"}: ${note}`, () =>
      assert.is(codeOf(role, hex), code));
  }
  for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
    test(`§5.2: refused: reserved opcode ${opcode}`, () => {
      assert.is(codeOf("client", (0x80 | opcode).toString(16)), "frame_invalid");
    });
  }

  test("a fault is sticky: nothing is read behind it", () => {
    const decoder = new FrameDecoder("client", 100);
    decoder.feed(bytes("81 00"));
    assert.throws(() => decoder.next());
    decoder.feed(bytes("82 00"));
    assert.throws(() => decoder.next());
  });

  test("every value of the first two bytes is either taken by the naive twin too, or refused", () => {
    for (let first = 0; first < 256; first += 1) {
      for (let second = 0; second < 256; second += 1) {
        const frame = Uint8Array.of(first, second);
        let outcome: string;
        try {
          outcome = decode("client", [frame]).length === 1 ? "whole" : "more";
        } catch {
          outcome = "refused";
        }
        const isFine = first === 0x82 || first === 0x88 || first === 0x89 || first === 0x8a;
        const isLengthFine = second < 128 && (first === 0x82 || second < 126);
        const isFragment = first === 0x02 && second > 0 && second < 128;
        const expected =
          isFine && isLengthFine
            ? second === 0
              ? "whole"
              : "more"
            : isFragment
              ? "more"
              : "refused";
        assert.is(outcome, expected, `${first.toString(16)} ${second.toString(16)}`);
      }
    }
  });
});
