// Stops, lockdowns and lifts as the attacker sends them, and what else he may say over the control link.
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import * as net from "node:net";
import * as assert from "uvu/assert";
import { unsignedStopMs } from "../../edge/stops.ts";
import { toBase64Url, utf8 } from "../../shared/bytes.ts";
import { downTopic, encodeControl, upTopic } from "../../shared/control.ts";
import { nodeCrypto as suite } from "../../shared/crypto/node.ts";
import { hashEnvelope, signEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import { hashHeader } from "../../shared/record/journal-entry.ts";
import { group } from "../support/group.ts";
import { settledEdge } from "../unit/edge/paper-edge.ts";
import { altered, strangersKey } from "./forger.ts";
import { openSink } from "./streams.ts";
import { addEdge, enter, nowAt, sharedWorld, toWire, type World } from "./world.ts";

const shared = sharedWorld();
const freshId = () => toBase64Url(suite.randomBytes(16));

function lockdownOf({ site }: World): object {
  return { site, scope: { kind: "site" }, reason: "", issuedAt: nowAt(), nonce: freshId() };
}

// Signatures do not enter a document's hash: each lift has a reason of its own, so that its receipt is its own too.
function liftOf({ site, edge }: World, entry: string): object {
  return { site, edge: edge.id, lockdown: entry, reason: freshId(), issuedAt: nowAt() };
}

/** Remote ports of the edge's own connections. */
function remotePorts(pid: number): Set<number> {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return "";
    }
  });
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const lines = ["tcp", "tcp6"].flatMap((name) =>
    readFileSync(`/proc/${pid}/net/${name}`, "utf8").split("\n").slice(1),
  );
  const ports = lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => inodes.has(fields[9]))
    .map((fields) => Number.parseInt(fields[2]?.split(":")[1] ?? "0", 16));
  return new Set(ports);
}

await group("a hostile relay: stops and the control link", { timeoutMs: 90_000 }, (test) => {
  test("a forged stop ends sessions, is on record as unsigned, and a signed lift ends it at once", async () => {
    const world = await shared();
    const { relay, edge, approver } = world;
    const job = await world.grantedJob("press-sink");
    using visited = await enter(world, job);
    assert.is(visited.verdict, "admitted");
    const stream = await openSink(world, visited.session, "echo\n");
    await stream.said("in");
    await relay.tell(edge.id, "stop", { stop: freshId(), scope: "edge", id: null, by: null });
    await stream.closed;
    const entry = await hashHeader(suite, await relay.journaled("unsigned-stop-begun"));
    using stopped = await enter(world, job);
    assert.match(stopped.verdict, /^stopped/);
    const lift = await signEnvelope("lift", liftOf(world, entry), [approver.sign]);
    await relay.deliver(edge.id, lift);
    assert.is(await relay.receipt(await hashEnvelope(lift)), "done");
    using again = await enter(world, job);
    assert.is(again.verdict, "admitted");
  });

  test("a forged stop lasts 15 minutes, however often it is repeated and whatever time the relay tells", async () => {
    // The edge's own parts under a turned clock: a quarter of an hour is too long to wait for.
    await using settled = await settledEdge();
    const { clock, parts } = settled.edge;
    const { stops, time } = parts;
    await stops.begin("relay 1", { kind: "edge" }, "relay");
    for (let minute = 1; minute < 15; minute += 1) {
      clock.advanceMs(60_000);
      await stops.begin("relay 1", { kind: "edge" }, "relay");
      time.suggest(Math.floor(clock.wallMs() / 1000) - 86_400);
    }
    await settled.edge.restart();
    const { stops: restarted } = settled.edge.parts;
    await restarted.begin("relay 1", { kind: "edge" }, "relay");
    assert.is(restarted.running().length, 1);
    const ended = new Promise<void>((resolve) => (restarted.onChange = resolve));
    clock.advanceMs(unsignedStopMs - 14 * 60_000);
    await ended;
    assert.equal(restarted.running(), []);
  });

  test("stops without number close the edge, and do not fill its journal", async () => {
    await using settled = await settledEdge();
    const { stops } = settled.edge.parts;
    for (let count = 0; count < 500; count += 1) {
      await stops.begin(`relay ${count}`, { kind: "request", id: freshId() as never }, "relay");
    }
    assert.ok(stops.running().some(({ kind }) => kind === "edge"));
    const begun = (await settled.edge.events()).filter((event) => event === "unsigned-stop-begun");
    assert.is(begun.length, 33);
    await stops.begin("console 1", { kind: "edge" }, "console");
    assert.is(stops.running().length, 34, "the box itself is always heard");
  });

  test("a stop for one job ends no other", async () => {
    const world = await shared();
    const { relay, edge } = world;
    using visited = await enter(world, await world.grantedJob("press-sink"));
    const stream = await openSink(world, visited.session, "echo\n");
    await stream.said("one");
    const stop = { stop: freshId(), scope: "grant" as const, id: freshId(), by: null };
    const before = relay.headers().length;
    await relay.tell(edge.id, "stop", stop);
    await relay.until(() =>
      relay
        .headers()
        .slice(before)
        .some(({ event }) => event === "unsigned-stop-begun"),
    );
    await stream.said("two");
    assert.is(stream.text, "onetwo");
  });

  test("a forged lockdown and a forged revocation end nothing", async () => {
    const world = await shared();
    const { relay, edge, site, approver, vendor } = world;
    const job = await world.grantedJob("press-sink");
    using visited = await enter(world, job);
    const stream = await openSink(world, visited.session, "echo\n");
    const relayKey = await strangersKey(relay.attestationSeed);
    const scope = { kind: "request", id: await hashEnvelope(job.request) };
    const revocation = () => ({
      site,
      edge: edge.id,
      scope,
      reason: freshId(),
      issuedAt: nowAt(),
    });
    const keyid = await approver.keyId();
    for (const sign of [relayKey.sign, relayKey.signAs(keyid), vendor.sign]) {
      for (const forged of [
        await signEnvelope("lockdown", lockdownOf(world), [sign]),
        await signEnvelope("revocation", revocation(), [sign]),
      ]) {
        await relay.deliver(edge.id, forged);
        assert.is.not(await relay.receipt(await hashEnvelope(forged)), "done");
      }
    }
    await stream.said("still in");
    assert.is(stream.text, "still in");
  });

  test("a forged lift, a lift by a vendor and an altered one lift nothing", async () => {
    const world = await shared();
    const { relay, edge, approver, vendor } = world;
    const job = await world.grantedJob("press-sink");
    const lockdown = await signEnvelope("lockdown", lockdownOf(world), [approver.sign]);
    await relay.deliver(edge.id, lockdown);
    const { entry: carried } = await relay.receiptOf(await hashEnvelope(lockdown));
    const entry = carried.hash;
    const relayKey = await strangersKey(relay.attestationSeed);
    const forgeries: Envelope[] = [
      await signEnvelope("lift", liftOf(world, entry), [relayKey.sign]),
      await signEnvelope("lift", liftOf(world, entry), [relayKey.signAs(await approver.keyId())]),
      await signEnvelope("lift", liftOf(world, entry), [vendor.sign]),
      altered(await signEnvelope("lift", liftOf(world, freshHash()), [approver.sign]), {
        lockdown: entry,
      }),
    ];
    for (const forged of forgeries) {
      await relay.deliver(edge.id, forged);
      assert.is.not(await relay.receipt(await hashEnvelope(forged)), "done");
      using locked = await enter(world, job);
      assert.match(locked.verdict, /^locked-down/);
    }
    const genuine = await signEnvelope("lift", liftOf(world, entry), [approver.sign]);
    await relay.deliver(edge.id, genuine);
    assert.is(await relay.receipt(await hashEnvelope(genuine)), "done");
    using lifted = await enter(world, job);
    assert.is(lifted.verdict, "admitted");
  });

  test("a dial to a foreign address is not obeyed: every connection goes to the flashed host or to a device", async () => {
    const world = await shared();
    const { relay, edge, installation, plant } = world;
    const foreign = net.createServer().listen(0, "127.0.0.1");
    await once(foreign, "listening");
    let strangers = 0;
    foreign.on("connection", () => (strangers += 1));
    const { port } = foreign.address() as net.AddressInfo;
    const nonces = [freshId()];
    for (const label of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `//127.0.0.1:${port}/`,
      `a@127.0.0.1:${port}`,
    ]) {
      await relay.tellRaw(
        edge.id,
        downTopic(edge.id, "dial"),
        utf8(JSON.stringify({ label, nonces })),
      );
    }
    await relay.tell(edge.id, "dial", { label: "elsewhere", nonces });
    await relay.until(() => relay.tunnels.includes("/tunnel?label=elsewhere"));
    assert.is(strangers, 0);
    assert.not.ok(relay.tunnels.some((path) => path.includes(`${port}`)));
    const known = new Set([0, relay.port, plant.ssh.port, plant.modbus.port, plant.sink.port]);
    const ports = remotePorts(installation.edge.process.pid);
    assert.ok(ports.has(relay.port), "the edge's connections are found");
    assert.equal(
      [...ports].filter((each) => !known.has(each)),
      [],
    );
    foreign.close();
  });

  test("a relay that shows another relay's name and nonce gets no signature to sign in there with", async () => {
    const world = await shared();
    const { relay, edge, approver } = world;
    let asked = 0;
    {
      using _attack = relay.attack({
        async api(call, forward) {
          const answer = await forward();
          const body = answer.body as object;
          if (call.path === "/api/relay")
            return { ...answer, body: { ...body, name: "other.example.org" } };
          if (!call.path.startsWith("/api/edge/nonce")) return answer;
          asked += 1;
          return { ...answer, body: { ...body, relay: "other.example.org" } };
        },
      });
      const control = await relay.control(edge.id);
      control.cut();
      await control.closed;
      await relay.until(() => asked >= 2);
      assert.not.ok(relay.isLinked(edge.id), "the edge does not sign");
      await approver.home.keepSignIn(world.site, { token: "gone", expiresAt: 0, keyid: "" });
      const shown = await approver.run("requests");
      assert.is(shown.code, 76, shown.stdout);
      assert.match(shown.stderr, /relay calls itself "other.example.org"/);
    }
    await relay.control(edge.id);
    assert.is((await approver.run("requests")).code, 0);
  });

  test("publishing as another edge: the relay hangs up, and the other edge's word stays its own", async () => {
    const world = await shared();
    const { relay, edge, approver, vendor } = world;
    const second = await addEdge(world, "Hall 4");
    await using _running = second.running;
    const control = await relay.control(second.listed.id);
    const own = encodeControl({ envelope: relay.newestCheckpoint(second.listed.id) });
    control.sendUp(upTopic(second.listed.id, "checkpoint"), own);
    control.sendUp(upTopic(edge.id, "checkpoint"), own);
    await control.closed;
    // A relay that plays along shows the one's checkpoint as the other's.
    const job = (await vendor.ask<{ job: string }>("request", "press-hmi", "--reason", "look")).job;
    const foreign = toWire(relay.newestCheckpoint(second.listed.id));
    {
      using _attack = relay.attack({
        async api(call, forward) {
          const answer = await forward();
          if (!call.path.endsWith("/edges")) return answer;
          const { edges } = answer.body as { edges: object[] };
          return {
            ...answer,
            body: { edges: edges.map((each) => ({ ...each, checkpoint: foreign })) },
          };
        },
      });
      const approved = await approver.run("approve", job, "--yes");
      assert.is(approved.code, 76, approved.stderr);
      assert.match(approved.stderr, /checkpoint of edge "Hall 3" that does not verify/);
    }
    assert.is((await approver.run("approve", job, "--yes")).code, 0);
  });

  test("afterwards the same edge serves whoever is permitted", async () => {
    await using world = await shared();
    assert.is((await world.vendor.do("ssh", "press-hmi", "--", "echo in")).stdout, "in\n");
  });
});

function freshHash(): string {
  return toBase64Url(suite.randomBytes(32));
}
