// An RFB viewer on a TCP port: asks as noVNC asks, sees by noVNC's own decoders, and knows when it saw.
import { once } from "node:events";
import net from "node:net";
import { setPixelFormat } from "../../edge/targets/rfb/pixel-format.ts";
import { keyEvent } from "../../edge/targets/rfb/pressed-input.ts";
import { openNoVncViewer, type NoVncViewer } from "../naive-twin/novnc-viewer.ts";
import { pictureOfRgba, type Picture } from "../plant/picture.ts";
import { setEncodings, updateRequest } from "./screen-viewer.ts";

/** What the edge lets pass of what noVNC asks for. */
const encodings = [1, 7, 16, 5, 0, -254, -223, -224, -308, -307, -239];
const changeLimitMs = 60_000;

export async function openSocketViewer(port: number, firstLine = ""): Promise<SocketViewer> {
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  const viewer = new SocketViewer(socket, await openNoVncViewer("fresh"));
  socket.write(firstLine);
  await viewer.greet();
  return viewer;
}

export class SocketViewer implements AsyncDisposable {
  readonly #socket: net.Socket;
  readonly #seen: NoVncViewer;
  readonly #closed: Promise<void>;
  #asked = 0;
  #isClosed = false;
  #changed = Promise.withResolvers<void>();

  constructor(socket: net.Socket, seen: NoVncViewer) {
    this.#socket = socket;
    this.#seen = seen;
    socket.on("error", () => socket.destroy());
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.once("close", () => {
      this.#isClosed = true;
      this.#change();
    });
    socket.on("end", () => socket.end());
    socket.on("data", (bytes: Buffer) => {
      seen.feed(bytes);
      this.#change();
      if (seen.updates === this.#asked) return;
      this.#asked = seen.updates;
      this.send(updateRequest(true, seen));
    });
  }

  async greet(): Promise<void> {
    this.send(Buffer.from("RFB 003.008\n"), Uint8Array.of(1), Uint8Array.of(1));
    await this.until(() => this.#seen.width > 0, "a screen");
    this.send(setPixelFormat, setEncodings(encodings), updateRequest(false, this.#seen));
  }

  send(...messages: readonly Uint8Array[]): void {
    if (this.#socket.writable) this.#socket.write(Buffer.concat(messages));
  }

  key(keysym: number): void {
    this.send(keyEvent(true, keysym), keyEvent(false, keysym));
  }

  /** Whole updates so far. */
  get updates(): number {
    return this.#seen.updates;
  }

  get picture(): Picture {
    const { width, height, pixels } = this.#seen;
    return pictureOfRgba(width, height, pixels);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Resolves when every pixel was drawn. */
  hasPicture(): Promise<void> {
    return this.until(() => {
      const { updates, pixels } = this.#seen;
      if (updates === 0) return false;
      for (let at = 3; at < pixels.length; at += 4) if (pixels[at] !== 255) return false;
      return true;
    }, "a whole picture");
  }

  /** Resolves at the first data after which it is so; rejects when the screen closes before. */
  async until(isSo: () => boolean, what: string): Promise<void> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#change();
    }, changeLimitMs);
    try {
      while (!isSo()) {
        if (this.#isClosed) throw new Error(`the screen closed before ${what}`);
        if (isLate) throw new Error(`no ${what} in ${changeLimitMs} ms`);
        await this.#changed.promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Leaves as a page does that is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), 2_000);
    await this.#closed;
    clearTimeout(timer);
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
