// What this side holds of a site: the manifest chain, walked from the pinned site id, and the newest rosters (protocol.md, "Succession").
// Invariant: whatever a relay gives is verified under this view or not used; a relay can withhold, and cannot go back behind what was seen.
import type { Clock } from "../clock.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import type { Envelope } from "../document/envelope.ts";
import type { Held } from "../document/held.ts";
import { verifyRoster, type Roster } from "../document/roster.ts";
import { acceptFirst, acceptNext, walkChain, type ManifestChain } from "../document/succession.ts";
import type { Verified } from "../document/verify.ts";
import { messageOf } from "../errors.ts";
import type { CompanyId, SiteId } from "../ids.ts";
import { SiteFault } from "./fault.ts";
import type { Notices, SiteMemory } from "./memory.ts";
import type { SiteRelay } from "./relay-client.ts";

const warnBeforeEndSeconds = 60 * 24 * 3600;

export interface ViewOptions {
  readonly memory: SiteMemory;
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly notices: Notices;
}

/** A verified view of one site. `held()` is what every verify function of shared/document takes. */
export class SiteView {
  readonly site: SiteId;
  readonly #options: ViewOptions;
  #chain: ManifestChain;
  #envelopes: readonly Envelope[];
  #rosters: readonly Verified<Roster>[] = [];

  constructor(options: ViewOptions, chain: ManifestChain, envelopes: readonly Envelope[]) {
    this.site = chain.site;
    this.#options = options;
    this.#chain = chain;
    this.#envelopes = envelopes;
  }

  get chain(): ManifestChain {
    return this.#chain;
  }

  /** The chain's envelopes from manifest 1 on, as an edge may ask for them. */
  get envelopes(): readonly Envelope[] {
    return this.#envelopes;
  }

  get rosters(): readonly Verified<Roster>[] {
    return this.#rosters;
  }

  held(): Held {
    const { suite, clock } = this.#options;
    return {
      suite,
      manifest: this.#chain.held,
      rosters: this.#rosters,
      nowAt: Math.floor(clock.wallMs() / 1000),
    };
  }

  /** Goes forward with what the relay has. Owners who signed two manifests of one version are an alarm, not a choice. */
  async update(relay: SiteRelay): Promise<void> {
    const { memory, suite } = this.#options;
    const before = this.#chain;
    for (const envelope of await relay.manifests(before.held.payload.version)) {
      const step = await acceptNext(suite, envelope, this.#chain);
      if (step.outcome === "accepted") {
        this.#chain = step.chain;
        this.#envelopes = [...this.#envelopes, envelope];
      } else if (step.outcome === "recovering") {
        this.#options.notices.warning(
          `manifest ${step.chain.held.payload.version} is signed by the recovery key; edges wait 72 hours for an owner's veto, and it does not count here until then`,
        );
        break;
      } else if (step.outcome === "sibling") {
        throw new SiteFault(
          "manifest_fork",
          `the site has forked: owners signed a second manifest ${step.manifest.payload.version}, "${step.manifest.hash}", beside the held "${this.#chain.held.hash}"`,
          "nothing more is signed from here; compare both with the other owners by voice",
        );
      } else if (step.outcome === "refused") {
        throw new SiteFault(
          "signature_invalid",
          `relay offers a manifest that does not verify: ${messageOf(step.error)}`,
        );
      } else if (step.outcome === "gap") {
        throw new SiteFault(
          "signature_invalid",
          `relay leaves out manifests after version ${step.after}`,
        );
      }
    }
    if (this.#chain !== before) await memory.keepManifests(this.site, this.#envelopes);
    await this.#updateRosters(relay);
    this.#warnOfEnd();
  }

  // The remembered roster comes first, so that an older one offered after it does not verify as its successor.
  async #updateRosters(relay: SiteRelay): Promise<void> {
    const { memory } = this.#options;
    const companies = this.#chain.held.payload.companies.map(({ id }) => id);
    const newest = new Map<CompanyId, Verified<Roster>>();
    for (const company of companies) {
      const kept = await memory.newest(this.site, "rosters", company);
      const verified = kept && (await this.#tryRoster(kept, undefined));
      if (verified) newest.set(company, verified);
    }
    const offered = companies.length === 0 ? [] : await relay.documents(["roster"]);
    for (const { envelope } of offered) {
      const roster = await this.#tryRoster(envelope, newest);
      const previous = roster && newest.get(roster.payload.company);
      if (roster === undefined || previous?.hash === roster.hash) continue;
      newest.set(roster.payload.company, roster);
      await memory.keepNewest(this.site, "rosters", roster.payload.company, envelope);
    }
    this.#rosters = [...newest.values()];
  }

  // A roster that does not verify counts for nothing: its company's technicians are then simply not known.
  async #tryRoster(
    envelope: Envelope,
    newest: ReadonlyMap<CompanyId, Verified<Roster>> | undefined,
  ): Promise<Verified<Roster> | undefined> {
    try {
      const alone = await verifyRoster(envelope, this.held());
      const previous = newest?.get(alone.payload.company);
      if (previous === undefined || previous.hash === alone.hash) return alone;
      return alone.payload.version > previous.payload.version ? alone : undefined;
    } catch {
      return undefined;
    }
  }

  #warnOfEnd(): void {
    const { payload } = this.#chain.held;
    const leftSeconds = payload.endsAt - this.held().nowAt;
    const day = new Date(payload.endsAt * 1000).toISOString().slice(0, 10);
    if (leftSeconds <= 0)
      this.#options.notices.warning(
        `the site's manifest ended on ${day}: nobody is admitted until the owners sign the next one`,
      );
    else if (leftSeconds < warnBeforeEndSeconds)
      this.#options.notices.warning(
        `the site's manifest ends on ${day}: the owners must sign the next one before`,
      );
  }
}

/** The view as stored on this machine, or from the relay's manifest 1 if there is none; the pinned id decides what counts. */
export async function openSiteView(
  options: ViewOptions,
  site: SiteId,
  relay: SiteRelay,
): Promise<SiteView> {
  const stored = await options.memory.manifests(site);
  if (stored.length > 0)
    return new SiteView(options, await walkChain(options.suite, stored, site), stored);
  const [first] = await relay.manifests(1);
  if (first === undefined)
    throw new SiteFault("unreachable", `relay has no manifest of site "${site}"`);
  const chain = await acceptFirst(options.suite, first, site);
  await options.memory.keepManifests(site, [first]);
  return new SiteView(options, chain, [first]);
}
