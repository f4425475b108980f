// Reading from an edge: its journal, recordings, evidence and status, and what it finds when it tries a device, over a sealed channel with that purpose, through the edge's gate. The relay
// has no reading path of its own. Pieces are acknowledged when the consumer asks for the next, so a slow disk holds the edge back.
import * as v from "valibot";
import type { ControlMessage, ControlMessageOf, Probe } from "../channel/messages.ts";
import { hostKeyLine } from "../document/host-key.ts";
import type { Purpose } from "../document/proof.ts";
import type { EdgeId } from "../ids.ts";
import { concatBytes, fromUtf8 } from "../bytes.ts";
import { openEdgeSession } from "./edge-session.ts";
import { SiteFault } from "./fault.ts";
import type { Side } from "./side.ts";

export type ReadingPurpose = Extract<Purpose, "watch" | "play" | "journal" | "export" | "status">;
export type Wanted = Partial<Omit<ControlMessageOf<"read">, "type">>;

const maxLineBytes = 4 * 1024 * 1024;
const lineFeed = 0x0a;

/** The edge's answer in pieces, to its end; throws if the edge refuses, or the answer is cut. */
export function readEdge(
  side: Side,
  edge: EdgeId,
  purpose: ReadingPurpose,
  wanted: Wanted,
): AsyncGenerator<Uint8Array> {
  return askEdge(side, edge, purpose, {
    type: "read",
    recording: null,
    from: 0,
    follow: false,
    search: null,
    ...wanted,
  });
}

async function* askEdge(
  side: Side,
  edge: EdgeId,
  purpose: Purpose,
  question: ControlMessage,
): AsyncGenerator<Uint8Array> {
  const events = { waiting: ignore, warning: ignore, extended: ignore, away: ignore, back: ignore };
  await using session = await openEdgeSession({
    side,
    edge,
    purpose,
    job: undefined,
    code: undefined,
    events,
  });
  const { channel } = session;
  const pieces: { bytes: Uint8Array; settled: () => void }[] = [];
  let wake = Promise.withResolvers<void>();
  let isWhole = false;
  let fault: Error | undefined;
  channel.onData = (bytes, settled) => {
    pieces.push({ bytes, settled });
    wake.resolve();
  };
  channel.onEnd = () => {
    isWhole = true;
    wake.resolve();
  };
  void session.closed.then((closing) => {
    if (!isWhole) fault = side.faultOf(closing, session.ending);
    wake.resolve();
  });
  const { signal } = side;
  const stop = () => wake.resolve();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await session.admitted;
    channel.sendControl(question);
    for (;;) {
      const piece = pieces.shift();
      if (piece !== undefined) {
        yield piece.bytes;
        piece.settled();
        continue;
      }
      signal.throwIfAborted();
      if (fault !== undefined) throw fault;
      if (isWhole) return;
      await wake.promise;
      wake = Promise.withResolvers();
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The answer as lines; throws if the last one is not whole. */
export function readLines(
  side: Side,
  edge: EdgeId,
  purpose: ReadingPurpose,
  wanted: Wanted,
): AsyncGenerator<string> {
  return linesOf(readEdge(side, edge, purpose, wanted));
}

const probeStep = v.object({
  step: v.picklist(["route", "port", "host-key", "login", "done"]),
  ok: v.boolean(),
  text: v.optional(v.string(), ""),
  hostKeys: v.optional(v.array(hostKeyLine), []),
});
/** One step of a test of a device, as the edge took it; the last is `done`. `hostKeys`: what the device showed, to be compared and pinned. */
export type ProbeStep = v.InferOutput<typeof probeStep>;

/** An owner has the edge try a device that no document names yet; a secret goes only to a device whose host key is pinned in it. */
export async function* probeDevice(
  side: Side,
  edge: EdgeId,
  { device, secret }: Omit<Probe, "type">,
): AsyncGenerator<ProbeStep> {
  for await (const line of linesOf(
    askEdge(side, edge, "probe", { type: "probe", device, secret }),
  )) {
    const step = v.safeParse(v.pipe(v.string(), v.parseJson(), probeStep), line);
    if (!step.success)
      throw new SiteFault("message_invalid", "edge tells of its test in words unknown here");
    yield step.output;
    // The edge waits for a further test on this channel; this one is over.
    if (step.output.step === "done") return;
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
