// A sealed channel as noVNC's socket: what a job's rights do not cover never leaves the page, nobody acts on a picture that stands still, nothing overflows.
import * as assert from "uvu/assert";
import {
  ChannelSocket,
  stallMs,
  type ScreenRights,
} from "../../../broker/portal/screen/channel-socket.ts";
import type { Channel } from "../../../shared/channel/channel.ts";
import { group } from "../../support/group.ts";

const all: ScreenRights = { mayControl: true, mayResize: true, mayPutClipboard: true };
const none: ScreenRights = { mayControl: false, mayResize: false, mayPutClipboard: false };
const key = (isDown: number): Uint8Array => Uint8Array.of(4, isDown, 0, 0, 0, 0, 0, 0x61);
const pointer = (mask: number, x: number): Uint8Array => Uint8Array.of(5, mask, 0, x, 0, 9);
const pixelFormat = Uint8Array.of(
  0,
  0,
  0,
  0,
  32,
  24,
  0,
  1,
  0,
  255,
  0,
  255,
  0,
  255,
  0,
  8,
  16,
  0,
  0,
  0,
);
const request = Uint8Array.of(3, 1, 0, 0, 0, 0, 0, 9, 0, 9);
const cutText = Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 1, 0x61);
const desktopSize = Uint8Array.of(251, 0, 4, 0, 3, 0, 1, 0);

/** The channel's end in the page: what was written, and whether it takes more. */
class Written {
  readonly messages: number[][] = [];
  takesMore = true;
  isAborted = false;
  /** What the edge has not acknowledged. */
  unacknowledgedBytes = 0;
  nowMs = 0;
  readonly channel = Object.defineProperty(
    {
      write: (bytes: Uint8Array): boolean => {
        this.messages.push([...bytes]);
        this.unacknowledgedBytes += bytes.length;
        return this.takesMore;
      },
      abort: (): void => {
        this.isAborted = true;
      },
    },
    "unacknowledgedBytes",
    { get: () => this.unacknowledgedBytes },
  ) as unknown as Channel;

  socket(rights: ScreenRights): ChannelSocket {
    return new ChannelSocket(this.channel, rights, () => this.nowMs);
  }
}

const passing: readonly [
  note: string,
  rights: ScreenRights,
  message: Uint8Array,
  passes: boolean,
][] = [
  ["a key with control", all, key(1), true],
  ["no key without", none, key(1), false],
  ["no scancode without", none, Uint8Array.of(255, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1), false],
  ["a click with control", all, pointer(1, 1), true],
  ["no click without, nor a move", none, pointer(0, 1), false],
  ["a size with resize", all, desktopSize, true],
  ["no size without", { ...all, mayResize: false }, desktopSize, false],
  ["a picture is always asked for", none, request, true],
  ["noVNC itself puts no text into the clipboard", all, cutText, false],
];

await group("screen socket", { timeoutMs: 10_000 }, (test) => {
  for (const [note, rights, message, passes] of passing) {
    test(`passes: ${note}`, () => {
      const written = new Written();
      written.socket(rights).send(message);
      assert.equal(written.messages, passes ? [[...message]] : []);
    });
  }
  test("a text for the clipboard goes as one message, in Latin 1, with the right alone", () => {
    const written = new Written();
    assert.ok(written.socket(all).sendCutText("aü€\r\nb"));
    assert.equal(written.messages, [[6, 0, 0, 0, 0, 0, 0, 5, 0x61, 0xfc, 0x3f, 0x0a, 0x62]]);
    assert.not(written.socket({ ...all, mayPutClipboard: false }).sendCutText("a"));
    assert.is(written.messages.length, 1);
  });
  test("noVNC's buffer may be used again as soon as it was sent", () => {
    const written = new Written();
    written.takesMore = false;
    const socket = written.socket(all);
    socket.send(request);
    const reused = key(1);
    socket.send(reused);
    reused.fill(0);
    written.takesMore = true;
    socket.drained();
    assert.equal(written.messages, [[...request], [...key(1)]]);
  });
  test("while the channel is full, moves give way to the last one, clicks and keys do not", () => {
    const written = new Written();
    written.takesMore = false;
    const socket = written.socket(all);
    for (const message of [request, pointer(0, 1), pointer(0, 2), pointer(1, 3), pointer(1, 4)]) {
      socket.send(message);
    }
    socket.send(key(1));
    assert.ok(socket.isFull);
    written.takesMore = true;
    socket.drained();
    assert.equal(
      written.messages,
      [request, pointer(0, 2), pointer(1, 4), key(1)].map((bytes) => [...bytes]),
    );
    assert.not(socket.isFull);
  });
  test("while the connection is away nothing is pressed, and what is held is let go", () => {
    const written = new Written();
    const socket = written.socket(all);
    socket.send(key(1));
    socket.send(pointer(1, 7));
    socket.away(true);
    const before = written.messages.length;
    socket.send(key(1));
    socket.send(pointer(1, 8));
    assert.not(socket.sendCutText("a"));
    assert.is(written.messages.length, before);
    socket.send(key(0));
    socket.away(false);
    assert.equal(
      written.messages.slice(before),
      [key(0), pointer(0, 7)].map((bytes) => [...bytes]),
    );
    socket.send(key(1));
    assert.is(written.messages.length, before + 3);
  });
  test("a line that answers nothing carries no further press; what is held is let go where it is, and it goes on with the first answer", () => {
    const written = new Written();
    const socket = written.socket(all);
    written.nowMs = 10 * stallMs;
    socket.send(pointer(1, 7));
    written.nowMs += stallMs;
    assert.not(socket.isStalled, "not yet");
    socket.send(key(1));
    written.nowMs += 1;
    assert.ok(socket.isStalled && socket.isFull);
    const before = written.messages.length;
    for (const pressing of [key(1), pointer(3, 7), pointer(1, 8), pointer(0, 8)]) {
      socket.send(pressing);
    }
    assert.not(socket.sendCutText("a"));
    socket.send(key(0));
    assert.equal(
      written.messages.slice(before),
      [pointer(0, 7), key(0)].map((bytes) => [...bytes]),
    );
    written.nowMs += stallMs;
    written.unacknowledgedBytes -= 6;
    assert.ok(socket.isStalled, "the key that was pressed after is not answered");
    written.unacknowledgedBytes = 0;
    assert.not(socket.isStalled);
    socket.send(pointer(1, 9));
    assert.equal(written.messages.at(-1), [...pointer(1, 9)]);
  });
  test("a line that owes no answer is no stalled one; one that brings the picture alone is", () => {
    const written = new Written();
    const socket = written.socket(all);
    socket.onmessage = () => undefined;
    socket.isGreeted = true;
    socket.send(key(1));
    written.unacknowledgedBytes = 0;
    written.nowMs += 10 * stallMs;
    assert.not(socket.isStalled);
    socket.send(key(0));
    assert.not(socket.isStalled, "sent this moment");
    written.nowMs += stallMs;
    socket.take(Uint8Array.of(0), () => undefined);
    assert.not(socket.isStalled);
    written.nowMs += 1;
    assert.ok(socket.isStalled);
  });
  test("many moves on a line with a long way, which always owes an answer, are none either; a way that gets longer and longer is", () => {
    const written = new Written();
    const socket = written.socket(all);
    let x = 0;
    const move = (answered: number): void => {
      written.nowMs += stallMs / 50;
      written.unacknowledgedBytes -= 6 * answered;
      socket.send(pointer(0, x));
      x += 1;
    };
    for (let sent = 0; sent < 100; sent += 1) move(sent > 40 ? 1 : 0);
    assert.is(written.messages.length, 100);
    for (let sent = 0; sent < 100; sent += 1) move(sent % 2);
    // Held back by a half, moves come up to 50 later than they were made, and no further ones are sent.
    assert.ok(written.messages.length < 140 && socket.isStalled);
  });
  test("the line is asked, whether or not the picture moves, by a message that the edge keeps to itself, and by none while away", () => {
    const written = new Written();
    const socket = written.socket(none);
    socket.beat();
    assert.equal(written.messages, [], "nothing that could be sent yet");
    socket.send(pixelFormat);
    socket.isGreeted = true;
    socket.onmessage = () => undefined;
    socket.take(Uint8Array.of(0), () => undefined);
    socket.beat();
    socket.beat();
    assert.equal(written.messages, [[...pixelFormat], [...pixelFormat], [...pixelFormat]]);
    socket.away(true);
    socket.beat();
    assert.is(written.messages.length, 3);
  });
  test("what the device sends is acknowledged after noVNC took it, also when noVNC fails", () => {
    const socket = new Written().socket(all);
    const seen: string[] = [];
    socket.onmessage = () => {
      seen.push("taken");
    };
    socket.take(Uint8Array.of(1), () => seen.push("settled"));
    socket.isGreeted = true;
    socket.onmessage = () => {
      throw new Error("no such encoding");
    };
    assert.throws(() => socket.take(Uint8Array.of(1), () => seen.push("settled")));
    assert.equal(seen, ["taken", "settled", "settled"]);
  });
  test("until noVNC has its handshake behind it, it gets one byte after the other, and then all", () => {
    const socket = new Written().socket(all);
    const sizes: number[] = [];
    socket.onmessage = ({ data }) => {
      sizes.push(data.length);
      socket.isGreeted = sizes.length === 3;
    };
    socket.take(new Uint8Array(2), () => undefined);
    socket.take(new Uint8Array(9), () => undefined);
    assert.equal(sizes, [1, 1, 1, 8]);
  });
  test("an end of noVNC's ends the channel, and an end of the channel noVNC, once", () => {
    const written = new Written();
    const socket = written.socket(all);
    let ends = 0;
    socket.onclose = () => {
      ends += 1;
    };
    socket.closed();
    socket.closed();
    assert.is(ends, 1);
    assert.not(written.isAborted);
    const other = written.socket(all);
    other.close();
    assert.ok(written.isAborted);
    other.send(request);
    assert.equal(written.messages, []);
  });
});
