import * as assert from "uvu/assert";
import { PassThrough } from "node:stream";
import { newestCheckpoint } from "../../../shared/site/checkpoints.ts";
import { Home } from "../../../broker/command/home.ts";
import { RelayFault } from "../../../shared/site/relay-call.ts";
import { openSiteView, type ViewOptions } from "../../../shared/site/site-view.ts";
import { Tui } from "../../../broker/command/tui.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { encodeEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { siteOf } from "../../../shared/document/held.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { PaperSite, paperAt, signed, suite, twinSite } from "../document/paper-site.ts";
import { CannedRelay } from "../command/canned-relay.ts";

interface Bench extends AsyncDisposable {
  readonly options: ViewOptions;
  readonly relay: CannedRelay;
  readonly told: () => string;
}

async function bench(): Promise<Bench> {
  const folder = temporaryFolder();
  const relay = await CannedRelay.start();
  const stderr = new PassThrough();
  let said = "";
  stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const tui = new Tui({ stdout: new PassThrough(), stderr, openTerminal: () => undefined });
  const clock = new TurnedClock(paperAt * 1000);
  return {
    relay,
    options: { memory: new Home(folder.path), suite, clock, notices: tui },
    told: () => said,
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function failureOf(act: Promise<unknown>): Promise<string> {
  return act.then(
    () => "nothing was refused",
    (thrown: Error) => thrown.message,
  );
}

async function nextOf(site: PaperSite, name: string): Promise<Envelope> {
  return signed("manifest", site.next({ name }), "anna", "ben");
}

await group("the view of a site through a relay", {}, (test) => {
  test("begins at the pinned id and goes forward as the owners sign", async () => {
    await using b = await bench();
    const site = await PaperSite.make();
    const later = await site.succeed({ name: "Paper mill, new" });
    b.relay.manifests(site.id, [site.chain.held.envelope]);
    await b.relay.documents(site.id, []);
    const relay = b.relay.forSite(site.id);
    const view = await openSiteView(b.options, site.id, relay);
    await view.update(relay);
    b.relay.manifests(site.id, [site.chain.held.envelope, later.chain.held.envelope]);
    await view.update(relay);
    assert.is(view.held().manifest.payload.name, "Paper mill, new");
    assert.is(siteOf(view.held().manifest), site.id);
    const stored = await openSiteView(b.options, site.id, relay);
    assert.is(stored.chain.held.payload.version, 2, "kept on this machine");
  });
  test("a command that a relay keeps behind does not take another one back with it", async () => {
    await using b = await bench();
    const site = await PaperSite.make();
    const [second, relay] = [await site.succeed({ name: "two" }), b.relay.forSite(site.id)];
    const third = await second.succeed({ name: "three" });
    const [one, two, three] = [site, second, third].map((each) => each.chain.held.envelope);
    assert.ok(one && two && three);
    b.relay.manifests(site.id, [one]);
    await b.relay.documents(site.id, []);
    const [slow, quick] = [
      await openSiteView(b.options, site.id, relay),
      await openSiteView(b.options, site.id, relay),
    ];
    b.relay.manifests(site.id, [one, two, three]);
    await quick.update(relay);
    b.relay.manifests(site.id, [one, two]);
    await slow.update(relay);
    const next = await openSiteView(b.options, site.id, relay);
    assert.is(next.chain.held.payload.version, 3);
  });
  test("a chain of several pages is walked to its end, one without an end is given up", async () => {
    await using b = await bench();
    const site = await PaperSite.make();
    const second = await site.succeed({ name: "two" });
    const third = await second.succeed({ name: "three" });
    const chain = [site, second, third].map((each) => each.chain.held.envelope);
    const relay = b.relay.forSite(site.id);
    await b.relay.documents(site.id, []);
    const path = `/api/sites/${site.id}/manifests`;
    const page = (from: number, envelope: Envelope | undefined, newest: number) => ({
      body: {
        manifests: envelope
          ? [{ version: from, envelope: JSON.parse(encodeEnvelope(envelope)) }]
          : [],
        newest,
      },
    });
    const fromOf = (url: URL) => Number(url.searchParams.get("from"));
    b.relay.answers.set(path, (url) => page(fromOf(url), chain[fromOf(url) - 1], 3));
    const view = await openSiteView(b.options, site.id, relay);
    await view.update(relay);
    assert.is(view.held().manifest.payload.version, 3);
    b.relay.answers.set(path, (url) => page(fromOf(url), chain[2], Number.MAX_SAFE_INTEGER));
    assert.match(
      await failureOf(relay.manifests(3)),
      /relay gives more than 1000 pages of manifests/,
    );
    b.relay.answers.set(`/api/sites/${site.id}/documents`, (url) => ({
      body: { documents: [], after: Number(url.searchParams.get("after")) + 1 },
    }));
    assert.match(
      await failureOf(relay.documents(["grant"])),
      /relay gives more than 1000 pages of documents/,
    );
  });
  test("a whole other site under the pinned id is refused", async () => {
    await using b = await bench();
    const [site, twin] = [await PaperSite.make(), await twinSite()];
    b.relay.manifests(site.id, [twin.chain.held.envelope]);
    assert.match(
      await failureOf(openSiteView(b.options, site.id, b.relay.forSite(site.id))),
      /is not the pinned first one/,
    );
  });
  test("a manifest that owners did not sign is refused and not kept", async () => {
    await using b = await bench();
    const site = await PaperSite.make();
    const forged = await signed("manifest", site.next({ name: "Evil" }), "mallory", "anna");
    b.relay.manifests(site.id, [site.chain.held.envelope, forged]);
    await b.relay.documents(site.id, []);
    const relay = b.relay.forSite(site.id);
    const view = await openSiteView(b.options, site.id, relay);
    assert.match(
      await failureOf(view.update(relay)),
      /relay offers a manifest that does not verify/,
    );
    assert.is((await b.options.memory.manifests(site.id)).length, 1);
  });
  test("a fork by the owners is an alarm, and a rollback cannot undo what was seen", async () => {
    await using b = await bench();
    const site = await PaperSite.make();
    const [one, other] = [await nextOf(site, "One"), await nextOf(site, "Other")];
    b.relay.manifests(site.id, [site.chain.held.envelope, one]);
    await b.relay.documents(site.id, []);
    const relay = b.relay.forSite(site.id);
    const view = await openSiteView(b.options, site.id, relay);
    await view.update(relay);
    b.relay.manifests(site.id, [site.chain.held.envelope]);
    await view.update(relay);
    assert.is(view.held().manifest.payload.name, "One");
    b.relay.manifests(site.id, [other]);
    assert.match(
      await failureOf(view.update(relay)),
      /the site has forked: owners signed a second manifest 2/,
    );
  });
  test("an older roster does not bring a removed technician back", async () => {
    await using b = await bench();
    const site = await PaperSite.make();
    const [first, second] = [
      await signed("roster", await site.roster(), "adam"),
      await signed("roster", await site.roster({ version: 2, technicians: [] }), "adam"),
    ];
    b.relay.manifests(site.id, [site.chain.held.envelope]);
    await b.relay.documents(site.id, [first, second]);
    const relay = b.relay.forSite(site.id);
    const view = await openSiteView(b.options, site.id, relay);
    await view.update(relay);
    assert.equal(
      view.rosters.map(({ payload }) => payload.version),
      [2],
    );
    await b.relay.documents(site.id, [first]);
    const again = await openSiteView(b.options, site.id, relay);
    await again.update(relay);
    assert.equal(
      again.rosters.map(({ payload }) => payload.version),
      [2],
    );
  });
  test("warns long before the manifest ends", async () => {
    await using b = await bench();
    const site = await PaperSite.make((manifest) => ({
      ...manifest,
      endsAt: paperAt + 30 * 24 * 3600,
    }));
    b.relay.manifests(site.id, [site.chain.held.envelope]);
    await b.relay.documents(site.id, []);
    const relay = b.relay.forSite(site.id);
    await (await openSiteView(b.options, site.id, relay)).update(relay);
    assert.match(b.told(), /warning: the site's manifest ends on 2026-12-23/);
  });
  test("the newest checkpoint of an edge is remembered; an older one is not used, another of its length is an alarm", async () => {
    await using b = await bench();
    const site = await PaperSite.make();
    b.relay.manifests(site.id, [site.chain.held.envelope]);
    const view = await openSiteView(b.options, site.id, b.relay.forSite(site.id));
    const see = async (offered: Envelope | null) =>
      newestCheckpoint(b.options.memory, view, site.edge.id, offered, b.options.notices);
    assert.is(await see(null), undefined);
    assert.is((await see(await site.anchor({ length: 20 })))?.payload.length, 20);
    assert.is((await see(await site.anchor({ length: 12 })))?.payload.length, 20);
    assert.match(
      b.told(),
      /warning: relay offers a checkpoint .* with 12 entries; 20 were seen before/,
    );
    assert.is((await see(null))?.payload.length, 20);
    const forked = site.anchor({ length: 20, head: toBase64Url(new Uint8Array(32).fill(1)) });
    assert.match(await failureOf(see(await forked)), /has shown two journals of 20 entries/);
    const foreign = await signed("checkpoint", site.checkpoint({ length: 99 }), "relay");
    assert.match(await failureOf(see(foreign)), /does not verify/);
  });
  test("a sign-in that the relay no longer takes is renewed once, and its refusals are told with the field", async () => {
    await using b = await bench();
    const site = await PaperSite.make();
    const tokens: boolean[] = [];
    const relay = b.relay.forSite(site.id, async (renew) => {
      tokens.push(renew);
      return renew ? "new" : "old";
    });
    b.relay.answers.set(`/api/sites/${site.id}/totp`, () =>
      b.relay.asked.at(-1)?.endsWith("Bearer new") === true
        ? { body: { state: "none" } }
        : { status: 401, body: { code: "unauthorised", message: "sign in" } },
    );
    assert.is(await relay.totpState(), "none");
    assert.equal(tokens, [false, true]);
    b.relay.answers.set(`/api/sites/${site.id}/totp/confirm`, () => ({
      status: 403,
      body: { code: "forbidden", message: "code was used", field: "code" },
    }));
    const fault = await relay.confirmTotp("123456").then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.instance(fault, RelayFault);
    assert.is((fault as RelayFault).message, "relay: code: code was used");
  });
  test("an answer that is not JSON, not of its schema or endless is an error and nothing else", async () => {
    await using b = await bench();
    const site = await PaperSite.make();
    const relay = b.relay.forSite(site.id);
    const answer = (body: unknown) =>
      b.relay.answers.set(`/api/sites/${site.id}/edges`, () => ({ body }));
    answer("<html>");
    assert.match(await failureOf(relay.edges()), /is not JSON/);
    answer({ edges: [{ edge: 7 }] });
    assert.match(await failureOf(relay.edges()), /edges\.0\.edge/);
    answer(" ".repeat(9 * 1024 * 1024));
    assert.match(await failureOf(relay.edges()), /exceeds 8388608 bytes/);
  });
});
