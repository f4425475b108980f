// What people of the site read of an edge, over a sealed channel and through the gate: status, journal, recordings, evidence (design: "Record").
// One `read` message asks, the answer is data, the end of it is the channel's end; lines are JSON or asciicast, evidence is a tar stream.
import type { Channel } from "../shared/channel/channel.ts";
import type { Read } from "../shared/channel/messages.ts";
import type { Purpose } from "../shared/document/proof.ts";
import { messageOf, SallyportError } from "../shared/errors.ts";
import { utf8 } from "../shared/bytes.ts";
import { encodeEntry } from "../shared/record/journal-entry.ts";
import type { RecordingId } from "../shared/record/recording-file.ts";
import type { ReadingAdmission } from "./gate.ts";
import type { Journal } from "./journal.ts";
import { exportEvidence, type ExportOptions } from "./record/export.ts";
import { follow, listRecordings, play, search } from "./record/reading.ts";

export interface ReadingWorld {
  readonly journal: Journal;
  /** What an export is made of, at this moment. */
  readonly evidence: () => Omit<ExportOptions, "filter">;
  /** What the edge says of itself to this person. */
  readonly status: (admission: ReadingAdmission) => unknown;
}

type Pieces = AsyncIterable<Uint8Array>;

/** Writes the answer to the channel and ends it; a failure aborts it with its text. Resolves when all was written, or `signal` is aborted. */
export async function answerRead(
  world: ReadingWorld,
  channel: Channel,
  admission: ReadingAdmission,
  read: Read,
  signal: AbortSignal,
): Promise<void> {
  try {
    await writeAll(channel, piecesFor(world, admission, read, signal), signal);
    channel.end();
  } catch (thrown) {
    const code = thrown instanceof SallyportError ? thrown.code : "internal";
    channel.abort(
      `${code}: ${code === "internal" ? "the edge could not read" : messageOf(thrown)}`,
    );
  }
}

function piecesFor(
  world: ReadingWorld,
  admission: ReadingAdmission,
  read: Read,
  signal: AbortSignal,
): Pieces {
  const { recordings } = world.evidence();
  const recording = read.recording as RecordingId | null;
  const answers: Readonly<Partial<Record<Purpose, () => Pieces>>> = {
    status: () => lines([JSON.stringify(world.status(admission))]),
    journal: () => journalLines(world.journal, read, signal),
    export: () => exportEvidence(world.evidence()),
    watch: () =>
      recording === null
        ? listLines(listRecordings(recordings), (item) => item.state === "open")
        : lines(follow(recordings, recording, signal)),
    play: () => {
      if (read.search !== null) return lines(jsonOf(search(recordings, read.search)));
      return recording === null
        ? listLines(listRecordings(recordings), () => true)
        : lines(play(recordings, recording));
    },
  };
  const answer = answers[admission.purpose];
  if (answer === undefined) {
    throw new SallyportError("refused", `nothing is read for "${admission.purpose}"`);
  }
  return answer();
}

async function* journalLines(
  journal: Journal,
  { from, follow: isFollowed }: Read,
  signal: AbortSignal,
): Pieces {
  for await (const entry of journal.entriesFrom(from, isFollowed ? signal : undefined)) {
    yield utf8(`${encodeEntry(entry)}\n`);
  }
}

async function* listLines<Item>(
  items: Promise<readonly Item[]>,
  isWanted: (item: Item) => boolean,
): Pieces {
  for (const item of (await items).filter(isWanted)) yield utf8(`${JSON.stringify(item)}\n`);
}

async function* jsonOf(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const item of items) yield JSON.stringify(item);
}

async function* lines(texts: AsyncIterable<string> | Iterable<string>): Pieces {
  for await (const text of texts) yield utf8(`${text}\n`);
}

// At the channel's bound nothing more is read from the source.
async function writeAll(channel: Channel, pieces: Pieces, signal: AbortSignal): Promise<void> {
  let drained = Promise.withResolvers<void>();
  channel.onDrain = () => drained.resolve();
  const stop = (): void => drained.resolve();
  signal.addEventListener("abort", stop);
  try {
    for await (const piece of pieces) {
      if (signal.aborted) return;
      if (channel.write(piece)) continue;
      await drained.promise;
      drained = Promise.withResolvers();
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
