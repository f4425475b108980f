// What happens at a site and whom it is told: answers, ends, lockdowns, lifts, edges, manifests, standing permissions. And what is never told.
import * as assert from "uvu/assert";
import { hashEnvelope } from "../../../shared/document/envelope.ts";
import { emptyHead } from "../../../shared/record/journal-entry.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";
import { paperAt, signed } from "../document/paper-site.ts";
import { EdgeAtRelay, headersOf } from "./edge-at-relay.ts";
import { NotifiedSite, secretReason } from "./notified-site.ts";

const secondMs = 1000;
const daySeconds = 24 * 3600;
const everybody = ["anna", "ben", "cleo", "dora", "vera", "olaf"] as const;

function names(world: NotifiedSite, expected: RegExp): string[] {
  const told = everybody.filter((name) =>
    world.heard(name).some(({ content }) => expected.test(content.body)),
  );
  return [...told].sort();
}

/** Until these have heard it, and then that nobody else has. */
async function toldTo(world: NotifiedSite, expected: RegExp, ...to: string[]): Promise<void> {
  await Promise.all(to.map((name) => world.told(name, expected)));
  for (let turn = 0; turn < 5; turn += 1) await world.as("dora", "GET", "/notify");
  assert.equal(names(world, expected), [...to].sort());
}

const withEdges = async () => NotifiedSite.start(everybody, {}, undefined, true);

const fields = { reason: secretReason, issuedAt: paperAt };

await group("relay notify news", { timeoutMs: 60_000 }, (test) => {
  test("a grant and a denial are told to the vendor, with a link to the job", async () => {
    await using world = await NotifiedSite.start(["vera", "anna"]);
    const granted = await world.request();
    await world.grant(granted.envelope, "cleo");
    const yes = await world.told("vera", /approved by Name of cleo/);
    assert.is(yes.url, `${world.relay.url}/jobs/${granted.hash}`);
    const denied = await world.request();
    await world.deny(denied.hash, "cleo");
    const no = await world.told("vera", /denied by Name of cleo/);
    assert.is(no.url, `${world.relay.url}/jobs/${denied.hash}`);
  });
  test("a grant that lacks a signature is told to nobody; with the second one the vendor hears", async () => {
    await using world = await NotifiedSite.start(["vera"]);
    const plc = { id: "plc", rights: ["connect"] };
    const { envelope } = await world.request({ targets: [plc] });
    const first = await world.drop("cleo", await world.grantEnvelope(envelope, {}, "cleo"));
    assert.ok(first);
    const both = await world.grantEnvelope(envelope, {}, "cleo", "anna");
    await world.drop("anna", both);
    await world.told("vera", /approved by Name of cleo and 1 more/);
    assert.is(world.heard("vera").length, 1);
  });
  test("the end of a job is told to its vendor, its approvers and the owners, and not to who ended it", async () => {
    await using world = await NotifiedSite.start(everybody);
    const { envelope, hash } = await world.request();
    await world.grant(envelope, "cleo");
    const scope = { kind: "request", id: hash };
    const payload = { site: world.site.id, edge: world.site.edge.id, scope, ...fields };
    await world.drop("cleo", await signed("revocation", payload, "cleo"));
    await toldTo(world, /Access was ended by Name of cleo/, "vera", "anna", "ben", "olaf");
  });
  test("a lockdown and its lift are told to who runs a session there, to approvers and owners", async () => {
    await using world = await withEdges();
    const { envelope, hash } = await world.request();
    await world.grant(envelope, "cleo");
    await runSession(world, hash);
    const nonce = toBase64Url(new Uint8Array(16).fill(3));
    const lockdown = { site: world.site.id, scope: { kind: "site" }, ...fields, nonce };
    await world.drop("cleo", await signed("lockdown", lockdown, "cleo"));
    await toldTo(world, /lockdown was ordered by Name of cleo/, "vera", "anna", "ben", "olaf");
    const entry = toBase64Url(new Uint8Array(32).fill(4));
    const lift = { site: world.site.id, edge: world.site.edge.id, lockdown: entry, ...fields };
    world.calm();
    await world.drop("anna", await signed("lift", lift, "anna"));
    await toldTo(world, /lifted by Name of anna/, "vera", "ben", "cleo", "olaf");
  });
  test("each use of a standing permission is announced to its approvers; a common job's is not", async () => {
    await using world = await withEdges();
    const common = await world.request();
    await world.grant(common.envelope, "cleo");
    world.calm();
    const issuedAt = Math.floor(world.relay.clock.wallMs() / 1000);
    const untilAt = issuedAt + 30 * daySeconds;
    const windows = { timeZone: "Europe/Berlin", days: [1], from: "06:00", to: "14:00", untilAt };
    const standing = await world.request({ windows, startBeforeAt: untilAt });
    await world.grant(standing.envelope, "cleo");
    world.calm();
    await runSession(world, common.hash, standing.hash);
    await toldTo(world, /standing permission is being used by Name of vera/, "anna", "ben", "cleo");
    const { url } = await world.told("anna", /standing/);
    assert.is(url, `${world.relay.url}/jobs/${standing.hash}`);
  });
  test("an edge that is away for ten minutes, and its return, are told to owners; a short absence is not", async () => {
    await using world = await withEdges();
    const short = await EdgeAtRelay.connect(world.relay);
    await short[Symbol.asyncDispose]();
    world.relay.clock.advanceMs(9 * 60 * secondMs);
    {
      await using _back = await EdgeAtRelay.connect(world.relay);
      world.relay.clock.advanceMs(20 * 60 * secondMs);
      await world.as("dora", "GET", "/notify");
      assert.equal(names(world, /offline/), []);
    }
    await isAway(world);
    world.relay.clock.advanceMs(601 * secondMs);
    await toldTo(world, /has been offline/, "anna", "ben", "olaf");
    await using _again = await EdgeAtRelay.connect(world.relay);
    await toldTo(world, /online again/, "anna", "ben", "olaf");
  });
  test("a manifest that waits for a further owner is told to the others", async () => {
    await using world = await NotifiedSite.start(everybody);
    const next = world.site.next({ name: "Paper mill II" });
    await world.drop("anna", await signed("manifest", next, "anna"));
    await toldTo(world, /signed by Name of anna, waits for your signature/, "ben", "olaf");
  });
  test("a manifest by the recovery key is told to every owner, in time for a veto", async () => {
    await using world = await NotifiedSite.start(everybody);
    const next = world.site.next({ name: "Taken mill", ownersNeeded: 1 });
    await world.drop("olaf", await signed("manifest", next, "recovery", "olaf"));
    await toldTo(world, /recovery key was used.*veto/, "anna", "ben", "olaf");
  });
  test("the manifest's end is told to owners 60, 14 and 3 days before, and not after the next one", async () => {
    await using world = await NotifiedSite.start(everybody);
    await world.request(); // the first entry after the manifest: both are read
    await world.told("cleo");
    const end = world.site.manifest.endsAt;
    for (const days of [60, 14, 3]) {
      world.relay.clock.advanceMs((end - days * daySeconds) * 1000 - world.relay.clock.wallMs());
      await toldTo(world, new RegExp(`ends in ${days} days`), "anna", "ben", "olaf");
      world.forgetSignIns();
    }
    const next = world.site.next({ endsAt: end + 365 * daySeconds });
    await world.drop("anna", await signed("manifest", next, "anna", "ben"));
    const before = world.push.pushed.items.length;
    world.relay.clock.advanceMs(10 * daySeconds * 1000);
    world.forgetSignIns();
    await world.as("dora", "GET", "/notify");
    assert.is(world.push.pushed.items.length, before);
  });
  test("no message holds a reason, a ticket, a target, a key, a token or a code, by whatever way it goes", async () => {
    await using world = await withEdges();
    const { envelope, hash } = await world.request();
    await Promise.all(["anna", "ben", "cleo"].map((name) => world.told(name, /waits/)));
    await world.grant(envelope, "cleo");
    await runSession(world, hash);
    const scope = { kind: "request", id: hash };
    const payload = { site: world.site.id, edge: world.site.edge.id, scope, ...fields };
    await world.drop("cleo", await signed("revocation", payload, "cleo"));
    await world.told("vera", /ended/);
    world.calm();
    await world.deny((await world.request()).hash, "ben");
    await world.as("cleo", "POST", "/hand-over", { to: "anna", note: secretReason });
    await Promise.all([
      world.told("vera", /denied/),
      world.told("cleo", /answered by Name of ben/),
    ]);
    const all = world.push.pushed.items.map(({ text }) => text).join("\n");
    const tokens = await Promise.all(everybody.map((name) => world.token(name)));
    const { body } = await world.as("anna", "GET", "/notify");
    const forbidden = [
      secretReason,
      "ticket-that-nobody-is-told",
      "hmi",
      "A device",
      world.site.edge.id,
      ...tokens,
      body.vapidPublicKey,
      world.relay.registrationToken,
    ];
    for (const word of forbidden) assert.not.ok(all.includes(word), `"${word}" was told`);
    assert.ok(all.includes("Name of vera"), "a word that is told would have been found");
  });
  test("who leaves the site is told nothing any more, and whoever gets that id later does not inherit a phone", async () => {
    await using world = await NotifiedSite.start(["cleo", "anna"]);
    const persons = world.site.manifest.persons.filter(({ id }) => id !== "cleo");
    const without = world.site.next({ persons });
    await world.drop("anna", await signed("manifest", without, "anna", "ben"));
    await world.request();
    await world.told("anna", /waits/);
    const { body } = await world.as("anna", "GET", "/notify/people");
    assert.not.ok(body.people.some(({ person }) => person === "cleo"));
    const again = { ...without, persons: world.site.manifest.persons };
    const previous = await hashEnvelope(await signed("manifest", without, "anna", "ben"));
    const back = { ...again, version: without.version + 1, previous };
    await world.drop("anna", await signed("manifest", back, "anna", "ben"));
    assert.equal((await world.as("cleo", "GET", "/notify")).body.channels, []);
    assert.is(world.heard("cleo").length, 0);
  });
  test("names that would break a line or turn the text around are told without that", async () => {
    await using world = await NotifiedSite.start(["anna"], {}, (manifest) => ({
      ...manifest,
      name: `Mill\u200b ${"x".repeat(100)}`,
      persons: manifest.persons.map((person) =>
        person.id === "vera" ? { ...person, name: "Vera\u2060\u00ad <b>&\u200d" } : person,
      ),
    }));
    await world.request();
    const { title, body } = await world.told("anna");
    assert.match(title, /^Mill x{50,}…$/);
    assert.is(title.length, 60);
    assert.is(body, "A request waits for you: Vera <b>& asks.");
  });
});

/** The edge reports a session of vera under each of these requests, and that the relay has kept it. */
async function runSession(world: NotifiedSite, ...requests: string[]): Promise<void> {
  const events = requests.map(
    (request, index) =>
      ["session-admitted", { session: `s${index}`, person: "vera", request }] as const,
  );
  const { headers } = await headersOf(events, { length: 0, head: emptyHead });
  await using edge = await EdgeAtRelay.connect(world.relay, { headers });
  await edge.until(() => edge.acknowledged >= headers.length);
}

/** Until the relay has noticed that the edge's connection is gone. */
async function isAway(world: NotifiedSite): Promise<void> {
  const token = await world.token("anna");
  for (;;) {
    const { body } = await world.relay.call("GET", `/sites/${world.site.id}/edges`, { token });
    if (body.edges.every(({ online }) => !online)) return;
  }
}
