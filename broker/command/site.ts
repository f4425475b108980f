// One site as a verb works with it: pinned, signed in at its relay, its view brought up to date. Opened once per command.
import { signEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import { requirePerson, type Held, type KnownPerson } from "../../shared/document/held.ts";
import type { Checkpoint } from "../../shared/document/checkpoint.ts";
import { parseManifest, type Role } from "../../shared/document/manifest.ts";
import type { Verified } from "../../shared/document/verify.ts";
import { parsePersonId, type EdgeId, type PersonId, type SiteId } from "../../shared/ids.ts";
import { newestCheckpoint } from "../../shared/site/checkpoints.ts";
import type { Closing } from "../../shared/site/closing.ts";
import type { Side } from "../../shared/site/side.ts";
import type { Clock } from "../../shared/clock.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import type { Proof } from "../../shared/document/proof.ts";
import type { FrameTransport } from "../../shared/transport.ts";
import { closingError } from "./closing-error.ts";
import { dialChannel } from "./dial.ts";
import type { Tui } from "./tui.ts";
import { nowSeconds, type Context } from "./context.ts";
import { CommandError } from "./exit-codes.ts";
import type { Pin } from "./home.ts";
import type { OpenedKey } from "./keys.ts";
import {
  OpenRelay,
  SiteRelay,
  type DocumentType,
  type ListedEdge,
  type Posted,
} from "../../shared/site/relay-client.ts";
import { RelayHttp } from "./relay-http.ts";
import { openSiteView, type SiteView } from "../../shared/site/site-view.ts";

const renewBeforeSeconds = 5 * 60;

/** A signed document as it was published. */
export interface Published {
  readonly envelope: Envelope;
  readonly posted: Posted;
}

export class Site implements Side {
  readonly context: Context;
  readonly pin: Pin;
  readonly relay: SiteRelay;
  readonly view: SiteView;
  #edges: Promise<ListedEdge[]> | undefined;

  constructor(context: Context, pin: Pin, relay: SiteRelay, view: SiteView) {
    this.context = context;
    this.pin = pin;
    this.relay = relay;
    this.view = view;
  }

  get suite(): CryptoSuite {
    return this.context.suite;
  }

  get clock(): Clock {
    return this.context.clock;
  }

  get signal(): AbortSignal {
    return this.context.signal;
  }

  get notices(): Tui {
    return this.context.tui;
  }

  get id(): SiteId {
    return this.view.site;
  }

  get held(): Held {
    return this.view.held();
  }

  /** Who this person is at the site; throws saying what to do if nobody knows them yet. */
  get me(): PersonId {
    if (this.pin.person === null)
      throw new CommandError(
        "notFound",
        `who you are at site "${this.pin.name}" is not known here`,
      );
    return parsePersonId(this.pin.person);
  }

  /** This person as the manifest or a fresh roster knows them, with at least one of the roles. */
  requireRole(...roles: readonly Role[]): KnownPerson {
    const person = requirePerson(this.me, this.held);
    if (roles.length > 0 && !person.roles.some((role) => roles.includes(role))) {
      throw new CommandError(
        "refused",
        `"${this.me}" is ${person.roles.join(", ") || "of no role"} here, expected ${roles.join(" or ")}`,
      );
    }
    return person;
  }

  key(): Promise<OpenedKey> {
    return this.context.keys.open();
  }

  /** Unlocks the key: an edge waits ten seconds for a proof, and a passphrase takes longer to type. */
  async readyToProve(): Promise<void> {
    await this.key();
  }

  async prove(proof: Proof): Promise<Envelope> {
    const { sign } = await this.key();
    return signEnvelope("proof", proof, [sign]);
  }

  asksForTouch(): boolean {
    return false;
  }

  async dial(edge: EdgeId): Promise<FrameTransport> {
    const { clock, proxy, signal } = this.context;
    const { authority, url } = this.pin.relay;
    return dialChannel({
      relay: new URL(url),
      edge,
      token: await this.relay.token(),
      clock,
      signal,
      ...(proxy && { proxy }),
      ...(authority !== null && { extraCa: authority }),
    });
  }

  faultOf(closing: Closing, ending: string | undefined): Error {
    return closingError(closing, ending);
  }

  /** Signs a payload with this person's key and gives it to the relay. */
  async publish(type: DocumentType, payload: unknown): Promise<Published> {
    const { sign } = await this.key();
    return this.give(await signEnvelope(type, payload, [sign]));
  }

  /** Gives a signed document to the relay. */
  async give(envelope: Envelope): Promise<Published> {
    return { envelope, posted: await this.relay.publish(envelope) };
  }

  /** The edges as the relay sees them now: presence is its word alone. Asked once per command. */
  edges(): Promise<ListedEdge[]> {
    this.#edges ??= this.relay.edges();
    return this.#edges;
  }

  /** The newest checkpoint of an edge that was ever seen here. */
  async checkpoint(edge: EdgeId): Promise<Verified<Checkpoint> | undefined> {
    const listed = (await this.edges()).find((each) => each.edge === edge);
    return newestCheckpoint(
      this.context.home,
      this.view,
      edge,
      listed?.checkpoint ?? null,
      this.notices,
    );
  }

  edgeName(id: EdgeId): string {
    return this.held.manifest.payload.edges.find((edge) => edge.id === id)?.name ?? id;
  }

  now(): number {
    return nowSeconds(this.context);
  }
}

/** Opens the site that `--site` names, or the only one: signs in, walks the manifests, verifies the rosters. */
export async function openSite(context: Context): Promise<Site> {
  const pin = await context.home.pinOf(context.chosen.site);
  const relay = siteRelay(context, pin);
  const view = await openSiteView(
    { memory: context.home, suite: context.suite, clock: context.clock, notices: context.tui },
    pin.site,
    relay,
  );
  await view.update(relay);
  return new Site(context, await named(context, pin, view), relay, view);
}

// A newcomer pins a site before its name is known; the first verified manifest gives it one.
async function named(context: Context, pin: Pin, view: SiteView): Promise<Pin> {
  if (pin.name !== "") return pin;
  const full = { ...pin, name: view.chain.held.payload.name };
  await context.home.keepPin(full);
  return full;
}

/** The relay of a pinned site, which signs in when it has to, and keeps the sign-in for the next command. */
export function siteRelay(context: Context, pin: Pin): SiteRelay {
  const http = new RelayHttp(pin.relay, context.proxy);
  let live: Promise<string> | undefined;
  return new SiteRelay(http, pin.site, (renew) => {
    if (renew) live = undefined;
    live ??= signIn(context, pin, new OpenRelay(http), renew);
    return live;
  });
}

async function signIn(
  context: Context,
  pin: Pin,
  relay: OpenRelay,
  renew: boolean,
): Promise<string> {
  const known = await context.keys.known();
  const kept = renew ? undefined : await context.home.signIn(pin.site);
  const isLive =
    kept !== undefined &&
    kept.keyid === known?.keyid &&
    kept.expiresAt - renewBeforeSeconds > nowSeconds(context);
  if (isLive) return kept.token;
  const key = await context.keys.open();
  const { token, expiresAt } = await relay.signIn(
    pin.site,
    pin.person,
    key.sign,
    nowSeconds(context),
    await relayNames(context, pin),
  );
  await context.home.keepSignIn(pin.site, { token, expiresAt, keyid: key.keyid });
  return token;
}

// As the newest manifest that is kept here says; nothing before a newcomer's first one.
async function relayNames({ home }: Context, { site }: Pin): Promise<string[]> {
  const newest = (await home.manifests(site)).at(-1);
  return newest === undefined ? [] : parseManifest(newest).relays.map(({ name }) => name);
}
