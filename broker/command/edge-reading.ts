// Reading from an edge: its journal, recordings, evidence and status, over a sealed channel with that purpose, through the edge's gate. The relay
// has no reading path of its own. Pieces are acknowledged when the consumer asks for the next, so a slow disk holds the edge back.
import type { ControlMessageOf } from "../../shared/channel/messages.ts";
import type { Purpose } from "../../shared/document/proof.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { fromUtf8 } from "../../shared/bytes.ts";
import { closingError, openEdgeSession } from "./edge-session.ts";
import { CommandError } from "./exit-codes.ts";
import type { Site } from "./site.ts";

export type ReadingPurpose = Extract<Purpose, "watch" | "play" | "journal" | "export" | "status">;
export type Wanted = Partial<Omit<ControlMessageOf<"read">, "type">>;

const maxLineBytes = 4 * 1024 * 1024;
const lineFeed = 0x0a;

/** The edge's answer in pieces, to its end; throws if the edge refuses, or the answer is cut. */
export async function* readEdge(
  site: Site,
  edge: EdgeId,
  purpose: ReadingPurpose,
  wanted: Wanted,
): AsyncGenerator<Uint8Array> {
  const events = { waiting: ignore, warning: ignore, extended: ignore, away: ignore, back: ignore };
  await using session = await openEdgeSession({
    site,
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
    if (!isWhole) fault = closingError(closing, session.ending);
    wake.resolve();
  });
  const { signal } = site.context;
  const stop = () => wake.resolve();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await session.admitted;
    channel.sendControl({
      type: "read",
      recording: null,
      from: 0,
      follow: false,
      search: null,
      ...wanted,
    });
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
export async function* readLines(
  site: Site,
  edge: EdgeId,
  purpose: ReadingPurpose,
  wanted: Wanted,
): AsyncGenerator<string> {
  let held: Uint8Array = new Uint8Array();
  for await (const piece of readEdge(site, edge, purpose, wanted)) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    let from = 0;
    for (let end = held.indexOf(lineFeed); end >= 0; end = held.indexOf(lineFeed, from)) {
      yield fromUtf8(held.subarray(from, end));
      from = end + 1;
    }
    held = held.slice(from);
    if (held.length > maxLineBytes)
      throw new CommandError("protocol", `edge sends a line of more than ${maxLineBytes} bytes`);
  }
  if (held.length > 0) throw new CommandError("protocol", "edge's answer ends within a line");
}

/** The edge that `--edge` names, by name or id; else the site's only one. */
export function edgeNamed(site: Site, name: string | undefined): EdgeId {
  const [only, ...others] = edgesNamed(site, name);
  if (only !== undefined && others.length === 0) return only;
  throw new CommandError("usage", "site has several edges", "say which: --edge <name>");
}

/** The edges that `--edge` names; without it all of the manifest. */
export function edgesNamed(site: Site, name: string | undefined): EdgeId[] {
  const { edges } = site.held.manifest.payload;
  const found = edges
    .filter((edge) => name === undefined || edge.id === name || edge.name === name)
    .map(({ id }) => id);
  if (found.length > 0) return found;
  const known = edges.map((edge) => `"${edge.name}"`).join(", ");
  throw new CommandError(
    "notFound",
    name === undefined ? "site has no edge yet" : `edge "${name}" is not in the manifest`,
    known === "" ? "make a claim for one: sallyport claim <name>" : `expected one of ${known}`,
  );
}

function ignore(): void {
  return undefined;
}
