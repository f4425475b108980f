// Random streams of an RFB server: however they are cut, wherever somebody joins, everybody sees the same picture; whatever is corrupted, nothing is held
// that nobody asked for. noVNC's own decoders are the twin.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { concatBytes } from "../../shared/bytes.ts";
import { SallyportError } from "../../shared/errors.ts";
import { ServerStream } from "../../edge/targets/rfb/server-stream.ts";
import { openNoVncViewer, type NoVncViewer } from "../naive-twin/novnc-viewer.ts";
import { group } from "../support/group.ts";
import {
  cutText,
  rectangle,
  ScreenWriter,
  u16,
  u32,
  update,
  type Draw,
} from "../support/screen-writer.ts";

interface Written {
  readonly width: number;
  readonly height: number;
  /** Whole messages, and what a vendor without the clipboard gets of each. */
  readonly messages: { readonly bytes: Uint8Array; readonly isPassed: boolean }[];
}

/** Mulberry32. */
function drawFrom(seed: number): Draw {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

// After a reset in mid-stream noVNC 1.7's own zlib has no window any more, and fails at the next distance that leaves a rectangle: no viewer compares those.
function writeStream(seed: number, count: number, largest: number, mayReset = false): Written {
  const draw = drawFrom(seed);
  const writer = new ScreenWriter(draw);
  const size = (): [number, number] => [1 + draw(largest), 1 + draw(largest)];
  const [width, height] = size();
  let [nowWidth, nowHeight] = [width, height];
  const place = (): [number, number, number, number] => {
    const [x, y] = [draw(nowWidth), draw(nowHeight)];
    return [x, y, 1 + draw(nowWidth - x), 1 + draw(nowHeight - y)];
  };
  const rectangles: readonly (() => Uint8Array)[] = [
    () => writer.raw(place()),
    () => {
      const [x, y, wide, high] = place();
      const from = [draw(nowWidth - wide + 1), draw(nowHeight - high + 1)] as const;
      return writer.copyRect([x, y, wide, high], ...from);
    },
    () => writer.rre(place()),
    () => writer.hextile(place()),
    () => writer.tightFill(place()),
    () => writer.tight(place(), draw(4), draw(3), draw(8) === 0 && mayReset),
    () => writer.tight(place(), draw(4), draw(3), draw(8) === 0 && mayReset),
    () => writer.tight(place(), draw(4), draw(3), draw(8) === 0 && mayReset),
    () => writer.zrle(place()),
    () => writer.zrle(place()),
    () => {
      const [wide, high] = [draw(20), draw(20)];
      const bytes = wide * high * 4 + Math.ceil(wide / 8) * high;
      const shape = Uint8Array.from({ length: bytes }, () => draw(256));
      return rectangle([0, 0, wide, high], -239, shape);
    },
    () => rectangle([0, 0, 0, 0], -307, u32(4), Buffer.from("name")),
    () => {
      if (draw(3) > 0) return rectangle([0, 0, 0, 0], -316);
      [nowWidth, nowHeight] = size();
      if (draw(2) === 0) return rectangle([0, 0, nowWidth, nowHeight], -223);
      const screens = [Uint8Array.of(2, 0, 0, 0), new Uint8Array(32)];
      return rectangle([draw(3), 0, nowWidth, nowHeight], -308, ...screens);
    },
  ];
  const messages: { bytes: Uint8Array; isPassed: boolean }[] = [];
  const kept = (bytes: Uint8Array, isPassed = true): void =>
    void messages.push({ bytes, isPassed });
  for (let index = 0; index < count; index += 1) {
    const kind = draw(10);
    if (kind === 0) kept(Uint8Array.of(2));
    else if (kind === 1) kept(cutText("secret".repeat(draw(40))), false);
    else if (kind === 2)
      kept(concatBytes(Uint8Array.of(248, 0, 0, 0), u32(3), Uint8Array.of(3, 1, 2, 3)));
    else if (kind === 3)
      kept(concatBytes(Uint8Array.of(1, 0, 0, 0), u16(2), new Uint8Array(12)), false);
    else {
      const several = Array.from({ length: 1 + draw(4) }, () =>
        (rectangles[draw(rectangles.length)] as () => Uint8Array)(),
      );
      if (draw(2) === 0) kept(update(several));
      else kept(update([...several, rectangle([0, 0, 0, 0], -224)], 0xffff));
    }
  }
  return { width, height, messages };
}

/** A stream with what it passes on. */
function openStream(
  { width, height }: Written,
  onMessageEnd: (stream: ServerStream) => void = () => undefined,
) {
  const passed: Uint8Array[] = [];
  const stream: ServerStream = new ServerStream({
    width,
    height,
    name: "press",
    onPass: (bytes) => void passed.push(new Uint8Array(bytes)),
    onMessageEnd: () => onMessageEnd(stream),
    mayCutText: () => false,
    onCutText: () => undefined,
    onResize: () => undefined,
  });
  const feed = (bytes: Uint8Array): void => {
    if (!stream.feed(bytes)) while (!stream.goOn());
  };
  return { stream, feed, passed };
}

/** What a fresh viewer would be drawn; the pixels are at its end but for the pointer. */
function pictureOf(keyframe: Uint8Array | undefined): string {
  assert(keyframe);
  return Buffer.from(keyframe).toString("base64");
}

function sees(viewer: NoVncViewer) {
  const { width, height, pointer, colours } = viewer;
  return { width, height, pointer, colours: Buffer.from(colours).toString("base64") };
}

async function joined(keyframe: Uint8Array | undefined, rest: Uint8Array): Promise<NoVncViewer> {
  assert(keyframe);
  const viewer = await openNoVncViewer("fresh");
  viewer.feed(keyframe);
  viewer.feed(rest);
  return viewer;
}

await group("rfb stream", { timeoutMs: 120_000 }, (test) => {
  test("the vendor, the edge, and who joins after any message see the same", async () => {
    const seeds = fc.record({
      seed: fc.integer(),
      largest: fc.constantFrom(3, 40, 90, 300),
      joinsAfter: fc.nat(30),
      chunk: fc.integer({ min: 1, max: 5000 }),
    });
    await fc.assert(
      fc.asyncProperty(seeds, async ({ seed, largest, joinsAfter, chunk }) => {
        const written = writeStream(seed, 30, largest);
        const { stream, feed, passed } = openStream(written);
        let keyframe: Uint8Array | undefined;
        let from = 0;
        for (const [index, { bytes }] of written.messages.entries()) {
          for (let at = 0; at < bytes.length; at += chunk) feed(bytes.subarray(at, at + chunk));
          if (index === joinsAfter) {
            keyframe = stream.keyframe();
            from = passed.length;
          }
        }
        const { width, height, messages } = written;
        const vendor = await openNoVncViewer({ width, height });
        const expected = messages.filter(({ isPassed }) => isPassed).map(({ bytes }) => bytes);
        assert(Buffer.concat(passed).equals(Buffer.concat(expected)));
        vendor.feed(concatBytes(...passed));
        if (keyframe !== undefined) {
          const viewer = await joined(keyframe, concatBytes(...passed.slice(from)));
          assert(isDeepStrictEqual(sees(viewer), sees(vendor)), "who joined");
        }
        const last = await joined(stream.keyframe(), new Uint8Array(0));
        assert(isDeepStrictEqual(sees(last), sees(vendor)), "the edge");
      }),
      { numRuns: 100, includeErrorInReport: true },
    );
  });

  test("streams that are reset in the middle come to the same picture", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const pictures: Uint8Array[] = [];
        for (const mayReset of [true, false]) {
          const written = writeStream(seed, 60, 90, mayReset);
          const { stream, feed } = openStream(written);
          for (const { bytes } of written.messages) feed(bytes);
          pictures.push((await joined(stream.keyframe(), new Uint8Array(0))).colours);
        }
        const [reset, plain] = pictures;
        assert(reset !== undefined && plain !== undefined && Buffer.from(reset).equals(plain));
      }),
      { numRuns: 50, includeErrorInReport: true },
    );
  });

  test("a stream that is cut anywhere comes to the same", () => {
    for (const seed of [1, 2, 3, 4]) {
      const written = writeStream(seed, 14, 24);
      const whole = concatBytes(...written.messages.map(({ bytes }) => bytes));
      const { stream, feed, passed } = openStream(written);
      feed(whole);
      const expected = Buffer.concat(passed);
      const keyframe = pictureOf(stream.keyframe());
      for (let cut = 1; cut < whole.length; cut += 1) {
        const second = openStream(written);
        second.feed(whole.subarray(0, cut));
        second.feed(whole.subarray(cut));
        assert(Buffer.concat(second.passed).equals(expected), `seed ${seed}, cut at ${cut}`);
        assert(pictureOf(second.stream.keyframe()) === keyframe, `seed ${seed}, cut at ${cut}`);
      }
    }
  });

  test("a corrupted byte is refused or harmless: what goes on is a prefix, and no other error comes of it", () => {
    const written = writeStream(7, 20, 40);
    const whole = concatBytes(...written.messages.map(({ bytes }) => bytes));
    let refused = 0;
    for (let at = 0; at < whole.length; at += 1) {
      for (const flip of [0xff, 0x01, 0x80]) {
        const corrupted = new Uint8Array(whole);
        corrupted[at] = (corrupted[at] ?? 0) ^ flip;
        const { feed, passed } = openStream(written);
        try {
          feed(corrupted);
        } catch (thrown) {
          assert(
            thrown instanceof SallyportError && thrown.code === "device_refused",
            `byte ${at}`,
          );
          refused += 1;
        }
        assert(passed.reduce((sum, part) => sum + part.length, 0) <= whole.length);
      }
    }
    assert(refused > 100);
  });
});
