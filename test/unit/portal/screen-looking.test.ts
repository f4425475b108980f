// Who may only look is there as long as something is done on the page: told to the edge now and then, as an event that reaches no machine.
import * as assert from "uvu/assert";
import { ChannelSocket, type ScreenRights } from "../../../broker/portal/screen/channel-socket.ts";
import { tellEveryMs, watchLooker } from "../../../broker/portal/screen/looking.ts";
import { noAbilities } from "../../../edge/targets/rfb/abilities.ts";
import { ClientStream } from "../../../edge/targets/rfb/client-stream.ts";
import type { Channel } from "../../../shared/channel/channel.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

const looking: ScreenRights = { mayControl: false, mayResize: false, mayPutClipboard: false };
const greeting = Buffer.concat([Buffer.from("RFB 003.008\n"), Uint8Array.of(1, 1)]);

/** A page as the listeners see it. */
class Page extends EventTarget {
  visibilityState = "visible";
}

function watched(tell: () => boolean = () => true) {
  const clock = new TurnedClock();
  const page = new Page();
  let told = 0;
  const stop = watchLooker(
    page,
    () => {
      told += 1;
      return tell();
    },
    () => clock.monotonicMs(),
  );
  return { clock, page, stop, told: () => told };
}

/** The page's socket, and the edge's walk through what it writes. */
function socketOf(rights: ScreenRights) {
  const notes: string[] = [];
  let takesMore = true;
  const client = new ClientStream({
    target: "press",
    rights: { control: rights.mayControl, clipboardIn: false, resize: false },
    abilities: noAbilities(),
    mayInput: () => true,
    toDevice: () => notes.push("device"),
    onInput: () => notes.push("input"),
    onClipboard: () => notes.push("clipboard"),
    onResize: () => notes.push("resize"),
    onTouch: () => notes.push("touch"),
  });
  client.feed(greeting);
  const channel = {
    write: (bytes: Uint8Array): boolean => {
      client.feed(bytes);
      return takesMore;
    },
    abort: (): void => undefined,
  } as unknown as Channel;
  const socket = new ChannelSocket(channel, rights);
  socket.isGreeted = true;
  return { socket, notes, fill: () => (takesMore = false) };
}

await group("who looks at a screen", { timeoutMs: 10_000 }, (test) => {
  for (const sign of ["pointermove", "pointerdown", "wheel", "keydown"]) {
    test(`is told by ${sign}, once within ${tellEveryMs} ms`, () => {
      const { clock, page, told } = watched();
      assert.is(told(), 0, "nobody did anything yet");
      page.dispatchEvent(new Event(sign));
      assert.is(told(), 1);
      clock.advanceMs(tellEveryMs - 1);
      page.dispatchEvent(new Event(sign));
      assert.is(told(), 1);
      clock.advanceMs(1);
      page.dispatchEvent(new Event(sign));
      assert.is(told(), 2);
    });
  }
  test("is not there who does nothing, has the tab hidden, or has left the page", () => {
    const { clock, page, stop, told } = watched();
    clock.advanceMs(10 * tellEveryMs);
    assert.is(told(), 0);
    page.visibilityState = "hidden";
    page.dispatchEvent(new Event("keydown"));
    assert.is(told(), 0);
    page.visibilityState = "visible";
    stop();
    page.dispatchEvent(new Event("keydown"));
    assert.is(told(), 0);
  });
  test("what could not be told is told by the next sign", () => {
    let canTell = false;
    const { page, told } = watched(() => canTell);
    page.dispatchEvent(new Event("pointermove"));
    canTell = true;
    page.dispatchEvent(new Event("pointermove"));
    page.dispatchEvent(new Event("pointermove"));
    assert.is(told(), 2);
  });
  test("counts for the edge as something done, and nothing of it reaches the device", () => {
    const { socket, notes } = socketOf(looking);
    assert.ok(socket.tellLooking());
    assert.equal(notes, ["touch"]);
  });
  test("is not told by a page that sends what the person does, before the greeting, while away, nor into a full channel", () => {
    for (const spoil of [
      (socket: ChannelSocket) => void (socket.isGreeted = false),
      (socket: ChannelSocket) => socket.away(true),
      (socket: ChannelSocket) => socket.closed(),
    ]) {
      const { socket, notes } = socketOf(looking);
      spoil(socket);
      assert.not(socket.tellLooking());
      assert.equal(notes, []);
    }
    const full = socketOf(looking);
    full.fill();
    assert.ok(full.socket.tellLooking());
    assert.not(full.socket.tellLooking());
    assert.equal(full.notes, ["touch"]);
    const acting = socketOf({ ...looking, mayControl: true });
    assert.not(acting.socket.tellLooking());
    assert.equal(acting.notes, []);
  });
});
