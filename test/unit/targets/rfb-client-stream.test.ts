// What a viewer may say, without a device: every message allowed and refused, in pieces cut anywhere. What real devices see is in vnc.test.ts.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { noAbilities, type DeviceAbilities } from "../../../edge/targets/rfb/abilities.ts";
import {
  ClientStream,
  maxClipboardBytes,
  type ClientRights,
} from "../../../edge/targets/rfb/client-stream.ts";
import { setPixelFormat } from "../../../edge/targets/rfb/pixel-format.ts";
import {
  extendedPointerEvent,
  keyEvent,
  pointerEvent,
} from "../../../edge/targets/rfb/pressed-input.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";
import {
  cutText,
  setDesktopSize,
  setEncodings,
  updateRequest,
} from "../../support/screen-viewer.ts";

const greeting = Buffer.concat([Buffer.from("RFB 003.008\n"), Uint8Array.of(1, 1)]);
const everything: ClientRights = { control: true, clipboardIn: true, resize: true };
const onlyView: ClientRights = { control: false, clipboardIn: false, resize: false };
const able: DeviceAbilities = {
  fence: true,
  continuousUpdates: true,
  desktopSize: true,
  extendedMouseButtons: true,
};

interface Stream {
  readonly feed: (...pieces: readonly Uint8Array[]) => void;
  readonly client: ClientStream;
  readonly sent: Buffer[];
  readonly notes: string[];
  mayInput: boolean;
}

function stream(rights = everything, abilities: DeviceAbilities = able): Stream {
  const sent: Buffer[] = [];
  const notes: string[] = [];
  const client = new ClientStream({
    target: "Press 7",
    rights,
    abilities,
    mayInput: () => made.mayInput,
    toDevice: (message) => void sent.push(Buffer.from(message)),
    onInput: (event) => void notes.push(`input ${event[0]}`),
    onClipboard: (text) => void notes.push(`clipboard ${text.length}`),
    onResize: (width, height) => void notes.push(`resize ${width}x${height}`),
    onTouch: () => void notes.push("touch"),
  });
  const made: Stream = {
    client,
    sent,
    notes,
    mayInput: true,
    feed: (...pieces) => {
      for (const piece of pieces) client.feed(piece);
    },
  };
  return made;
}

function codeOf(act: () => void): string {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof SallyportError) return thrown.code;
    throw thrown;
  }
  return "taken";
}

const continuous = Uint8Array.of(150, 1, 0, 0, 0, 0, 3, 32, 2, 88);
const fence = Uint8Array.of(248, 0, 0, 0, 128, 0, 0, 0, 2, 7, 8);
const request = updateRequest(true, { width: 800, height: 600 });

/** Message, and what a device gets of it with all rights and with `view` alone. */
const messages: readonly (readonly [string, Uint8Array, Uint8Array | null, Uint8Array | null])[] = [
  ["SetPixelFormat", setPixelFormat, null, null],
  [
    "SetEncodings",
    setEncodings([16, 0, -26, -309, 7]),
    setEncodings([16, 0, 7]),
    setEncodings([16, 0, 7]),
  ],
  ["FramebufferUpdateRequest", request, request, request],
  ["KeyEvent", keyEvent(true, 0x61), keyEvent(true, 0x61), null],
  ["PointerEvent", pointerEvent(3, 1, 2), pointerEvent(3, 1, 2), null],
  [
    "PointerEvent, extended",
    extendedPointerEvent(0x181, 1, 2),
    extendedPointerEvent(0x181, 1, 2),
    null,
  ],
  ["ClientCutText", cutText("text"), cutText("text"), null],
  ["EnableContinuousUpdates", continuous, continuous, continuous],
  ["ClientFence", fence, fence, fence],
  ["SetDesktopSize", setDesktopSize(640, 480), setDesktopSize(640, 480), null],
];
const known = new Set(messages.map(([, message]) => message[0]));

const hex = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString("hex");

await group("targets/rfb-client-stream", { timeoutMs: 30_000 }, (test) => {
  for (const [name, message, withAll, withView] of messages) {
    test(`${name} with all rights, and with the right to see`, () => {
      for (const [rights, expected] of [
        [everything, withAll],
        [onlyView, withView],
      ] as const) {
        const { feed, sent } = stream(rights);
        feed(greeting, message);
        assert.is(hex(sent), hex(expected === null ? [] : [expected]));
      }
    });
  }
  test("each of the other 247 messages ends the stream, whatever the rights", () => {
    for (let type = 0; type < 256; type += 1) {
      if (known.has(type)) continue;
      const { feed, sent } = stream();
      assert.is(
        codeOf(() => feed(greeting, Uint8Array.of(type))),
        "message_invalid",
        `${type}`,
      );
      assert.is(sent.length, 0);
    }
  });
  test("a device is sent nothing that it has not shown to know", () => {
    const { feed, sent } = stream(everything, noAbilities());
    feed(greeting, continuous, fence, setDesktopSize(640, 480), pointerEvent(1, 1, 2));
    assert.is(hex(sent), hex([pointerEvent(1, 1, 2)]));
  });
  test("an eighth button that the device would not read as such is taken off, so that lengths agree", () => {
    const { feed, sent } = stream(everything, noAbilities());
    feed(greeting, Uint8Array.of(5, 0x81, 0, 1, 0, 2), request);
    assert.is(hex(sent), hex([pointerEvent(1, 1, 2), request]));
  });
  test("each right by itself", () => {
    const rows: readonly (readonly [ClientRights, string])[] = [
      [{ control: true, clipboardIn: false, resize: false }, "4 5"],
      [{ control: true, clipboardIn: true, resize: false }, "4 5 6"],
      [{ control: true, clipboardIn: false, resize: true }, "4 5 251"],
    ];
    for (const [rights, expected] of rows) {
      const { feed, sent } = stream(rights);
      feed(greeting, keyEvent(true, 1), pointerEvent(1, 1, 1), cutText("x"), setDesktopSize(9, 9));
      assert.is(sent.map(([type]) => type).join(" "), expected);
    }
  });
  test("viewers of another version, with another security type, or without a greeting are refused", () => {
    for (const early of ["RFB 003.003\n", "RFB 003.007\n", "GET / HTTP/1.1\r\n\r\n"]) {
      assert.is(
        codeOf(() => stream().feed(Buffer.from(early))),
        "message_invalid",
      );
    }
    const other = Buffer.concat([Buffer.from("RFB 003.008\n"), Uint8Array.of(2)]);
    assert.is(
      codeOf(() => stream().feed(other)),
      "message_invalid",
    );
  });
  test("a clipboard at the bound goes on, one above is passed over to the byte, and neither is kept", () => {
    for (const [length, isPassed] of [
      [maxClipboardBytes, true],
      [maxClipboardBytes + 1, false],
    ] as const) {
      const { feed, sent, notes } = stream();
      feed(greeting, cutText("x".repeat(length)), request);
      assert.equal(notes, isPassed ? ["touch", `clipboard ${length}`] : ["touch"]);
      assert.is(sent.length, isPassed ? 2 : 1);
      assert.is(hex(sent.slice(-1)), hex([request]));
    }
  });
  test("a clipboard of 2 GB costs no memory", () => {
    const { feed } = stream();
    feed(greeting, Uint8Array.of(6, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff));
    const before = process.memoryUsage().arrayBuffers;
    const piece = Buffer.alloc(1024 * 1024);
    for (let count = 0; count < 512; count += 1) feed(piece);
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024);
  });
  test("a size that no picture may have is not asked for", () => {
    const { feed, sent } = stream();
    feed(greeting, setDesktopSize(0, 480), setDesktopSize(65_535, 65_535));
    assert.is(sent.length, 0);
  });
  test("without a watcher nothing passes but the letting go of what is held", () => {
    const made = stream();
    made.feed(greeting, keyEvent(true, 0x61), pointerEvent(5, 7, 8));
    made.sent.length = 0;
    made.mayInput = false;
    made.feed(keyEvent(true, 0x62), cutText("x"), setDesktopSize(9, 9), request);
    assert.is(hex(made.sent), hex([keyEvent(false, 0x61), pointerEvent(0, 7, 8), request]));
    assert.is(made.client.isPressing, false);
    made.sent.length = 0;
    made.mayInput = true;
    // Both still held by the vendor, as repeated keys and a drag tell: they go down again only after he let go.
    made.feed(keyEvent(true, 0x61), keyEvent(true, 0x62), pointerEvent(5, 9, 9));
    assert.is(hex(made.sent), hex([pointerEvent(0, 9, 9)]));
    made.sent.length = 0;
    made.feed(
      keyEvent(false, 0x61),
      keyEvent(true, 0x61),
      pointerEvent(1, 9, 9),
      pointerEvent(0, 9, 9),
    );
    made.feed(pointerEvent(4, 9, 9));
    const after = [keyEvent(false, 0x61), keyEvent(true, 0x61), pointerEvent(0, 9, 9)];
    assert.is(hex(made.sent), hex([...after, pointerEvent(0, 9, 9), pointerEvent(4, 9, 9)]));
  });
  test("more keys than fingers do not go down, and all that did come up again", () => {
    const { feed, sent, client } = stream();
    feed(greeting);
    for (let keysym = 1; keysym <= 1000; keysym += 1) feed(keyEvent(true, keysym));
    const down = sent.length;
    assert.ok(down >= 10 && down <= 100, `${down} keys`);
    client.release();
    assert.is(sent.length, 2 * down);
  });
  test("property: however the bytes are cut, a device gets the same", () => {
    const choice = fc.array(fc.constantFrom(...messages.map(([, message]) => message)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(choice, fc.array(fc.nat(40), { maxLength: 80 }), (chosen, cuts) => {
        const bytes = Buffer.concat([greeting, ...chosen]);
        const whole = stream();
        whole.feed(bytes);
        const cut = stream();
        let at = 0;
        for (const length of cuts) {
          cut.feed(bytes.subarray(at, at + length));
          at += length;
        }
        cut.feed(bytes.subarray(at));
        const single = stream();
        for (const byte of bytes) single.feed(Uint8Array.of(byte));
        assert.is(hex(cut.sent), hex(whole.sent));
        assert.is(hex(single.sent), hex(whole.sent));
      }),
    );
  });
  test("property: of random bytes nothing is let through to who may only see but what asks for pictures", () => {
    const harmless = new Set([2, 3, 150, 248]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (random) => {
        const made = stream(onlyView);
        const code = codeOf(() => made.feed(greeting, random));
        assert.ok(code === "taken" || code === "message_invalid", code);
        for (const message of made.sent) assert.ok(harmless.has(message[0] ?? -1));
      }),
      { numRuns: 2000 },
    );
  });
});
