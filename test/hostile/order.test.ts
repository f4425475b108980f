// Documents that were all truly signed, replayed, reordered or kept back by the attacker: what was undone stays undone.
import * as assert from "uvu/assert";
import { unembed } from "../../shared/document/fields.ts";
import { parseCheckpoint } from "../../shared/document/checkpoint.ts";
import { hashEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import { parseGrant } from "../../shared/document/grant.ts";
import { encodeControl } from "../../shared/control.ts";
import { group } from "../support/group.ts";
import { makeManifest } from "./forger.ts";
import { listedManifest, showingManifests } from "./lies.ts";
import {
  asksFor,
  nowAt,
  publish,
  sharedWorld,
  toWire,
  tokenOf,
  visit,
  type World,
} from "./world.ts";

const shared = sharedWorld();

/** Resolves when the edge has dealt with everything that it was given so far: with a grant that was given after it. */
async function dealtWith({ vendor, approver, relay }: World): Promise<void> {
  const { job, request } = await vendor.ask<{ job: string; request: string }>(
    "request",
    "press-sink",
    "--reason",
    "look at it",
  );
  await approver.do("approve", job, "--yes");
  await relay.journaled("grant-held", { request });
}

await group("a hostile relay: order and age of documents", { timeoutMs: 90_000 }, (test) => {
  test("a password that was replaced is not brought back by a replay", async () => {
    const world = await shared();
    const { relay, edge, owner, approver, vendor, installation } = world;
    const right = world.plant.ssh.password ?? "";
    const file = (name: string, password: string) =>
      installation.folder.file(name, `${password}\n`);
    const set = (password: string) =>
      owner.do(
        "site",
        "secrets",
        "set",
        "press-hmi",
        "--yes",
        "--password-file",
        file("password", password),
      );
    await set("a-wrong-password");
    const wrong = await relay.newestDocument(edge.id, "secret");
    const job = await asksFor(vendor, "press-hmi");
    await approver.do("approve", job, "--yes");
    assert.is.not(
      (await vendor.run("ssh", "press-hmi", "--", "true")).code,
      0,
      "the wrong one is in force",
    );
    await set(right);
    await relay.deliver(edge.id, wrong);
    await dealtWith(world);
    assert.is((await vendor.do("ssh", "press-hmi", "--", "echo in")).stdout, "in\n");
  });

  test("a lockdown that was lifted does not lock again when it is replayed, and its lift lifts no other", async () => {
    const world = await shared();
    const { relay, edge, owner, approver, vendor } = world;
    const job = await asksFor(vendor, "press-hmi");
    await approver.do("approve", job, "--yes");
    const enter = () => vendor.run("ssh", "press-hmi", "--job", job, "--", "true");
    const lock = async () => {
      await approver.do("lockdown", "--reason", "smoke", "--yes");
      return relay.newestDocument(edge.id, "lockdown");
    };
    const lockdown = await lock();
    assert.match((await enter()).stderr, /locked this down/);
    const [{ lockdown: id } = { lockdown: "" }] = await owner.ask<{ lockdown: string }[]>("lift");
    await approver.do("lift", id, "--yes");
    const lift = await relay.newestDocument(edge.id, "lift");
    assert.is((await enter()).code, 0);

    await relay.deliver(edge.id, lockdown);
    await dealtWith(world);
    assert.is((await enter()).code, 0, "the replayed lockdown does not lock");

    const second = await lock();
    await relay.deliver(edge.id, lift);
    await relay.deliver(edge.id, second);
    assert.match((await enter()).stderr, /locked this down/, "the replayed lift does not lift");
    const locked = await owner.ask<{ lockdown: string; state: string }[]>("lift");
    const standing = locked.find(({ state }) => state === "locked");
    await approver.do("lift", standing?.lockdown ?? "", "--yes");
    assert.is((await enter()).code, 0);
  });

  test("documents that come in the wrong order end as if they had come in the right one", async () => {
    const world = await shared();
    const { relay, edge, owner, approver, vendor } = world;
    const held: { log: string; seq: number; envelope: Envelope }[] = [];
    const { held: manifest } = await world.chain();
    {
      using _attack = relay.attack({
        control(_edge, message, publish) {
          if (message.name !== "document") return [publish];
          held.push(message.message);
          return [];
        },
      });
      const name = `${manifest.payload.name}, moved`;
      await publish(
        world,
        owner,
        await makeManifest(manifest, world.site, nowAt(), { name }, owner.sign),
      );
      await owner.do("site", "show");
      const job = await asksFor(vendor, "press-hmi");
      await approver.do("approve", job, "--yes");
      await relay.until(() => held.length >= 3);
    }
    const types = held.map(({ envelope }) => envelope.type);
    assert.equal(types, ["manifest", "request", "grant"]);
    for (const document of held.toReversed()) await relay.tell(edge.id, "document", document);
    const grant = held[2]?.envelope as Envelope;
    await relay.journaled("grant-held", { grant: await hashEnvelope(grant) });
    assert.is((await vendor.do("ssh", "press-hmi", "--", "echo in")).stdout, "in\n");
  });

  test("everything that the relay ever delivered, delivered again, changes nothing", async () => {
    const world = await shared();
    const { relay, edge } = world;
    await dealtWith(world);
    const everything = relay.documentsFor(edge.id);
    const counted = [
      "manifest-held",
      "grant-held",
      "lockdown-held",
      "lift-held",
      "secret-held",
      "device-held",
    ];
    const counts = () =>
      counted.map((event) => relay.headers().filter((each) => each.event === event).length);
    const before = counts();
    for (const [seq, envelope] of everything.entries()) {
      await relay.tellRaw(
        edge.id,
        `edge/${edge.id}/down/document`,
        encodeControl({ log: "another-log-of-the-attacker", seq: seq + 1, envelope }),
      );
    }
    await dealtWith(world);
    const after = counts();
    // The barrier itself is one grant.
    assert.equal(
      after,
      before.map((count, at) => (counted[at] === "grant-held" ? count + 1 : count)),
    );
  });

  test("a checkpoint that was rolled back is not signed as an anchor", async () => {
    const world = await shared();
    const { relay, edge, approver, vendor } = world;
    const old = relay.checkpoints(edge.id)[0] as Envelope;
    const job = await asksFor(vendor, "press-hmi");
    await approver.do("requests");
    const newer = relay.newestCheckpoint(edge.id);
    assert.ok(parseCheckpoint(newer).length > parseCheckpoint(old).length);
    await dealtWith(world);
    using _attack = relay.attack({
      async api(call, forward) {
        const answer = await forward();
        if (!call.path.endsWith("/edges")) return answer;
        const { edges } = answer.body as { edges: object[] };
        return {
          ...answer,
          body: { edges: edges.map((each) => ({ ...each, checkpoint: toWire(old) })) },
        };
      },
    });
    const approved = await approver.do("approve", job, "--yes");
    assert.match(approved.stderr, /were seen before, and that one is used/);
    const grant = await relay.newestDocument(edge.id, "grant");
    const anchor = parseCheckpoint(unembed(parseGrant(grant).anchor));
    assert.ok(
      anchor.length > parseCheckpoint(old).length,
      "the grant stands on the newest that was seen",
    );
  });

  test("a person who was removed stays removed, whatever older manifest is shown to edge and command", async () => {
    const world = await shared();
    const { relay, edge, owner, vendor } = world;
    const chain = await world.chain();
    const old = chain.held;
    const job = await asksFor(vendor, "press-hmi");
    await world.approver.do("approve", job, "--yes");
    const token = await tokenOf(world, vendor);
    const request = await relay.newestDocument(edge.id, "request");
    const grant = await relay.newestDocument(edge.id, "grant");
    const bearer = { person: vendor.id, sign: vendor.sign, request, grant };
    {
      using control = await visit(world, token, bearer);
      assert.is(control.verdict, "admitted");
    }
    const persons = old.payload.persons.filter(({ id }) => id !== vendor.id);
    const next = await makeManifest(old, world.site, nowAt(), { persons }, owner.sign);
    await publish(world, owner, next);
    await relay.journaled("manifest-held", { manifest: await hashEnvelope(next) });
    await relay.deliver(edge.id, old.envelope);
    using _attack = showingManifests(relay, () => [listedManifest(old.envelope, old.hash)]);
    await owner.do("site", "show");
    assert.is(
      (await world.chain()).held.hash,
      old.hash,
      "who has not seen the newer one can be kept behind",
    );
    // The relay has dropped the removed person's sign-in; the attacker uses the owner's to reach the edge.
    const ownersToken = await tokenOf(world, owner);
    using removed = await visit(world, ownersToken, { ...bearer, manifestHash: old.hash });
    assert.match(removed.verdict, /^not-permitted/);
  });

  test("a command that has seen the newer manifest does not go back behind it", async () => {
    await using world = await shared();
    const { relay, owner } = world;
    await owner.do("site", "show");
    const { held, hashes } = await world.chain();
    const older = relay.documentsFor(world.edge.id).filter(({ type }) => type === "manifest");
    const [, first = ""] = hashes;
    using _attack = showingManifests(relay, () =>
      older.slice(0, 2).map((envelope) => listedManifest(envelope, first)),
    );
    const shown = await owner.run("site", "show");
    assert.is((await world.chain()).held.hash, held.hash, shown.stderr);
  });
});
