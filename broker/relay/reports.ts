// What edges report: presence, journal headers, checkpoints, receipts, introductions. Whatever an edge reports is signed by it or hash-chained;
// the relay keeps it for the site's people and, as a witness, signs each checkpoint that goes on from what it has seen.
// Invariant: a message that cannot be kept for good reasons of its own is logged and let go (a retry would not mend it); only the store's faults throw.
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { AnyUpMessage, DownMessage, UpMessage } from "../../shared/control.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { verifyCheckpoint } from "../../shared/document/checkpoint.ts";
import { verifyReceipt } from "../../shared/document/denial.ts";
import {
  addSignatures,
  encodeEnvelope,
  type Envelope,
  type SignPae,
} from "../../shared/document/envelope.ts";
import { edgeIdOf } from "../../shared/document/keys.ts";
import { parseIntroduction } from "../../shared/document/introduction.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { EdgeId } from "../../shared/ids.ts";
import {
  checkNext,
  emptyHead,
  hashHeader,
  parseHeader,
} from "../../shared/record/journal-entry.ts";
import type { Delivery } from "./delivery.ts";
import type { Directory } from "./directory.ts";
import type { Drop } from "./drop.ts";
import type { Rate } from "./rate.ts";
import type { DocumentRows } from "./store/document-rows.ts";
import type { EdgeRow, EdgeRows, SessionChange } from "./store/edge-rows.ts";
import type { WebPanels } from "./web-panels.ts";

export interface ReportParts {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  /** The relay's attestation key, as witness. */
  readonly sign: SignPae;
  readonly directory: Directory;
  readonly documents: DocumentRows;
  readonly edges: EdgeRows;
  readonly drop: Drop;
  readonly delivery: Delivery;
  readonly acknowledge: (edge: EdgeId, message: DownMessage<"ack">) => boolean;
  /** Called after headers of an edge's journal are durable. */
  readonly onJournal: (edge: EdgeId) => void;
  readonly panels: Pick<WebPanels, "announce" | "certify">;
  readonly rate: Rate;
  readonly log: (line: string) => void;
}

export class Reports {
  readonly #parts: ReportParts;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  /** Keeps one message of an edge; resolves once it is durable. */
  async take(edge: EdgeId, { name, message }: AnyUpMessage): Promise<void> {
    await this.#inRate(edge);
    try {
      const row = await this.#parts.edges.get(edge);
      if (name === "introduced") await this.#introduced(edge, message.envelope);
      else if (name === "need") await this.#parts.delivery.need(edge, message);
      else if (name === "journal" && row) await this.#journal(row, message);
      else if (name === "checkpoint" && row) await this.#checkpoint(row, message.envelope);
      else if (name === "receipt" && row) await this.#receipt(row, message.envelope);
      else if (name === "web" && row) await this.#parts.panels.announce(edge, message.names);
      else if (name === "certify" && row) this.#parts.panels.certify(edge, message.request);
    } catch (thrown) {
      if (!(thrown instanceof SallyportError) || thrown.code === "internal") throw thrown;
      this.#parts.log(`edge ${edge}: "${name}" let go: ${thrown.message}`);
    }
  }

  /** Tells an edge how much of its journal is here. */
  async acknowledgeJournal(edge: EdgeId): Promise<void> {
    const journal = await this.#parts.edges.journalLength(edge);
    this.#parts.acknowledge(edge, { journal });
  }

  // A flood is slowed down, not refused: the edge keeps what is not acknowledged.
  async #inRate(edge: EdgeId): Promise<void> {
    for (;;) {
      const waitMs = this.#parts.rate.tryTake(edge);
      if (waitMs === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      using _timer = this.#parts.clock.setTimer(waitMs, resolve);
      await promise;
    }
  }

  async #introduced(edge: EdgeId, envelope: Envelope): Promise<void> {
    const { site, edge: introduced } = parseIntroduction(envelope);
    const own = introduced && (await edgeIdOf(this.#parts.suite, introduced.signingKey));
    if (own !== edge) throw new SallyportError("forbidden", "introduces another edge than itself");
    await this.#parts.drop.take(site, envelope, undefined);
  }

  async #journal({ edge }: EdgeRow, { from, headers }: UpMessage<"journal">): Promise<void> {
    const { suite, edges } = this.#parts;
    const length = await edges.journalLength(edge);
    if (from <= length) {
      const last = from === 0 ? undefined : await edges.journalHeader(edge, from - 1);
      const head = last === undefined ? emptyHead : await hashHeader(suite, parseHeader(last));
      let point = { length: from, head: head as string };
      const sessions: SessionChange[] = [];
      for (const text of headers) {
        const header = parseHeader(text);
        point = checkNext({ header, hash: await hashHeader(suite, header) }, point);
        const { session, person, request } = header.ids;
        if (session !== undefined && header.event.startsWith("session-")) {
          const at = Math.floor(header.wallMs / 1000);
          sessions.push({ event: header.event, session, person, request, at });
        }
      }
      await edges.appendJournal(edge, from, headers, sessions);
      this.#parts.onJournal(edge);
    }
    await this.acknowledgeJournal(edge);
  }

  async #checkpoint(row: EdgeRow, envelope: Envelope): Promise<void> {
    const { suite, clock, sign, edges } = this.#parts;
    const { edge, site, publicKey: signingKey } = row;
    const { payload } = await verifyCheckpoint(suite, envelope, site, { id: edge, signingKey });
    const { length, head } = payload;
    const stored = length === 0 ? undefined : await edges.journalHeader(edge, length - 1);
    if (stored !== undefined && (await hashHeader(suite, parseHeader(stored))) !== head) {
      throw new SallyportError("journal_damaged", `checkpoint ${length} contradicts its journal`);
    }
    const witnessed = await addSignatures(envelope, [sign]);
    const added = await edges.addCheckpoint(edge, {
      length,
      head,
      envelope: encodeEnvelope(envelope),
      witness: encodeEnvelope(witnessed),
      at: wallSeconds(clock),
    });
    const newest = await edges.newestCheckpoint(edge);
    if (!added && newest && (newest.length > length || newest.head !== head)) {
      throw new SallyportError(
        "journal_damaged",
        `checkpoint ${length} does not go on from ${newest.length}: it was rolled back or forked`,
      );
    }
  }

  async #receipt({ site }: EdgeRow, envelope: Envelope): Promise<void> {
    const { directory, documents, drop } = this.#parts;
    const { payload } = await verifyReceipt(envelope, await directory.held(site));
    const about = await documents.newest(site, payload.document);
    await drop.append(site, envelope, {
      state: "complete",
      subject: payload.document,
      edge: payload.edge,
      ...(about?.vendor && { vendor: about.vendor }),
    });
  }
}
