// A viewer of RFB without a browser: noVNC's own decoders draw on an array. Messages are walked as noVNC's rfb.js walks them, without any check.
// It tells what a vendor or a player sees of a stream, independently of the edge's decoders.
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const core = join(import.meta.dirname, "../../node_modules/@novnc/novnc/core");

interface Socket {
  rQshift8(): number;
  rQshift16(): number;
  rQshift32(): number;
  rQshiftStr(length: number): string;
  rQshiftBytes(length: number, copy?: boolean): Uint8Array;
  rQskipBytes(count: number): void;
  rQwait(what: string, count: number, goBack?: number): boolean;
}
interface Decoder {
  decodeRect(
    x: number,
    y: number,
    width: number,
    height: number,
    socket: Socket,
    display: unknown,
    depth: number,
  ): boolean;
}

// Its logging looks for a console there.
Object.assign(globalThis, { window: globalThis });

async function load<T>(file: string): Promise<T> {
  const module = (await import(pathToFileURL(join(core, file)).href)) as { default: T };
  return module.default;
}

const decoderFiles: ReadonlyMap<number, string> = new Map([
  [0, "raw"],
  [1, "copyrect"],
  [2, "rre"],
  [5, "hextile"],
  [6, "zlib"],
  [7, "tight"],
  [16, "zrle"],
]);

type Feed = (data: Uint8Array) => void;

/** `fresh` starts at a server's version, else after ServerInit. */
export async function openNoVncViewer(
  start: "fresh" | { readonly width: number; readonly height: number },
): Promise<NoVncViewer> {
  const Websock = await load<new () => Socket & Record<string, unknown>>("websock.js");
  const socket = new Websock();
  const channel: Record<string, unknown> = {};
  for (const name of ["send", "close"]) channel[name] = () => undefined;
  for (const name of ["onerror", "onmessage", "onopen", "protocol"]) channel[name] = null;
  channel["binaryType"] = "arraybuffer";
  channel["readyState"] = "open";
  (socket["attach"] as (channel: unknown) => void).call(socket, channel);
  const decoders = new Map<number, Decoder>();
  for (const [number, file] of decoderFiles) {
    decoders.set(number, new (await load<new () => Decoder>(`decoders/${file}.js`))());
  }
  const feed: Feed = (data) => (channel["onmessage"] as (event: unknown) => void)({ data });
  const viewer = new NoVncViewer(socket, decoders, feed, start);
  (socket["_eventHandlers"] as Record<string, unknown>)["message"] = () => viewer.walk();
  return viewer;
}

export class NoVncViewer {
  width = 0;
  height = 0;
  name = "";
  /** RGBA; alpha is 255 where something was drawn. */
  pixels = new Uint8Array(0);
  pointer: { x: number; y: number; width: number; height: number; bytes: Uint8Array } | undefined;
  readonly cutTexts: string[] = [];
  bells = 0;
  /** Whole updates. */
  updates = 0;
  /** Gets the answers to the server's fences. */
  onFence: (answer: Uint8Array) => void = () => undefined;
  readonly #socket: Socket;
  readonly #decoders: ReadonlyMap<number, Decoder>;
  readonly #feed: Feed;
  #isGreeting: boolean;
  #rectangles = 0;
  #head: number[] | undefined;

  constructor(
    socket: Socket,
    decoders: ReadonlyMap<number, Decoder>,
    feed: Feed,
    start: "fresh" | { readonly width: number; readonly height: number },
  ) {
    this.#socket = socket;
    this.#decoders = decoders;
    this.#feed = feed;
    this.#isGreeting = start === "fresh";
    if (start !== "fresh") this.#resize(start.width, start.height);
  }

  feed(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#feed(new Uint8Array(bytes));
  }

  /** Red, green and blue of each pixel. */
  get colours(): Uint8Array {
    const colours = new Uint8Array(this.width * this.height * 3);
    for (let from = 0, to = 0; to < colours.length; from += 4, to += 3) {
      colours.set(this.pixels.subarray(from, from + 3), to);
    }
    return colours;
  }

  walk(): void {
    if (this.#isGreeting && !this.#greet()) return;
    while (!this.#socket.rQwait("message", 1) && this.#message());
  }

  #greet(): boolean {
    const socket = this.#socket;
    if (socket.rQwait("greeting", 42)) return false;
    if (socket.rQshiftStr(12) !== "RFB 003.008\n") throw new Error("not RFB 3.8");
    if (socket.rQshift8() !== 1 || socket.rQshift8() !== 1) throw new Error("not without security");
    if (socket.rQshift32() !== 0) throw new Error("security failed");
    const [width, height] = [socket.rQshift16(), socket.rQshift16()];
    socket.rQskipBytes(16);
    this.name = socket.rQshiftStr(socket.rQshift32());
    this.#resize(width, height);
    this.#isGreeting = false;
    return true;
  }

  // False: more bytes are needed.
  #message(): boolean {
    const socket = this.#socket;
    const type = this.#rectangles > 0 ? 0 : socket.rQshift8();
    if (type === 0) return this.#update();
    if (type === 2) this.bells += 1;
    if (type === 2 || type === 150) return true;
    if (type === 3) {
      if (socket.rQwait("cut text", 7, 1)) return false;
      socket.rQskipBytes(3);
      const length = socket.rQshift32();
      if (socket.rQwait("cut text", length, 8)) return false;
      this.cutTexts.push(socket.rQshiftStr(length));
      return true;
    }
    if (type === 248) {
      if (socket.rQwait("fence", 8, 1)) return false;
      socket.rQskipBytes(3);
      const flags = socket.rQshift32();
      const length = socket.rQshift8();
      if (socket.rQwait("fence", length, 9)) return false;
      const payload = socket.rQshiftBytes(length);
      // Asked for an answer, with those flags that are understood.
      const answer = [248, 0, 0, 0, 0, 0, 0, flags & 3, length, ...payload];
      if (flags >>> 31 === 1) this.onFence(Uint8Array.from(answer));
      return true;
    }
    throw new Error(`message ${type}`);
  }

  #update(): boolean {
    const socket = this.#socket;
    if (this.#rectangles === 0) {
      if (socket.rQwait("update", 3, 1)) return false;
      socket.rQskipBytes(1);
      this.#rectangles = socket.rQshift16();
    }
    while (this.#rectangles > 0) {
      if (this.#head === undefined) {
        if (socket.rQwait("head", 12)) return false;
        this.#head = [0, 0, 0, 0].map(() => socket.rQshift16());
        this.#head.push(socket.rQshift32() >> 0);
      }
      if (!this.#rectangle(this.#head)) return false;
      this.#rectangles -= 1;
      this.#head = undefined;
    }
    this.updates += 1;
    return true;
  }

  #rectangle([x = 0, y = 0, width = 0, height = 0, encoding = 0]: readonly number[]): boolean {
    const socket = this.#socket;
    switch (encoding) {
      case -224:
        this.#rectangles = 1;
        return true;
      case -316:
        return true;
      case -223:
        this.#resize(width, height);
        return true;
      case -308: {
        if (socket.rQwait("screens", 4)) return false;
        const screens = socket.rQshift8();
        if (socket.rQwait("screens", 3 + screens * 16, 1)) return false;
        socket.rQskipBytes(3 + screens * 16);
        if (x !== 1 || y === 0) this.#resize(width, height);
        return true;
      }
      case -307: {
        if (socket.rQwait("name", 4)) return false;
        const length = socket.rQshift32();
        if (socket.rQwait("name", length, 4)) return false;
        this.name = socket.rQshiftStr(length);
        return true;
      }
      case -239: {
        const bytes = width * height * 4 + Math.ceil(width / 8) * height;
        if (socket.rQwait("pointer", bytes)) return false;
        this.pointer = { x, y, width, height, bytes: socket.rQshiftBytes(bytes) };
        return true;
      }
      default: {
        const decoder = this.#decoders.get(encoding);
        if (decoder === undefined) throw new Error(`encoding ${encoding}`);
        return decoder.decodeRect(x, y, width, height, socket, this.#display, 24);
      }
    }
  }

  // The part of noVNC's Display that decoders call.
  readonly #display = {
    fillRect: (x: number, y: number, width: number, height: number, colour: ArrayLike<number>) => {
      for (let row = y; row < Math.min(y + height, this.height); row += 1) {
        for (let column = x; column < Math.min(x + width, this.width); column += 1) {
          const at = (row * this.width + column) * 4;
          this.pixels.set([colour[0] ?? 0, colour[1] ?? 0, colour[2] ?? 0, 255], at);
        }
      }
    },
    blitImage: (
      x: number,
      y: number,
      width: number,
      height: number,
      data: Uint8Array,
      offset: number,
    ) => {
      for (let row = 0; row < height; row += 1) {
        const line = data.subarray(offset + row * width * 4, offset + (row + 1) * width * 4);
        this.pixels.set(line, ((y + row) * this.width + x) * 4);
      }
    },
    copyImage: (
      fromX: number,
      fromY: number,
      x: number,
      y: number,
      width: number,
      height: number,
    ) => {
      const before = this.pixels.slice();
      for (let row = 0; row < height; row += 1) {
        const from = ((fromY + row) * this.width + fromX) * 4;
        this.pixels.set(before.subarray(from, from + width * 4), ((y + row) * this.width + x) * 4);
      }
    },
  };

  #resize(width: number, height: number): void {
    const before = this.pixels;
    const kept = Math.min(width, this.width) * 4;
    this.pixels = new Uint8Array(width * height * 4);
    for (let row = 0; row < Math.min(height, this.height); row += 1) {
      const from = row * this.width * 4;
      this.pixels.set(before.subarray(from, from + kept), row * width * 4);
    }
    this.width = width;
    this.height = height;
  }
}
