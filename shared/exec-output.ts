// How one direction of a channel carries two outputs: in mode `exec` the edge frames what a command prints (shared/protocol.md, "Command output").
// A frame is stream u8 (1 stdout, 2 stderr), length u32 big-endian, bytes. Towards the device the channel's bytes are the command's input as they are.
import { SallyportError } from "./errors.ts";

export type OutputStream = "stdout" | "stderr";

const headerBytes = 5;
const codes: Readonly<Record<OutputStream, number>> = { stdout: 1, stderr: 2 };

/** One frame in new memory. */
export function encodeOutput(stream: OutputStream, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headerBytes + bytes.length);
  frame[0] = codes[stream];
  new DataView(frame.buffer).setUint32(1, bytes.length);
  frame.set(bytes, headerBytes);
  return frame;
}

/** Takes frames apart, cut anywhere; holds no more than a header. */
export class OutputDecoder {
  readonly #onOutput: (stream: OutputStream, bytes: Uint8Array) => void;
  readonly #header = new Uint8Array(headerBytes);
  #headerHeld = 0;
  #bytesLeft = 0;

  /** `onOutput` gets views of the pushed bytes. */
  constructor(onOutput: (stream: OutputStream, bytes: Uint8Array) => void) {
    this.#onOutput = onOutput;
  }

  /** True between two frames: only there may the channel end. */
  get isWhole(): boolean {
    return this.#headerHeld === 0 && this.#bytesLeft === 0;
  }

  /** Throws `message_invalid` for a stream that is neither. */
  push(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#bytesLeft === 0 && !this.#isHeaderFull) {
        this.#header[this.#headerHeld] = bytes[offset] ?? 0;
        this.#headerHeld += 1;
        offset += 1;
        if (this.#isHeaderFull) this.#bytesLeft = new DataView(this.#header.buffer).getUint32(1);
      } else {
        const taken = Math.min(this.#bytesLeft, bytes.length - offset);
        this.#onOutput(this.#stream(), bytes.subarray(offset, offset + taken));
        this.#bytesLeft -= taken;
        offset += taken;
      }
      if (this.#isHeaderFull && this.#bytesLeft === 0) this.#headerHeld = 0;
    }
  }

  get #isHeaderFull(): boolean {
    return this.#headerHeld === headerBytes;
  }

  #stream(): OutputStream {
    const code = this.#header[0];
    if (code === codes.stdout) return "stdout";
    if (code === codes.stderr) return "stderr";
    throw new SallyportError("message_invalid", `output stream ${code}, expected 1 or 2`);
  }
}
