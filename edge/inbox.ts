// Documents that the relay hands over: each is given to whoever judges its type, and every signed stop is answered by a receipt.
// Invariants: what was read is noted only after it was dealt with, so that a kill loses nothing; a receipt says "done" only when it is done.
import * as v from "valibot";
import { fromUtf8 } from "../shared/bytes.ts";
import type { DownMessage, UpMessage } from "../shared/control.ts";
import type { Receipt } from "../shared/document/denial.ts";
import {
  encodeEnvelope,
  hashEnvelope,
  parseEnvelope,
  signEnvelope,
  type Envelope,
  type SignPae,
} from "../shared/document/envelope.ts";
import { parseLift } from "../shared/document/lockdown.ts";
import { messageOf, SallyportError } from "../shared/errors.ts";
import type { DocumentHash, EdgeId, SiteId } from "../shared/ids.ts";
import { trustTypes, type Acceptance } from "./acceptance.ts";
import type { Devices } from "./devices.ts";
import { readIfPresent, writeDurably } from "./durable-file.ts";
import type { Jobs } from "./jobs.ts";
import type { Archive } from "./record/archive.ts";
import { isOwnFailure, type Refusals } from "./refusals.ts";
import type { Sessions } from "./sessions.ts";
import type { Stops } from "./stops.ts";
import type { Trust } from "./trust.ts";
import type { EntryReference } from "./trust-file.ts";

/** Documents that came before what they stand on; the oldest gives way. They are written down with each document that is read. */
const maxPostponed = 64;
const maxPostponedBytes = 1024 * 1024;
/** Receipts that are sent again at a start, newest ones: the relay may not have had them. */
const receiptsAtStart = 32;

export interface InboxOptions {
  readonly path: string;
  readonly site: SiteId;
  readonly edge: EdgeId;
  readonly sign: SignPae;
  readonly trust: Trust;
  readonly jobs: Jobs;
  readonly devices: Devices;
  readonly sessions: Pick<Sessions, "settled">;
  readonly stops: Stops;
  readonly refusals: Refusals;
  readonly archive: Archive;
  readonly sendReceipt: (receipt: Envelope) => void;
  readonly log: (line: string) => void;
}

const stateSchema = v.strictObject({
  log: v.nullable(v.string()),
  after: v.number(),
  postponed: v.array(v.string()),
});

export class Inbox {
  readonly #options: InboxOptions;
  #read: UpMessage<"need">;
  #postponed: readonly Envelope[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    options: InboxOptions,
    read: UpMessage<"need">,
    postponed: readonly Envelope[],
  ) {
    this.#options = options;
    this.#read = read;
    this.#postponed = postponed;
  }

  static async open(options: InboxOptions): Promise<Inbox> {
    const content = await readIfPresent(options.path);
    if (content === undefined) return new Inbox(options, { log: null, after: 0 }, []);
    const { postponed, ...read } = v.parse(stateSchema, JSON.parse(fromUtf8(content)));
    return new Inbox(
      options,
      read,
      postponed.map((text) => parseEnvelope(text)),
    );
  }

  /** Up to where in which of the relay's logs everything is dealt with. */
  read(): UpMessage<"need"> {
    return this.#read;
  }

  /** Deals with one document, after those before it. Rejects only if the edge could not write down what it had to. */
  async take(document: DownMessage<"document">): Promise<void> {
    return this.#inTurn(() => this.#take(document));
  }

  /** Tries again what came too early; called when a request has come by another way. */
  async retry(): Promise<void> {
    return this.#inTurn(() => this.#retry());
  }

  async #take({ log, seq, envelope }: DownMessage<"document">): Promise<void> {
    await this.#deal(envelope);
    const after = this.#read.log === log ? Math.max(seq, this.#read.after) : seq;
    this.#read = { log, after };
    const state = { log, after, postponed: this.#postponed.map(encodeEnvelope) };
    await writeDurably(this.#options.path, `${JSON.stringify(state)}\n`);
  }

  /** Sends the newest receipts again. They are made anew to the byte. */
  async answerAgain(): Promise<void> {
    const stops = [...this.#options.trust.answered()];
    stops.sort((left, right) => right.entry.index - left.entry.index);
    for (const { hash, entry } of stops.slice(0, receiptsAtStart)) {
      await this.#answer(hash, entry, null);
    }
  }

  async #deal(envelope: Envelope): Promise<void> {
    const { type } = envelope;
    if (trustTypes.has(type)) await this.#dealWithTrust(envelope);
    else if (type === "grant") await this.#dealWithGrant(envelope);
    else if (type === "request" || type === "device" || type === "secret") {
      await this.#dealWithRest(envelope);
    }
  }

  async #dealWithTrust(envelope: Envelope): Promise<void> {
    const { trust, stops, sessions } = this.#options;
    const acceptance = await trust.accept(envelope);
    const isStop = envelope.type !== "manifest" && envelope.type !== "roster";
    // One that is known may have been cut off by a kill before its stop was lifted.
    if (envelope.type === "lift" && ["accepted", "known"].includes(acceptance.outcome)) {
      await stops.lift(parseLift(envelope).lockdown);
    }
    if (acceptance.outcome === "accepted") {
      if (isStop) await sessions.settled();
      else await this.#retry();
    }
    if (isStop) await this.#answerStop(acceptance);
    if (acceptance.outcome === "refused") {
      this.#options.log(`${envelope.type} refused: ${acceptance.error.message}`);
    }
  }

  async #answerStop(acceptance: Acceptance): Promise<void> {
    if (acceptance.outcome === "elsewhere" || acceptance.entry === undefined) return;
    const reason = acceptance.outcome === "refused" ? acceptance.error.code : null;
    await this.#answer(acceptance.hash, acceptance.entry, reason);
  }

  async #dealWithGrant(envelope: Envelope): Promise<void> {
    const { jobs, refusals, log } = this.#options;
    const offer = await jobs.offer(envelope);
    if (offer.outcome !== "refused") return;
    if (offer.reason === "manifest-unknown" || offer.reason === "request-missing") {
      this.#postpone(envelope);
      return;
    }
    const { reason, message } = offer;
    log(`grant refused: ${reason}, ${message}`);
    const hash = await hashEnvelope(envelope);
    const entry = await refusals.report("grant-refused", { document: hash }, { reason, message });
    if (entry !== undefined) await this.#answer(hash, entry, reason);
  }

  // A request, device or secret may come before the manifest that it stands on.
  async #dealWithRest(envelope: Envelope): Promise<void> {
    const { jobs, devices, trust, log } = this.#options;
    const held = trust.heldNow();
    try {
      if (held === undefined) throw new SallyportError("refused", "no manifest is held yet");
      if (envelope.type === "request") {
        await jobs.find(envelope);
        await this.#retry();
      } else await devices.take(envelope, await hashEnvelope(envelope), held);
    } catch (thrown) {
      if (thrown instanceof SallyportError && isOwnFailure(thrown)) throw thrown;
      log(`${envelope.type} not taken: ${messageOf(thrown)}`);
      this.#postpone(envelope);
    }
  }

  #postpone(envelope: Envelope): void {
    const postponed = [...this.#postponed, envelope].slice(-maxPostponed);
    let bytes = postponed.reduce((sum, item) => sum + item.payload.length, 0);
    while (bytes > maxPostponedBytes) bytes -= postponed.shift()?.payload.length ?? bytes;
    this.#postponed = postponed;
  }

  async #retry(): Promise<void> {
    const waiting = [...this.#postponed];
    this.#postponed = [];
    try {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        await this.#deal(next);
        waiting.shift();
      }
    } finally {
      // What could not be written down is not lost by it.
      this.#postponed = [...this.#postponed, ...waiting];
    }
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  // A receipt's date is its entry's, so that the same receipt made twice is the same document.
  async #answer(
    document: DocumentHash,
    { index, hash, wallMs }: EntryReference,
    reason: string | null,
  ): Promise<void> {
    const { site, edge, sign, archive, sendReceipt } = this.#options;
    const payload: Receipt = {
      site,
      edge,
      document,
      outcome: reason === null ? "done" : "refused",
      reason,
      entry: { index, hash },
      at: Math.floor(wallMs / 1000),
    };
    const receipt = await signEnvelope("receipt", payload, [sign]);
    await archive.keep(receipt);
    sendReceipt(receipt);
  }
}
