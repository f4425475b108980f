// What the attacker overheard of the control links: messages, documents, receipts and journal headers, already sent or awaited.
import { parseReceipt, type Receipt } from "../../shared/document/denial.ts";
import type { Envelope } from "../../shared/document/envelope.ts";
import type { DocumentHash, EdgeId } from "../../shared/ids.ts";
import { parseHeader, type JournalHeader } from "../../shared/record/journal-entry.ts";
import type { AnyMessage } from "./carried-control.ts";

interface Heard {
  readonly edge: EdgeId;
  readonly message: AnyMessage;
}

export class Overheard {
  readonly #heard: Heard[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #taken = new Map<string, number>();

  /** A message of the link of `edge`, in either direction. */
  hear(edge: EdgeId, message: AnyMessage): void {
    this.#heard.push({ edge, message });
    this.happened();
  }

  /** The first message that an edge or the relay sent, already or from now on, and that fits. */
  async heard<Found>(
    find: (message: AnyMessage, edge: EdgeId) => Found | undefined,
  ): Promise<Found> {
    return this.found(() => {
      for (const { edge, message } of this.#heard) {
        const found = find(message, edge);
        if (found !== undefined) return found;
      }
      return undefined;
    });
  }

  /** The newest checkpoint that an edge has sent; throws if there is none yet. */
  newestCheckpoint(edge: EdgeId): Envelope {
    const newest = this.newest(edge, "checkpoint");
    if (newest === undefined) throw new Error("the edge has sent no checkpoint yet");
    return newest.message.envelope;
  }

  /** All documents that the relay meant for an edge so far, in order. */
  documentsFor(edge: EdgeId): Envelope[] {
    return this.#heard.flatMap(({ edge: to, message: { name, message } }) =>
      name === "document" && to === edge ? [message.envelope] : [],
    );
  }

  /** The newest document of a type for an edge that was not there at the last call for that type. */
  async newestDocument(edge: EdgeId, type: string): Promise<Envelope> {
    const known = this.#taken.get(type) ?? 0;
    const all = () => this.documentsFor(edge).filter((each) => each.type === type);
    const newest = await this.found(() => (all().length > known ? all().at(-1) : undefined));
    this.#taken.set(type, all().length);
    return newest;
  }

  /** All checkpoints that an edge has sent so far, in order. */
  checkpoints(edge: EdgeId): Envelope[] {
    return this.#heard.flatMap(({ edge: from, message: { name, message } }) =>
      name === "checkpoint" && from === edge ? [message.envelope] : [],
    );
  }

  /** All receipts that an edge has sent so far, in order. */
  receipts(edge: EdgeId): Envelope[] {
    return this.#heard.flatMap(({ edge: from, message: { name, message } }) =>
      name === "receipt" && from === edge ? [message.envelope] : [],
    );
  }

  /** Resolves once something that the attacker watches is true; asked after everything that happens. */
  async until(isTrue: () => boolean): Promise<void> {
    await this.found(() => isTrue() || undefined);
  }

  /** The edge's answer to a document: `done`, or the reason of its refusal. */
  async receipt(document: DocumentHash): Promise<string> {
    const { outcome, reason } = await this.receiptOf(document);
    return reason ?? outcome;
  }

  receiptOf(document: DocumentHash): Promise<Receipt> {
    return this.heard(({ name, message }) => {
      if (name !== "receipt") return undefined;
      const receipt = parseReceipt(message.envelope);
      return receipt.document === document ? receipt : undefined;
    });
  }

  /** The first entry of an event in an edge's journal whose ids fit, as its headers say. */
  journaled(event: string, ids: Readonly<Record<string, string>> = {}): Promise<JournalHeader> {
    return this.heard(({ name, message }) =>
      name === "journal"
        ? message.headers.map(parseHeader).find((header) => {
            const fits = Object.entries(ids).every(([id, value]) => header.ids[id] === value);
            return header.event === event && fits;
          })
        : undefined,
    );
  }

  /** The first entry of an event behind entry `n`. */
  journaledAfter(n: number, event: string): Promise<JournalHeader> {
    return this.found(() => this.headers().find((each) => each.event === event && each.n > n));
  }

  /** All journal headers that edges have sent so far. */
  headers(): JournalHeader[] {
    return this.#heard.flatMap(({ message: { name, message } }) =>
      name === "journal" ? message.headers.map(parseHeader) : [],
    );
  }

  /** The newest message of a name to or from an edge. */
  newest<Name extends AnyMessage["name"]>(edge: EdgeId, name: Name) {
    return this.#heard.findLast(
      (item): item is Heard & { message: Extract<AnyMessage, { name: Name }> } =>
        item.edge === edge && item.message.name === name,
    )?.message;
  }

  /** What `find` finds, asked now and after everything that happens. */
  async found<Found>(find: () => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  /** Something happened: whoever waits looks again. */
  happened(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }
}
