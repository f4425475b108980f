// A journal as it comes from its edge, each entry checked against the one before it and all of it against the newest checkpoint that this browser
// has seen: an edge that shows another journal than before is found out here.
import type { Checkpoint } from "../../../shared/document/checkpoint.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import {
  emptyHead,
  readEntry,
  type JournalEntry,
  type JournalPoint,
} from "../../../shared/record/journal-entry.ts";
import { readLines } from "../../../shared/site/edge-reading.ts";
import type { Side } from "../../../shared/site/side.ts";

export interface ReadJournal {
  /** In their order, each the successor of the one before. */
  readonly entries: readonly JournalEntry[];
  /** How many of the journal's entries, from its first, the checkpoint covers; undefined if the entry that it names was not read. */
  readonly witnessed: number | undefined;
  /** The edge shows another entry than the one whose fingerprint was seen. */
  readonly isRewritten: boolean;
}

const tellMs = 150;

/** Reads from entry `from` on; with `follows` it goes on until the side is given up. Throws `journal_damaged` where the chain does not hold. */
export async function readJournal(
  side: Side,
  edge: EdgeId,
  from: number,
  follows: boolean,
  tell: (soFar: ReadJournal) => void,
): Promise<ReadJournal> {
  const checkpoint = (await side.checkpoint(edge))?.payload;
  const entries: JournalEntry[] = [];
  let point: JournalPoint | undefined = from === 0 ? { length: 0, head: emptyHead } : undefined;
  let telling: ReturnType<typeof setTimeout> | undefined;
  const soFar = (): ReadJournal => ({ entries: [...entries], ...judge(entries, checkpoint) });
  try {
    for await (const line of readLines(side, edge, "journal", { from, follow: follows })) {
      // In the middle of a journal, the first line says itself what it continues.
      point ??= { length: from, head: previousOf(line) };
      const { entry, next } = await readEntry(side.suite, line, point);
      point = next;
      entries.push(entry);
      telling ??= setTimeout(() => {
        telling = undefined;
        tell(soFar());
      }, tellMs);
    }
    return soFar();
  } finally {
    clearTimeout(telling);
  }
}

function judge(
  entries: readonly JournalEntry[],
  checkpoint: Checkpoint | undefined,
): Pick<ReadJournal, "witnessed" | "isRewritten"> {
  const first = entries[0]?.header.n ?? 0;
  const named = checkpoint && entries[checkpoint.length - 1 - first];
  if (checkpoint === undefined || named === undefined)
    return { witnessed: undefined, isRewritten: false };
  const isRewritten = named.hash !== checkpoint.head;
  return { witnessed: isRewritten ? undefined : checkpoint.length, isRewritten };
}

function previousOf(line: string): string {
  try {
    return (JSON.parse(line) as { header: { previous: string } }).header.previous;
  } catch (cause) {
    throw new SallyportError("journal_damaged", "first entry cannot be read", { cause });
  }
}
