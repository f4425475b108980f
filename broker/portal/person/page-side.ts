// A person's side of one site as this page holds it (shared/site/side.ts): cookie sign-in at the relay, the verified view in the browser's database,
// the browser's own key for what needs no touch, and the signing page for what does.
import { verifyCheckpoint } from "../../../shared/document/checkpoint.ts";
import type { Checkpoint } from "../../../shared/document/checkpoint.ts";
import type { Clock } from "../../../shared/clock.ts";
import { fromUtf8 } from "../../../shared/bytes.ts";
import { browserCrypto } from "../../../shared/crypto/browser.ts";
import type { CryptoSuite } from "../../../shared/crypto/suite.ts";
import {
  addSignatures,
  signEnvelope,
  type Envelope,
  type SignPae,
} from "../../../shared/document/envelope.ts";
import {
  requireEdge,
  requirePerson,
  type Held,
  type KnownPerson,
} from "../../../shared/document/held.ts";
import { keyIdOf, type PasskeyPublic } from "../../../shared/document/keys.ts";
import type { Role } from "../../../shared/document/manifest.ts";
import type { Proof } from "../../../shared/document/proof.ts";
import type { Verified } from "../../../shared/document/verify.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { EdgeId, PersonId, SiteId } from "../../../shared/ids.ts";
import { newestCheckpoint } from "../../../shared/site/checkpoints.ts";
import type { Closing } from "../../../shared/site/closing.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { Notices } from "../../../shared/site/memory.ts";
import {
  SiteRelay,
  type DocumentType,
  type ListedEdge,
  type Posted,
} from "../../../shared/site/relay-client.ts";
import type { Side } from "../../../shared/site/side.ts";
import { openSiteView, type SiteView } from "../../../shared/site/site-view.ts";
import type { FrameTransport } from "../../../shared/transport.ts";
import { browserClock } from "./browser-clock.ts";
import { browserMemory } from "./browser-memory.ts";
import type { OwnKey } from "./own-key.ts";
import type { Pin } from "./pins.ts";
import { pageRelay } from "./relay-fetch.ts";
import { SigningWindow } from "./signing-window.ts";
import { dialEdge } from "./web-socket-transport.ts";

/** A signed document as it was published. */
export interface Published {
  readonly envelope: Envelope;
  readonly posted: Posted;
}

export interface PageSideParts {
  readonly pin: Pin;
  readonly relay: SiteRelay;
  readonly view: SiteView;
  /** The browser's own key, if it has one that this site lists as the person's. */
  readonly own: OwnKey | undefined;
  readonly notices: Notices;
  readonly signal: AbortSignal;
  /** A signing window that was opened in the click which asks for the next proof. */
  readonly touch?: SigningWindow;
  /** What that proof names: the signing page shows it. */
  readonly about?: readonly Envelope[];
}

export class PageSide implements Side {
  readonly #parts: PageSideParts;

  constructor(parts: PageSideParts) {
    this.#parts = parts;
  }

  get id(): SiteId {
    return this.view.site;
  }

  get me(): PersonId {
    return this.#parts.pin.person;
  }

  get suite(): CryptoSuite {
    return browserCrypto;
  }

  get clock(): Clock {
    return browserClock;
  }

  get signal(): AbortSignal {
    return this.#parts.signal;
  }

  get notices(): Notices {
    return this.#parts.notices;
  }

  get relay(): SiteRelay {
    return this.#parts.relay;
  }

  get view(): SiteView {
    return this.#parts.view;
  }

  get held(): Held {
    return this.view.held();
  }

  now(): number {
    return Math.floor(browserClock.wallMs() / 1000);
  }

  edgeName(id: EdgeId): string {
    return this.held.manifest.payload.edges.find((edge) => edge.id === id)?.name ?? id;
  }

  /** Oneself as the manifest or a fresh roster knows one; undefined once one is no longer listed. */
  get known(): KnownPerson | undefined {
    try {
      return requirePerson(this.me, this.held);
    } catch (thrown) {
      if (thrown instanceof SallyportError && thrown.code === "forbidden") return undefined;
      throw thrown;
    }
  }

  hasRole(...roles: readonly Role[]): boolean {
    return this.known?.roles.some((role) => roles.includes(role)) ?? false;
  }

  /** One's passkeys at this site; empty where one has none, or the site names no signing page. */
  get passkeys(): PasskeyPublic[] {
    if (this.held.manifest.payload.signing === null) return [];
    return (this.known?.keys ?? []).filter((key) => key.kind === "passkey");
  }

  /** Whether this browser holds a key of its own that counts here: without it everything takes a touch. */
  get signsQuietly(): boolean {
    return this.#parts.own !== undefined;
  }

  /** How this person decides: by passkey where there is one, else by the browser's own key. */
  get decidesBy(): "passkey" | "browser" {
    return this.passkeys.length > 0 ? "passkey" : "browser";
  }

  /** Opens the signing page; to be called in the click. Undefined where this person decides by the browser's own key. */
  openTouch(): SigningWindow | undefined {
    const [origin] = this.held.manifest.payload.signing?.origins ?? [];
    if (this.passkeys.length === 0 || origin === undefined) return undefined;
    return new SigningWindow(origin);
  }

  /** Signs without a touch, by the browser's own key; throws `forbidden` if it has none. */
  async signQuietly(type: string, payload: unknown): Promise<Envelope> {
    return signEnvelope(type, payload, [this.#ownSigner()]);
  }

  /** Signs what decides: by a touch in the window that `openTouch` gave, else by the browser's own key. `about` are the documents that it names. */
  async decide(
    type: string,
    payload: unknown,
    touch: SigningWindow | undefined,
    about: readonly Envelope[] = [],
  ): Promise<Envelope> {
    if (touch === undefined) return this.signQuietly(type, payload);
    const unsigned = await signEnvelope(type, payload, []);
    return this.#touched(unsigned, touch, about);
  }

  /** Adds one's signature to a document that another has signed. */
  async cosign(
    envelope: Envelope,
    touch: SigningWindow | undefined,
    about: readonly Envelope[] = [],
  ): Promise<Envelope> {
    if (touch === undefined) return addSignatures(envelope, [this.#ownSigner()]);
    return this.#touched(envelope, touch, about);
  }

  async #touched(
    envelope: Envelope,
    touch: SigningWindow,
    about: readonly Envelope[],
  ): Promise<Envelope> {
    try {
      const signature = await touch.sign({
        type: envelope.type,
        payload: envelope.payload,
        keys: this.passkeys,
        chain: this.view.envelopes,
        about: [...about, ...this.#rostersNamedIn([envelope, ...about])],
      });
      return { ...envelope, signatures: [...envelope.signatures, signature] };
    } catch (thrown) {
      touch.close();
      throw thrown;
    }
  }

  // The signing page shows technicians by name: it is given the rosters of their companies.
  #rostersNamedIn(documents: readonly Envelope[]): Envelope[] {
    const texts = documents.map(({ payload }) => fromUtf8(payload));
    return this.view.rosters
      .filter(({ payload }) => texts.some((text) => text.includes(`"${payload.company}/`)))
      .map(({ envelope }) => envelope);
  }

  /** Signs quietly and gives the document to the relay. */
  async publish(type: DocumentType, payload: unknown): Promise<Published> {
    return this.give(await this.signQuietly(type, payload));
  }

  /** Gives a signed document to the relay. */
  async give(envelope: Envelope): Promise<Published> {
    return { envelope, posted: await this.relay.publish(envelope) };
  }

  edges(): Promise<ListedEdge[]> {
    return this.relay.edges();
  }

  async checkpoint(edge: EdgeId): Promise<Verified<Checkpoint> | undefined> {
    const listed = (await this.edges()).find((each) => each.edge === edge);
    const offered = listed?.checkpoint ?? null;
    return newestCheckpoint(browserMemory, this.view, edge, offered, this.notices);
  }

  /** A newcomer's first checkpoint of an edge, which was introduced and is not listed yet. */
  async keepFirstCheckpoint(edge: EdgeId, checkpoint: Envelope): Promise<void> {
    if ((await browserMemory.newest(this.id, "checkpoints", edge)) !== undefined) return;
    await verifyCheckpoint(this.suite, checkpoint, this.id, requireEdge(edge, this.held));
    await browserMemory.keepNewest(this.id, "checkpoints", edge, checkpoint);
  }

  /** This side with a window in which the next proof is touched; `about` are the documents that the proof names. */
  withTouch(touch: SigningWindow | undefined, about: readonly Envelope[] = []): PageSide {
    const { touch: _former, ...parts } = this.#parts;
    return new PageSide(touch === undefined ? parts : { ...parts, touch, about });
  }

  /** This side with work that is given up when `signal` is aborted. */
  until(signal: AbortSignal): PageSide {
    return new PageSide({ ...this.#parts, signal });
  }

  async readyToProve(): Promise<void> {
    if (this.#parts.touch === undefined) this.#ownSigner();
  }

  async prove(proof: Proof): Promise<Envelope> {
    const { touch, about } = this.#parts;
    return touch !== undefined && this.asksForTouch(proof.purpose)
      ? this.decide("proof", proof, touch, about)
      : this.signQuietly("proof", proof);
  }

  /** Reading is proved quietly where the browser has a key of its own; what reaches a device takes the touch. */
  asksForTouch(_purpose: Proof["purpose"]): boolean {
    return this.#parts.touch !== undefined;
  }

  dial(edge: EdgeId): Promise<FrameTransport> {
    return dialEdge(edge);
  }

  faultOf({ how, error, reason }: Closing, ending: string | undefined): Error {
    const why = ending ?? reason ?? error?.message ?? "";
    if (error?.code === "refused") return new SiteFault("refused", why);
    return new SiteFault(how === "cut" ? "transport_lost" : "channel_aborted", why);
  }

  #ownSigner(): SignPae {
    const { own } = this.#parts;
    if (own === undefined)
      throw new SiteFault("forbidden", "this browser holds no key of yours for this site");
    return own.sign;
  }
}

/** Opens the side of a pinned site: walks the manifests from the pinned id, verifies the rosters. Somebody must be signed in. */
export async function openPageSide(
  pin: Pin,
  own: OwnKey | undefined,
  notices: Notices,
): Promise<PageSide> {
  const relay = new SiteRelay(pageRelay, pin.site, async () => undefined);
  const options = { memory: browserMemory, suite: browserCrypto, clock: browserClock, notices };
  const view = await openSiteView(options, pin.site, relay);
  await view.update(relay);
  const signal = new AbortController().signal;
  const parts = { pin, relay, view, own: undefined, notices, signal };
  const known = new PageSide(parts).known;
  const listed = await Promise.all((known?.keys ?? []).map((key) => keyIdOf(browserCrypto, key)));
  return new PageSide({ ...parts, own: own && listed.includes(own.keyid) ? own : undefined });
}
