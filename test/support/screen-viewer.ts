// A viewer at the vendor's end of an opened screen: speaks RFB as noVNC does, and sees by noVNC's own decoders what the vendor sees.
import { setImmediate as immediate, setTimeout as delay } from "node:timers/promises";
import {
  extendedPointerEvent,
  keyEvent,
  pointerEvent,
} from "../../edge/targets/rfb/pressed-input.ts";
import { setPixelFormat } from "../../edge/targets/rfb/pixel-format.ts";
import { openNoVncViewer, type NoVncViewer } from "../naive-twin/novnc-viewer.ts";
import { pictureDifference, pictureOfRgba, type Picture } from "../plant/picture.ts";
import type { OpenedTarget } from "./opened-target.ts";

/** What noVNC 1.7 asks for, with much that the edge must take out. */
const noVncEncodings = [
  1, 7, 16, 21, 50, 5, 2, 6, 0, -26, -254, -223, -224, -258, -261, -308, -309, -316, -312, -313,
  -307, 0xc0a1e5ce, 0x574d5664, -239,
];

const lookMs = 50;

/** Greets, and asks for the picture; from then on asks again after each update. */
export async function viewScreen(opened: OpenedTarget): Promise<ScreenViewer> {
  const picture = await openNoVncViewer("fresh");
  const viewer = new ScreenViewer(opened, picture);
  await opened.vendor.message("opened");
  await viewer.start();
  return viewer;
}

export class ScreenViewer {
  readonly seen: NoVncViewer;
  readonly #opened: OpenedTarget;
  #updates = 0;

  constructor(opened: OpenedTarget, seen: NoVncViewer) {
    this.#opened = opened;
    this.seen = seen;
    const { vendor } = opened;
    // A server that hears no answer sends no more pictures after a while.
    seen.onFence = (answer) => void this.send(answer);
    const early = vendor.bytes;
    vendor.onBytes = (bytes) => {
      seen.feed(bytes);
      if (seen.updates === this.#updates) return;
      this.#updates = seen.updates;
      void this.send(updateRequest(true, seen));
    };
    if (early.length > 0) vendor.onBytes(early);
  }

  async start(): Promise<void> {
    await this.send(Buffer.from("RFB 003.008\n"), Uint8Array.of(1), Uint8Array.of(1));
    await this.until(() => this.seen.width > 0, "a screen");
    await this.send(setPixelFormat, setEncodings(noVncEncodings), updateRequest(false, this.seen));
  }

  /** Bytes as they are. */
  async send(...messages: readonly Uint8Array[]): Promise<void> {
    this.#opened.vendor.channel.write(Buffer.concat(messages));
    await immediate();
  }

  async key(keysym: number): Promise<void> {
    await this.send(keyEvent(true, keysym), keyEvent(false, keysym));
  }

  async pointer(buttons: number, x: number, y: number): Promise<void> {
    await this.send((buttons > 0x7f ? extendedPointerEvent : pointerEvent)(buttons, x, y));
  }

  async click(x: number, y: number): Promise<void> {
    for (const buttons of [0, 1, 0]) await this.pointer(buttons, x, y);
  }

  /** The vendor closes his page: resolves when the edge has ended the stream. */
  async leave(): Promise<void> {
    const { vendor, served } = this.#opened;
    vendor.onBytes = () => undefined;
    vendor.channel.end();
    await served;
  }

  /** The first update, whole. */
  async hasPicture(): Promise<void> {
    await this.until(() => this.seen.updates > 0, "a picture");
  }

  get picture(): Picture {
    return pictureOfRgba(this.seen.width, this.seen.height, this.seen.pixels);
  }

  /** Resolves when the vendor sees what the device shows, but for a pointer; rejects when the stream ends before. */
  async shows(device: () => Promise<Picture>): Promise<void> {
    await this.until(
      async () => pictureDifference(this.picture, await device()) < 0.001,
      "the device's picture",
    );
  }

  /** Looks again and again, as a device's own side tells of nothing by itself. */
  async until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const { vendor } = this.#opened;
    let isClosed = false;
    const closed = vendor.closed.then(() => (isClosed = true));
    while (!(await isSo())) {
      if (isClosed)
        throw new Error(`the screen closed before ${what}: ${(await vendor.closed).reason}`);
      await Promise.race([vendor.change(), closed, delay(lookMs)]);
    }
  }
}

/** ClientCutText. */
export function cutText(text: string): Uint8Array {
  const head = Buffer.alloc(8);
  head[0] = 6;
  head.writeInt32BE(text.length, 4);
  return Buffer.concat([head, Buffer.from(text, "latin1")]);
}

/** SetDesktopSize with one screen. */
export function setDesktopSize(width: number, height: number): Uint8Array {
  const message = Buffer.alloc(24);
  message[0] = 251;
  message.writeUInt16BE(width, 2);
  message.writeUInt16BE(height, 4);
  message[6] = 1;
  message.writeUInt16BE(width, 16);
  message.writeUInt16BE(height, 18);
  return message;
}

/** SetEncodings. */
export function setEncodings(numbers: readonly number[]): Uint8Array {
  const message = Buffer.alloc(4 + 4 * numbers.length);
  message[0] = 2;
  message.writeUInt16BE(numbers.length, 2);
  numbers.forEach((number, index) => message.writeInt32BE(number | 0, 4 + 4 * index));
  return message;
}

/** FramebufferUpdateRequest for the whole screen. */
export function updateRequest(
  isIncremental: boolean,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array {
  const message = Buffer.alloc(10);
  message[0] = 3;
  message[1] = isIncremental ? 1 : 0;
  message.writeUInt16BE(width, 6);
  message.writeUInt16BE(height, 8);
  return message;
}
