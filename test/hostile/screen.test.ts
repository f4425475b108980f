// Devices that attack through their screen: lengths without end, compression that explodes, work without bytes. Each is refused by name, or costs the edge no
// more than its bounds say; and it never has the processor for longer than a turn.
import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { concatBytes } from "../../shared/bytes.ts";
import { DeviceError } from "../../edge/targets/device-error.ts";
import { maxPixels, ServerStream } from "../../edge/targets/rfb/server-stream.ts";
import { group } from "../support/group.ts";
import {
  compactLength,
  cutText,
  rectangle,
  u16,
  u32,
  update,
  ZlibWriter,
} from "../support/screen-writer.ts";

const mostGrowthBytes = 64 * 1024 * 1024;
const ignored = (): undefined => undefined;

function openStream(width = 64, height = 64, onPass: (bytes: Uint8Array) => void = ignored) {
  const rest = { onMessageEnd: ignored, onCutText: ignored, onResize: ignored };
  return new ServerStream({
    width,
    height,
    name: "press",
    onPass,
    mayCutText: () => true,
    ...rest,
  });
}

/** Feeds all, turn by turn; answers how many turns it took. */
function feed(stream: ServerStream, bytes: Uint8Array): number {
  let turns = 1;
  if (stream.feed(bytes)) return turns;
  for (; !stream.goOn(); turns += 1);
  return turns + 1;
}

/** Memory of the process while `attack` runs, against before. */
function growthBytes(attack: (look: () => void) => void): number {
  const before = process.memoryUsage.rss();
  let most = before;
  attack(() => (most = Math.max(most, process.memoryUsage.rss())));
  return Math.max(most, process.memoryUsage.rss()) - before;
}

const bomb = deflateSync(new Uint8Array(50_000_000));
const whole = [0, 0, 64, 64] as const;
const endless = [0, 0, 0xffff, 0xffff] as const;
const tightHead = (control: number, ...more: number[]): Uint8Array =>
  Uint8Array.of(control, ...more);
const packed = (bytes: Uint8Array): Uint8Array => concatBytes(compactLength(bytes.length), bytes);

/** What is refused, and the words that tell why. */
const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["an unknown message", Uint8Array.of(7), /message 7/],
  ["power control, which nobody asked for", Uint8Array.of(250, 0, 1, 1), /message 250/],
  ["a raw rectangle without end", update([rectangle(endless, 0)]), /leaves 64x64/],
  ["a tight rectangle without end", update([rectangle(endless, 7)]), /leaves 64x64/],
  ["a rectangle one pixel out", update([rectangle([1, 0, 64, 64], 0)]), /leaves 64x64/],
  [
    "a copy from outside",
    update([rectangle([0, 0, 9, 9], 1, u16(60), u16(0))]),
    /source of a copy/,
  ],
  ["an encoding that was not asked for", update([rectangle(whole, 21)]), /encoding 21/],
  ["H.264", update([rectangle(whole, 50)]), /encoding 50/],
  ["the edge's own Zlib", update([rectangle(whole, 6)]), /encoding 6/],
  ["an empty rectangle of hextiles", update([rectangle([0, 0, 0, 9], 5)]), /empty/],
  ["clipboard of 2 GiB", cutText("", 2 ** 31 - 1), /clipboard of 2147483647/],
  ["extended clipboard", cutText("", 2 ** 32 - 8), /clipboard of 4294967288/],
  ["clipboard over 1 MiB", cutText("", 1024 * 1024 + 1), /clipboard of 1048577/],
  ["a name of 4 GiB", update([rectangle(whole, -307, u32(0xffffffff))]), /name of 4294967295/],
  ["a pointer without end", update([rectangle(endless, -239)]), /pointer of 65535/],
  ["a picture without end", update([rectangle(endless, -223)]), /65535x65535/],
  ["a picture of nothing", update([rectangle([0, 0, 0, 0], -223)]), /0x0/],
  ["a picture without end, by screens", update([rectangle(endless, -308, u32(0))]), /65535/],
  ["a fence of 65 bytes", Uint8Array.of(248, 0, 0, 0, 0, 0, 0, 0, 65), /fence of 65/],
  ["JPEG", update([rectangle(whole, 7, tightHead(0x90))]), /kind 9/],
  ["PNG", update([rectangle(whole, 7, tightHead(0xa0))]), /kind 10/],
  ["a filter that is none", update([rectangle(whole, 7, tightHead(0x40, 3))]), /filter 3/],
  ["a palette of one colour", update([rectangle(whole, 7, tightHead(0x40, 1, 0))]), /one colour/],
  [
    "a colour beyond its palette",
    update([
      rectangle(
        [0, 0, 3, 3],
        7,
        tightHead(0x40, 1, 2),
        new Uint8Array(9),
        Uint8Array.of(0, 1, 2, 3, 0, 0, 0, 0, 0),
      ),
    ]),
    /beyond its palette/,
  ],
  ["no compressed data", update([rectangle(whole, 7, tightHead(0, 0))]), /no bytes/],
  [
    "compressed data that explodes",
    update([rectangle(whole, 7, tightHead(0), packed(bomb))]),
    /goes on after/,
  ],
  [
    "compressed data that is too short",
    update([rectangle(whole, 7, tightHead(0), packed(new ZlibWriter().write(new Uint8Array(99))))]),
    /ends before/,
  ],
  [
    "data that is not compressed",
    update([rectangle(whole, 7, tightHead(0), packed(new Uint8Array(99)))]),
    /zlib says/,
  ],
  [
    "a stream that ends",
    update([rectangle(whole, 7, tightHead(0), packed(deflateSync(new Uint8Array(64 * 64 * 3))))]),
    /zlib says/,
  ],
  ["ZRLE that explodes", update([rectangle(whole, 16, u32(bomb.length), bomb)]), /goes on after/],
  [
    "a ZRLE tile of no kind",
    update([rectangle(whole, 16, u32(99), new ZlibWriter().write(Uint8Array.of(17, 0, 0)))]),
    /kind 17/,
  ],
  [
    "a run without end",
    update([
      rectangle(
        whole,
        16,
        u32(99),
        new ZlibWriter().write(Uint8Array.of(128, 0, 0, 0, ...new Uint8Array(99).fill(255))),
      ),
    ]),
    /run leaves/,
  ],
  [
    "a hextile without a colour",
    update([rectangle(whole, 5, Uint8Array.of(0))]),
    /without a colour/,
  ],
  [
    "a hextile that repeats a colour after a raw one, which viewers read in two ways",
    update([
      rectangle(
        [0, 0, 33, 1],
        5,
        Uint8Array.of(2, 1, 2, 3, 0, 1),
        new Uint8Array(64),
        Uint8Array.of(0),
      ),
    ]),
    /after a raw one/,
  ],
  ["a hextile with mask 31", update([rectangle(whole, 5, Uint8Array.of(31))]), /mask 31/],
  [
    "a hextile's part that leaves it",
    update([rectangle(whole, 5, Uint8Array.of(14, ...new Uint8Array(8), 1, 0xff, 0xff))]),
    /leaves its tile/,
  ],
  ["parts without end", update([rectangle(whole, 2, u32(0xffffffff), u32(0))]), /subrectangles/],
  [
    "a part that leaves its rectangle",
    update([rectangle(whole, 2, u32(1), u32(0), u32(0), u16(60), u16(0), u16(9), u16(1))]),
    /leaves its rectangle/,
  ],
];

await group("hostile screen", { timeoutMs: 120_000 }, (test) => {
  for (const [what, bytes, why] of refused) {
    test(`${what} is refused, and told in words without what is on the screen`, () => {
      const stream = openStream();
      const growth = growthBytes(() => {
        assert.throws(
          () => feed(stream, bytes),
          (thrown: unknown) => {
            assert(thrown instanceof DeviceError && thrown.code === "device_refused");
            assert.match(thrown.message, why);
            assert.equal(thrown.told, "its screen sends what the edge does not know");
            return true;
          },
        );
      });
      assert(growth < mostGrowthBytes, `${growth} bytes`);
    });
  }

  test("each refused twin's allowed one passes: the largest clipboard, name, fence and picture", () => {
    let passed = 0;
    const stream = openStream(64, 64, (bytes) => (passed += bytes.length));
    const messages = [
      cutText("x".repeat(1024 * 1024)),
      update([rectangle(whole, -307, u32(4096), new Uint8Array(4096))]),
      Uint8Array.of(248, 0, 0, 0, 0, 0, 0, 0, 64, ...new Uint8Array(64)),
      update([rectangle([0, 0, 512, 512], -239, new Uint8Array(512 * 512 * 4 + 64 * 512))]),
      update([rectangle([0, 0, 3840, maxPixels / 3840], -223)]),
    ];
    for (const bytes of messages) feed(stream, bytes);
    assert.equal(
      passed,
      messages.reduce((sum, { length }) => sum + length, 0),
    );
    assert(stream.keyframe());
  });

  test("an update that never ends grows nothing", () => {
    const stream = openStream(800, 600);
    const fill = rectangle([0, 0, 16, 16], 7, Uint8Array.of(0x80, 1, 2, 3));
    const piece = concatBytes(...Array.from({ length: 4096 }, () => fill));
    const growth = growthBytes((look) => {
      for (let updates = 0; updates < 12; updates += 1) {
        feed(stream, concatBytes(Uint8Array.of(0, 0), u16(0xffff)));
        for (let index = 0; index < 15; index += 1) feed(stream, piece);
        feed(stream, concatBytes(...Array.from({ length: 0xffff - 15 * 4096 }, () => fill)));
        look();
      }
    });
    assert(growth < mostGrowthBytes, `${growth} bytes`);
  });

  test("sizes that change without end grow no more than the largest picture", () => {
    const stream = openStream(800, 600);
    const sizes = [
      [3840, 2160],
      [1, 1],
      [2160, 3840],
      [16384, 506],
      [64, 64],
    ] as const;
    const piece = update(sizes.map(([width, height]) => rectangle([0, 0, width, height], -223)));
    let turns = 0;
    const growth = growthBytes((look) => {
      for (let index = 0; index < 60; index += 1) {
        turns += feed(stream, piece);
        look();
      }
    });
    assert(growth < mostGrowthBytes, `${growth} bytes`);
    assert(turns > 60 * 3, `${turns} turns`);
  });

  test("pictures that are filled without end leave the processor to others after each few", () => {
    const stream = openStream(1920, 1080);
    const fill = rectangle([0, 0, 1920, 1080], 7, Uint8Array.of(0x80, 1, 2, 3));
    const turns = feed(stream, update(Array.from({ length: 300 }, () => fill)));
    assert(turns >= 300, `${turns} turns`);
  });

  test("compression that says much with little leaves the processor to others in the middle of a rectangle", () => {
    const stream = openStream(3840, 2160);
    const data = new ZlibWriter().write(new Uint8Array(3840 * 2160 * 3));
    let turns = 0;
    const growth = growthBytes(() => {
      turns = feed(stream, update([rectangle([0, 0, 3840, 2160], 7, tightHead(0), packed(data))]));
    });
    assert(turns > 50, `${turns} turns`);
    assert(growth < mostGrowthBytes, `${growth} bytes`);
  });

  test("after a failure the stream is dead", () => {
    const stream = openStream();
    assert.throws(() => feed(stream, Uint8Array.of(7)));
    assert.throws(() => feed(stream, Uint8Array.of(2)), /failed/);
    assert.equal(stream.keyframe(), undefined);
  });
});
