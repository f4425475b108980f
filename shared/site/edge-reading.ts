// Reading from an edge: its journal, recordings, evidence and status, and what it finds when it tries a device, over a sealed channel with that purpose, through the edge's gate. The relay
// has no reading path of its own. Pieces are acknowledged when the consumer asks for the next, so a slow disk holds the edge back.
import * as v from "valibot";
import type { ControlMessage, ControlMessageOf, Probe } from "../channel/messages.ts";
import { certificateFingerprint } from "../document/device-key.ts";
import { hostKeyLine } from "../document/host-key.ts";
import type { Purpose } from "../document/proof.ts";
import type { EdgeId } from "../ids.ts";
import { concatBytes, fromUtf8 } from "../bytes.ts";
import { openEdgeSession, type EdgeSession } from "./edge-session.ts";
import { SiteFault } from "./fault.ts";
import type { Side } from "./side.ts";

export type ReadingPurpose = Extract<Purpose, "watch" | "play" | "journal" | "export" | "status">;
export type Wanted = Partial<Omit<ControlMessageOf<"read">, "type">>;
/** Calls `beat` at once and every few seconds while a person looks at what is read, and answers how to stop (shared/protocol.md, "Watching"). */
export type Looking = (beat: () => void) => () => void;

const maxLineBytes = 4 * 1024 * 1024;
const lineFeed = 0x0a;

/** The edge's answer in pieces, to its end; throws if the edge refuses, or the answer is cut. */
export function readEdge(
  side: Side,
  edge: EdgeId,
  purpose: ReadingPurpose,
  wanted: Wanted,
  looking?: Looking,
): AsyncGenerator<Uint8Array> {
  const question = {
    type: "read",
    recording: null,
    from: 0,
    follow: false,
    search: null,
    ...wanted,
  } as const;
  return askEdge(side, edge, purpose, question, looking);
}

async function* askEdge(
  side: Side,
  edge: EdgeId,
  purpose: Purpose,
  question: ControlMessage,
  looking?: Looking,
): AsyncGenerator<Uint8Array> {
  await using answers = await EdgeAnswers.open(side, edge, purpose);
  yield* answers.ask(question, looking);
}

/** A channel on which an edge answers questions with data, one after the other. */
class EdgeAnswers implements AsyncDisposable {
  readonly #side: Side;
  readonly #session: EdgeSession;
  readonly #pieces: { bytes: Uint8Array; settled: () => void }[] = [];
  #wake = Promise.withResolvers<void>();
  #isWhole = false;
  #fault: Error | undefined;
  #isClosed = false;

  private constructor(side: Side, session: EdgeSession) {
    this.#side = side;
    this.#session = session;
    const { channel } = session;
    channel.onData = (bytes, settled) => {
      this.#pieces.push({ bytes, settled });
      this.#wake.resolve();
    };
    channel.onEnd = () => {
      this.#isWhole = true;
      this.#wake.resolve();
    };
    void session.closed.then((closing) => {
      if (!this.#isWhole) this.#fault = side.faultOf(closing, session.ending);
      this.#isClosed = true;
      this.#wake.resolve();
    });
  }

  /** Whether nothing more can be asked. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  static async open(side: Side, edge: EdgeId, purpose: Purpose): Promise<EdgeAnswers> {
    const events = {
      waiting: ignore,
      warning: ignore,
      extended: ignore,
      away: ignore,
      back: ignore,
    };
    const job = undefined;
    const code = undefined;
    const session = await openEdgeSession({ side, edge, purpose, job, code, events });
    return new EdgeAnswers(side, session);
  }

  /** The pieces of the answer, until the edge ends it or the caller has enough. */
  async *ask(question: ControlMessage, looking?: Looking): AsyncGenerator<Uint8Array> {
    const { signal } = this.#side;
    let stopLooking: ReturnType<Looking> | undefined;
    const stop = () => this.#wake.resolve();
    signal.addEventListener("abort", stop, { once: true });
    try {
      await this.#session.admitted;
      this.#session.channel.sendControl(question);
      stopLooking = looking?.(() => this.#session.channel.sendControl({ type: "watching" }));
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          // Settled even if the caller has enough with it: the next answer must find room.
          try {
            yield piece.bytes;
          } finally {
            piece.settled();
          }
          continue;
        }
        signal.throwIfAborted();
        if (this.#fault !== undefined) throw this.#fault;
        if (this.#isWhole) return;
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      }
    } finally {
      stopLooking?.();
      signal.removeEventListener("abort", stop);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.end();
  }
}

/** The answer as lines; throws if the last one is not whole. */
export function readLines(
  side: Side,
  edge: EdgeId,
  purpose: ReadingPurpose,
  wanted: Wanted,
  looking?: Looking,
): AsyncGenerator<string> {
  return linesOf(readEdge(side, edge, purpose, wanted, looking));
}

const probeStep = v.object({
  step: v.picklist(["route", "port", "host-key", "certificate", "login", "done"]),
  ok: v.boolean(),
  text: v.optional(v.string(), ""),
  hostKeys: v.optional(v.array(hostKeyLine), []),
  certificate: v.optional(certificateFingerprint),
});
/** One step of a test of a device, as the edge took it; the last is `done`. `hostKeys`, `certificate`: what the device showed, to be compared and pinned. */
export type ProbeStep = v.InferOutput<typeof probeStep>;

/** An owner's channel on which an edge tries devices that no document names yet: one proof for all of them. */
export class Probing implements AsyncDisposable {
  readonly #answers: EdgeAnswers;

  private constructor(answers: EdgeAnswers) {
    this.#answers = answers;
  }

  static async open(side: Side, edge: EdgeId): Promise<Probing> {
    return new Probing(await EdgeAnswers.open(side, edge, "probe"));
  }

  get isClosed(): boolean {
    return this.#answers.isClosed;
  }

  /** One device, step by step; the next one after its last step. A secret goes only to a device whose host key is pinned in it. */
  async *try({ device, secret }: Omit<Probe, "type">): AsyncGenerator<ProbeStep> {
    for await (const line of linesOf(this.#answers.ask({ type: "probe", device, secret }))) {
      const step = v.safeParse(v.pipe(v.string(), v.parseJson(), probeStep), line);
      if (!step.success)
        throw new SiteFault("message_invalid", "edge tells of its test in words unknown here");
      yield step.output;
      if (step.output.step === "done") return;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#answers[Symbol.asyncDispose]();
  }
}

async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let held: Uint8Array = new Uint8Array();
  for await (const piece of pieces) {
    held = held.length === 0 ? piece : concatBytes(held, piece);
    let from = 0;
    for (let end = held.indexOf(lineFeed); end >= 0; end = held.indexOf(lineFeed, from)) {
      yield fromUtf8(held.subarray(from, end));
      from = end + 1;
    }
    held = held.slice(from);
    if (held.length > maxLineBytes)
      throw new SiteFault(
        "message_invalid",
        `edge sends a line of more than ${maxLineBytes} bytes`,
      );
  }
  if (held.length > 0) throw new SiteFault("message_invalid", "edge's answer ends within a line");
}

function ignore(): void {
  return undefined;
}
