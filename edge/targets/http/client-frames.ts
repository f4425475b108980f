// Reads along a browser's WebSocket frames (RFC 6455 §5.2), to tell a person's work from what goes by itself: pongs, pings, and a heartbeat that
// says the same each time. It changes nothing and keeps no more than the beginning of a frame.

/** Two header bytes, a length of eight, a mask of four. */
const maxHeaderBytes = 14;
/** Heartbeats are short; what begins alike for so long and is equally long counts as the same. */
const comparedBytes = 256;
const firstControlOpcode = 8;

export class ClientFrames {
  readonly #onWork: () => void;
  readonly #header = Buffer.alloc(maxHeaderBytes);
  #headerBytes = 0;
  /** Of the frame that is being read; undefined between frames. */
  #payload: { left: number; readonly length: number; readonly isControl: boolean } | undefined;
  #mask: Uint8Array = new Uint8Array(4);
  #seen = "";
  #before = "";

  /** `onWork` is called for each message part that is not the one before over again. */
  constructor(onWork: () => void) {
    this.#onWork = onWork;
  }

  feed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#payload === undefined) {
        this.#header[this.#headerBytes] = bytes[at] ?? 0;
        this.#headerBytes += 1;
        at += 1;
        this.#begin();
      } else {
        const part = bytes.subarray(at, at + this.#payload.left);
        this.#take(part);
        at += part.length;
      }
      if (this.#payload?.left === 0) this.#end();
    }
  }

  #begin(): void {
    const [first = 0, second = 0] = this.#header;
    const short = second & 0x7f;
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    const maskBytes = second & 0x80 ? 4 : 0;
    if (this.#headerBytes < 2 + lengthBytes + maskBytes || this.#headerBytes < 2) return;
    const length =
      lengthBytes === 8
        ? Number(this.#header.readBigUInt64BE(2))
        : lengthBytes === 2
          ? this.#header.readUInt16BE(2)
          : short;
    const maskAt = 2 + lengthBytes;
    this.#mask = Uint8Array.from(this.#header.subarray(maskAt, maskAt + maskBytes));
    this.#payload = { left: length, length, isControl: (first & 0x0f) >= firstControlOpcode };
    this.#headerBytes = 0;
    this.#seen = "";
  }

  #take(part: Uint8Array): void {
    const payload = this.#payload;
    if (payload === undefined) return;
    const offset = payload.length - payload.left;
    for (let at = 0; at < part.length && offset + at < comparedBytes; at += 1) {
      this.#seen += String.fromCharCode((part[at] ?? 0) ^ (this.#mask[(offset + at) % 4] ?? 0));
    }
    payload.left -= part.length;
  }

  #end(): void {
    const payload = this.#payload;
    this.#payload = undefined;
    if (payload === undefined || payload.isControl) return;
    const seen = `${payload.length} ${this.#seen}`;
    if (seen !== this.#before) this.#onWork();
    this.#before = seen;
  }
}
