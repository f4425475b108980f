// A sealed channel in the shape of a WebSocket, as noVNC takes it. Invariants: what the device sends is acknowledged once noVNC has taken it in; no message
// goes out that the job's rights do not cover (the edge would end the session for it, or drop it); nobody acts on a picture that stands still: while the
// connection is away or gives no answer, presses are dropped and only releases are kept, so that no press arrives at a machine long after it was made.
import type { Channel } from "../../../shared/channel/channel.ts";
import { handOver, type RawChannel } from "./raw-channel.ts";

/** Client messages of RFC 6143 and of the extensions that noVNC speaks. */
const message = {
  pixelFormat: 0,
  key: 4,
  pointer: 5,
  cutText: 6,
  desktopSize: 251,
  qemu: 255,
} as const;
const maskAt = 1;
/**
 * The edge acknowledges within a round trip and some 20 ms. Longer than phones' networks pause in passing; shorter than it takes a person to press often
 * what does nothing.
 */
export const stallMs = 2_000;
const isDownAt: Readonly<Record<number, number>> = { [message.key]: 1, [message.qemu]: 3 };
/** KeyEvent: XK_VoidSymbol, which no keyboard has, is let go of. It presses nothing even where it would arrive. */
const nothingPressed = Uint8Array.of(message.key, 0, 0, 0, 0, 0xff, 0xff, 0xff);

export interface ScreenRights {
  readonly mayControl: boolean;
  readonly mayResize: boolean;
  readonly mayPutClipboard: boolean;
}

export class ChannelSocket implements RawChannel {
  binaryType = "arraybuffer";
  readonly protocol = "";
  readyState = "open";
  onopen: RawChannel["onopen"] = null;
  onmessage: RawChannel["onmessage"] = null;
  onclose: RawChannel["onclose"] = null;
  onerror: RawChannel["onerror"] = null;
  /** noVNC has its handshake behind it. */
  isGreeted = false;
  /** Called for whatever a person did. */
  onInput: () => void = () => undefined;
  readonly #channel: Channel;
  readonly #rights: ScreenRights;
  readonly #queue: Uint8Array[] = [];
  #isFull = false;
  #isAway = false;
  /** The viewer's own SetPixelFormat, which the edge acknowledges and keeps to itself. */
  #heldBack: Uint8Array | undefined;
  readonly #nowMs: () => number;
  /** What was sent and is not acknowledged: its weight in the channel, and when it was sent. */
  readonly #owed: { readonly bytes: number; readonly atMs: number }[] = [];
  #owedBytes = 0;
  /** The last pointer message, by which a button that is let go while away is let go afterwards. */
  #pointer: Uint8Array | undefined;

  constructor(
    channel: Channel,
    rights: ScreenRights,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#channel = channel;
    this.#rights = rights;
    this.#nowMs = nowMs;
  }

  /**
   * Something that was sent is not acknowledged for longer than that takes. The acknowledgement alone counts, since it is the edge's own: a relay that holds
   * back what is pressed may let the picture pass.
   */
  get isStalled(): boolean {
    this.#lookAtAnswers();
    const [oldest] = this.#owed;
    return oldest !== undefined && this.#nowMs() - oldest.atMs > stallMs;
  }

  /** True while more would only pile up here. */
  get isFull(): boolean {
    return this.#isFull || this.#isAway || this.#queue.length > 0 || this.isStalled;
  }

  /** Hands over what the device sent. */
  take(bytes: Uint8Array, settled: () => void): void {
    try {
      handOver(this, bytes, () => this.isGreeted);
    } finally {
      settled();
    }
  }

  /**
   * To be called every few seconds. A picture in which nothing moves looks as one whose connection hangs, and one that moves may be all that comes; only
   * where something is sent does an answer that does not come tell of it.
   */
  beat(): void {
    if (this.#heldBack !== undefined && !this.isFull) this.#write(this.#heldBack);
  }

  /** The channel's connection is lost, or back. */
  away(isAway: boolean): void {
    this.#isAway = isAway;
    const last = this.#pointer;
    if (isAway || last === undefined || last[maskAt] === 0) return;
    const released = Uint8Array.from(last.subarray(0, 6));
    released[maskAt] = 0;
    this.#pointer = released;
    this.#write(released);
  }

  drained(): void {
    this.#isFull = false;
    this.#flush();
  }

  /** One client message of noVNC's. */
  send(bytes: Uint8Array): void {
    const kind = bytes[0];
    if (!this.#mayPass(kind)) return;
    if (kind === message.pixelFormat) this.#heldBack = Uint8Array.from(bytes);
    const downAt = isDownAt[kind ?? 0];
    if (downAt !== undefined || kind === message.pointer) {
      const isStalled = !this.#isAway && this.isStalled;
      if (isStalled && kind === message.pointer) {
        this.#letGo(bytes);
        return;
      }
      if ((this.#isAway || isStalled) && (downAt === undefined || bytes[downAt] !== 0)) return;
      this.onInput();
    }
    if (kind === message.pointer) this.#point(Uint8Array.from(bytes));
    else this.#write(Uint8Array.from(bytes));
  }

  /** Puts a text into the device's clipboard; what Latin 1 does not have becomes a question mark. False if that may not be, or not now. */
  sendCutText(text: string): boolean {
    if (!this.#rights.mayPutClipboard || this.#isAway || this.isStalled) return false;
    const characters = Array.from(text.replace(/\r\n?/g, "\n"));
    const bytes = new Uint8Array(8 + characters.length);
    const view = new DataView(bytes.buffer);
    bytes[0] = message.cutText;
    view.setUint32(4, characters.length);
    characters.forEach((character, at) => {
      const point = character.codePointAt(0) ?? 0;
      bytes[8 + at] = point <= 0xff ? point : 0x3f;
    });
    this.#write(bytes);
    this.onInput();
    return true;
  }

  /**
   * Tells the edge that somebody looks, who may do nothing else: it drops the event, and counts it as something done. False if it is not needed, since what
   * the person does is sent, or cannot be now.
   */
  tellLooking(): boolean {
    if (this.#rights.mayControl || !this.isGreeted || this.isFull || this.readyState !== "open")
      return false;
    this.#write(nothingPressed);
    this.onInput();
    return true;
  }

  /** noVNC is done with it. */
  close(): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    this.#queue.length = 0;
    this.#channel.abort("ended by the vendor");
    queueMicrotask(() => this.onclose?.({}));
  }

  /** The channel is closed. */
  closed(): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    this.#queue.length = 0;
    this.onclose?.({});
  }

  #mayPass(kind: number | undefined): boolean {
    const { mayControl, mayResize } = this.#rights;
    if (kind === message.key || kind === message.qemu || kind === message.pointer)
      return mayControl;
    if (kind === message.desktopSize) return mayResize;
    // Cut text comes by `sendCutText`, whole.
    return kind !== message.cutText;
  }

  // Of moves that wait, only the last one says where the pointer is.
  #point(bytes: Uint8Array): void {
    const waiting = this.#queue.at(-1);
    this.#pointer = bytes;
    if (
      waiting?.[0] === message.pointer &&
      waiting.length === bytes.length &&
      waiting[maskAt] === bytes[maskAt]
    ) {
      this.#queue.pop();
    }
    this.#write(bytes);
  }

  // Buttons that the person holds no more are let go where they were pressed: where the pointer went since is no place that anybody saw.
  #letGo(bytes: Uint8Array): void {
    const last = this.#pointer;
    const kept = (last?.[maskAt] ?? 0) & (bytes[maskAt] ?? 0);
    if (last === undefined || kept === last[maskAt]) return;
    const released = Uint8Array.from(last);
    released[maskAt] = kept;
    this.#point(released);
  }

  // Acknowledged is what was sent first.
  #lookAtAnswers(): void {
    const { unacknowledgedBytes } = this.#channel;
    while (
      this.#owed.length > 0 &&
      (unacknowledgedBytes === 0 || this.#owedBytes > unacknowledgedBytes)
    ) {
      this.#owedBytes -= this.#owed.shift()?.bytes ?? 0;
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.readyState !== "open") return;
    this.#queue.push(bytes);
    this.#flush();
  }

  #flush(): void {
    while (!this.#isFull) {
      const bytes = this.#queue.shift();
      if (bytes === undefined) return;
      this.#lookAtAnswers();
      const before = this.#channel.unacknowledgedBytes;
      this.#isFull = !this.#channel.write(bytes);
      const weight = this.#channel.unacknowledgedBytes - before;
      this.#owed.push({ bytes: weight, atMs: this.#nowMs() });
      this.#owedBytes += weight;
    }
  }
}
