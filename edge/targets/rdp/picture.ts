// Looks at a desktop's display (RFC 6143, as a viewer beside the vendor's) until there is a picture: until one pixel is not black. The display is
// black before; its pointer comes apart from the picture and does not count; a remote desktop that has connected paints its whole screen. A device
// whose screen is black stays so: whoever asks decides how long to wait.
import { once } from "node:events";
import type { Socket } from "node:net";
import { SallyportError } from "../../../shared/errors.ts";

const encodings = { raw: 0, cursor: -239 } as const;
/** 32 bits, depth 24, little endian, true colour, red at 16, green at 8, blue at 0: of four bytes the last is no colour. */
const pixelFormat = Buffer.from("00000000" + "20180001" + "00ff00ff00ff1008" + "00000000", "hex");
const bytesPerPixel = 4;
/** A picture is looked at as it comes, not kept; everything else is short. */
const maxKeptBytes = 64 * 1024;

/** Resolves when the first picture is there; rejects when the display ends, or the caller destroys the socket, before. Destroys it. */
export async function firstPicture(socket: Socket): Promise<void> {
  const input = new Input(socket);
  try {
    await input.take(12);
    socket.write("RFB 003.008\n");
    const types = await input.take((await input.take(1)).readUInt8());
    if (!types.includes(1)) throw unexpected("security");
    socket.write(Buffer.of(1));
    if ((await input.take(4)).readUInt32BE() !== 0) throw unexpected("security result");
    socket.write(Buffer.of(1));
    const init = await input.take(24);
    await input.take(init.readUInt32BE(20));
    socket.write(pixelFormat);
    socket.write(encodingsMessage());
    for (let isIncremental = false; ; isIncremental = true) {
      const request = Buffer.of(3, isIncremental ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0);
      init.copy(request, 6, 0, 4);
      socket.write(request);
      if (await isPictured(input)) return;
    }
  } finally {
    socket.destroy();
  }
}

// One FramebufferUpdate; bells and cut texts before it are passed over.
async function isPictured(input: Input): Promise<boolean> {
  for (;;) {
    const type = (await input.take(1)).readUInt8();
    if (type === 0) break;
    if (type === 3) await input.skip((await input.take(7)).readUInt32BE(3));
    else if (type !== 2) throw unexpected(`message ${type}`);
  }
  const count = (await input.take(3)).readUInt16BE(1);
  let found = false;
  for (let index = 0; index < count; index += 1) {
    const header = await input.take(12);
    const [width, height] = [header.readUInt16BE(4), header.readUInt16BE(6)];
    const pixelBytes = width * height * bytesPerPixel;
    const encoding = header.readInt32BE(8);
    if (encoding === encodings.raw) found = (await input.isAnyColour(pixelBytes)) || found;
    else if (encoding !== encodings.cursor) throw unexpected("rectangle");
    else await input.skip(pixelBytes + Math.ceil(width / 8) * height);
  }
  return found;
}

function encodingsMessage(): Buffer {
  const wanted = Object.values(encodings);
  const message = Buffer.alloc(4 + 4 * wanted.length);
  message.writeUInt8(2, 0);
  message.writeUInt16BE(wanted.length, 2);
  for (const [index, encoding] of wanted.entries()) message.writeInt32BE(encoding, 4 + 4 * index);
  return message;
}

function unexpected(what: string): SallyportError {
  return new SallyportError("internal", `the desktop's display sent an unexpected ${what}`);
}

/** A socket's bytes in order, no more of them held than the socket itself holds. */
class Input {
  readonly #socket: Socket;
  readonly #closed: Promise<unknown>;

  constructor(socket: Socket) {
    this.#socket = socket.on("error", () => undefined);
    this.#closed = once(socket, "close");
  }

  async take(count: number): Promise<Buffer> {
    if (count > maxKeptBytes) throw unexpected("length");
    const parts: Buffer[] = [];
    await this.#each(count, (part) => void parts.push(part));
    return Buffer.concat(parts);
  }

  async skip(count: number): Promise<void> {
    await this.#each(count, () => undefined);
  }

  /** True if a pixel among so many bytes of them is not black. */
  async isAnyColour(count: number): Promise<boolean> {
    let at = 0;
    let found = false;
    await this.#each(count, (part) => {
      for (let index = 0; index < part.length && !found; index += 1) {
        found = part[index] !== 0 && (at + index) % bytesPerPixel !== 3;
      }
      at += part.length;
    });
    return found;
  }

  async #each(count: number, use: (part: Buffer) => void): Promise<void> {
    for (let left = count; left > 0;) {
      const held = this.#socket.readableLength;
      const part = held === 0 ? null : (this.#socket.read(Math.min(left, held)) as Buffer | null);
      if (part !== null) {
        left -= part.length;
        use(part);
        continue;
      }
      if (this.#socket.destroyed || this.#socket.readableEnded) throw unexpected("end");
      await Promise.race([once(this.#socket, "readable"), this.#closed]);
    }
  }
}
