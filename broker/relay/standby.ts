// One tunnel of an edge before it is paired: still framed, read by the strict codec (shared/protocol.md, "Control and tunnels").
// The relay says `paired` (or `web`), the edge answers `ready`, and from the byte behind that answer on the two ends speak to each other alone.
// Invariant: an unpaired tunnel holds a few bytes, answers pings or is dropped, and carries nothing but that one word.
import type { Socket } from "node:net";
import type { Clock } from "../../shared/clock.ts";
import { utf8 } from "../../shared/bytes.ts";
import type { FrameOpcode } from "../../shared/frame.ts";
import { encodeFrame, FrameDecoder, opcodes } from "../../shared/frame.ts";
import { readyWord, type pairedWord, type webWord } from "../../shared/upgrade.ts";

/** How long an edge may take to answer `paired`. */
export const readyTimeoutMs = 3_000;

const goingAway = new Uint8Array([0x03, 0xe9]);
const maxUnpairedBytes = 125;

/** What a tunnel is taken for: a vendor's channel, or a browser's connection to a web panel. */
export type PairingWord = typeof pairedWord | typeof webWord;

export class Standby {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #onLost: () => void;
  readonly #decoder = new FrameDecoder("server", maxUnpairedBytes);
  readonly #feed = (bytes: Buffer): void => this.#receive(bytes);
  readonly #end = (): void => this.drop();
  #heard = true;
  #answer: ((rest: Uint8Array | undefined) => void) | undefined;
  #isLost = false;

  /** Owns the socket until `pair` has resolved to its bytes. `onLost` is called once if that never happens. */
  constructor(socket: Socket, clock: Clock, onLost: () => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#onLost = onLost;
    socket.on("data", this.#feed);
    socket.on("end", this.#end);
    socket.on("close", this.#end);
  }

  /** Asks for a sign of life; a tunnel that gave none since the last time is dropped. */
  ping(): void {
    if (this.#heard) this.#send(opcodes.ping, new Uint8Array(0));
    else this.drop();
    this.#heard = false;
  }

  /** Takes the tunnel out of standby: resolves to the raw socket and the bytes behind `ready`, or to undefined if the edge is lost. */
  async pair(word: PairingWord): Promise<{ socket: Socket; rest: Uint8Array } | undefined> {
    if (this.#isLost) return undefined;
    const answered = Promise.withResolvers<Uint8Array | undefined>();
    using _limit = this.#clock.setTimer(readyTimeoutMs, () => this.drop());
    this.#answer = answered.resolve;
    this.#send(opcodes.binary, utf8(word));
    const rest = await answered.promise;
    return rest && { socket: this.#socket, rest };
  }

  /** Tells the edge that this relay goes away, and ends. */
  leave(): void {
    this.#send(opcodes.close, goingAway);
    this.#socket.end();
    this.drop();
  }

  drop(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#socket.destroySoon();
    this.#answer?.(undefined);
    this.#onLost();
  }

  #receive(bytes: Uint8Array): void {
    this.#heard = true;
    this.#decoder.feed(bytes);
    try {
      for (let opcode = this.#decoder.next(); opcode !== undefined; opcode = this.#decoder.next()) {
        if (opcode === opcodes.pong) continue;
        if (opcode === opcodes.binary && this.#isReadyWord()) this.#release();
        else this.drop();
        return;
      }
    } catch {
      this.drop();
    }
  }

  #isReadyWord(): boolean {
    return (
      this.#answer !== undefined && Buffer.from(this.#decoder.payload).toString() === readyWord
    );
  }

  #release(): void {
    const socket = this.#socket;
    socket.off("data", this.#feed);
    socket.off("end", this.#end);
    socket.off("close", this.#end);
    socket.pause();
    this.#isLost = true;
    this.#answer?.(this.#decoder.takeRest());
  }

  #send(opcode: FrameOpcode, payload: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(opcode, payload, "server"));
  }
}
