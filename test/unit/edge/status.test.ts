// How an edge says it stands: all of it to people of the site and to its console, to a vendor his own, and no secret to anybody.
import { join } from "node:path";
import * as assert from "uvu/assert";
import { ChangedDevices } from "../../../edge/changed-devices.ts";
import type { ReadingAdmission } from "../../../edge/gate.ts";
import { openRecordings } from "../../../edge/recording.ts";
import type { SessionSummary } from "../../../edge/session-world.ts";
import { answerConsole, statusOf, type EdgeStatus } from "../../../edge/status.ts";
import type { DocumentHash, PersonId, TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { bootId, seedOf, suite, twinSite } from "../document/paper-site.ts";
import { settledEdge } from "./paper-edge.ts";

const sessionOf = (person: string): SessionSummary => ({
  session: `session of ${person}`,
  state: "admitted",
  person: person as PersonId,
  request: "a-request" as DocumentHash,
  targets: ["hmi"],
  leftMs: 60_000,
});

async function standing() {
  const world = await settledEdge();
  const { site, edge } = world;
  const { parts, clock } = edge;
  const ground = { ...parts, suite, clock, site: site.id, edge: site.edge.id };
  const recordings = await openRecordings({
    ...ground,
    folder: join(edge.folder, "recordings"),
    edgeKeys: await suite.xwingKeyPair(seedOf("edge")),
    auditKey: undefined,
    quotaBytes: 1_000_000,
    warnPercent: 80,
    onSpaceLow: () => undefined,
  });
  const changedDevices = new ChangedDevices(clock);
  const source = {
    ...ground,
    changedDevices,
    version: "1.2.3",
    bootId,
    recordings,
    link: () => "connected" as const,
    sessions: () => [sessionOf("vera"), sessionOf("acme/joe")],
    kinds: () => [{ kind: "rdp" as const, isReady: false, missing: ["xdotool"] }],
  };
  return {
    ...world,
    source,
    seenBy: (person: string) =>
      statusOf(source, { person, purpose: "status" } as ReadingAdmission) as Partial<EdgeStatus>,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

async function linesOf(answers: AsyncIterable<string>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of answers) lines.push(line);
  return lines;
}

const still = new AbortController().signal;

await group("status", {}, (test) => {
  test("people of the site see everything", async () => {
    await using world = await standing();
    const { stops, journal } = world.edge.parts;
    await stops.begin("console 1", { kind: "target", id: "plc" as TargetId }, "console");
    for (const person of ["anna", "cleo", "dora"]) {
      const seen = world.seenBy(person);
      assert.is(seen.sessions?.length, 2, person);
      assert.equal(seen.stops, [{ kind: "target", id: "plc" }]);
      assert.equal(seen.journal, { length: journal.length, head: journal.head });
      assert.is(seen.manifest?.version, 1);
      assert.is(seen.link, "connected");
      assert.is(seen.name, world.site.edge.name);
    }
  });

  test("a vendor and a company's technician see their own sessions and nothing of the site's state", async () => {
    await using world = await standing();
    for (const person of ["vera", "acme/joe", "nobody"]) {
      const seen = world.seenBy(person);
      assert.equal(Object.keys(seen), ["version", "edge", "manifest", "time", "sessions"]);
      assert.equal(
        seen.sessions?.map((item) => item.person),
        person === "nobody" ? [] : [person],
      );
    }
  });

  test("a device that changed shows to approvers and owners, with both keys, until it is settled", async () => {
    await using world = await standing();
    const { changedDevices } = world.source;
    const key = {
      shown: "ssh-ed25519 BBBB",
      fingerprint: "SHA256:b",
      pinned: ["ssh-ed25519 AAAA"],
    };
    changedDevices.note("hmi" as TargetId, key);
    const at = Math.floor(world.edge.clock.wallMs() / 1000);
    for (const person of ["anna", "cleo", "olaf"]) {
      assert.equal(world.seenBy(person).changedDevices, [{ target: "hmi", ...key, at }], person);
    }
    assert.equal(world.seenBy("dora").changedDevices, []);
    assert.is(world.seenBy("vera").changedDevices, undefined);
    // Whoever stands at the address cannot fill the status.
    changedDevices.note("plc" as TargetId, { ...key, shown: `ssh-rsa ${"A".repeat(9000)}` });
    assert.is(world.seenBy("anna").changedDevices?.length, 1);
    changedDevices.forget("hmi" as TargetId);
    assert.equal(world.seenBy("anna").changedDevices, []);
  });

  test("alarms and refusals show, what the relay suggested does not count as proven", async () => {
    await using world = await standing();
    const { trust, refusals } = world.edge.parts;
    const twin = await twinSite();
    await trust.accept(twin.chain.held.envelope);
    await refusals.report("rollback-found", { document: world.site.id }, {});
    const seen = world.seenBy("anna");
    assert.is(seen.refusals, 2);
    assert.equal(seen.alarms, ["rollback-found"]);
    assert.is(seen.time?.proven, true);
    assert.ok((seen.time?.floorAt ?? Infinity) <= (seen.time?.at ?? 0));
  });

  test("holds before the first manifest, too", async () => {
    await using world = await standing();
    const { trust } = world.edge.parts;
    trust.situation = () => undefined;
    const [line = ""] = await linesOf(answerConsole(world.source, { ask: "status" }, still));
    const seen = JSON.parse(line) as EdgeStatus;
    assert.is(seen.name, null);
    assert.is("manifest" in seen, false);
    assert.equal(seen.lockdowns, []);
  });

  test("holds no key, address or login", async () => {
    await using world = await standing();
    const text = JSON.stringify(world.seenBy("anna"));
    for (const name of ["edge", "anna", "relay"]) {
      assert.is(text.includes(Buffer.from(seedOf(name)).toString("base64url")), false, name);
    }
    assert.is(/192\.|operator|BEGIN|sealingKey|password/.test(text), false);
  });

  test("the console reads the journal from an entry on, and its lockdown is an unsigned stop of the edge", async () => {
    await using world = await standing();
    const { journal, stops } = world.edge.parts;
    const asked = { ask: "journal", from: 1, follow: false } as const;
    const lines = await linesOf(answerConsole(world.source, asked, still));
    assert.is(lines.length, journal.length - 1);
    const said = await linesOf(answerConsole(world.source, { ask: "lockdown" }, still));
    assert.equal(said, ['{"stopped":"edge","minutes":15}']);
    assert.equal(stops.running(), [{ kind: "edge" }]);
    assert.is((await world.edge.events()).at(-1), "unsigned-stop-begun");
    // A second one is another stop, and lasts from then.
    world.edge.clock.advanceMs(1000);
    await linesOf(answerConsole(world.source, { ask: "lockdown" }, still));
    assert.is(stops.running().length, 2);
  });
});
