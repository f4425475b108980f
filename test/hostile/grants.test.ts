// Grants at a real edge whose relay is the attacker's: each would open something if the edge trusted where it came from, when, or how often. All but
// the forged are truly signed by the site's own approver: the attacker only keeps, moves and repeats what was signed.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../shared/bytes.ts";
import { nodeCrypto as suite } from "../../shared/crypto/node.ts";
import { addSignatures, hashEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import { embed } from "../../shared/document/fields.ts";
import type { Grant } from "../../shared/document/grant.ts";
import type { PublicKey } from "../../shared/document/keys.ts";
import type { Request } from "../../shared/document/request.ts";
import type { PersonId, PolicyId, SiteId } from "../../shared/ids.ts";
import { group } from "../support/group.ts";
import { makeGrant, makeManifest, makeRequest, strangersKey } from "./forger.ts";
import { addEdge, nowAt, publish, sharedWorld, tokenOf, visit, type World } from "./world.ts";

const shared = sharedWorld();
const onPlc = [{ id: "press-plc", rights: ["connect"] }];
const onSink = [{ id: "press-sink", rights: ["connect"] }];

/** A request that the vendor really signed, which the edge knows. */
async function asked(
  world: World,
  changes: Partial<Request> = {},
  targets = onPlc,
): Promise<Envelope> {
  const { site, edge, vendor, relay } = world;
  const plan = { site, edge: edge.id, vendor: vendor.id, key: await vendor.keyId(), targets };
  const request = await makeRequest({ ...plan, nowAt: nowAt(), changes }, vendor.sign);
  await relay.deliver(edge.id, request);
  return request;
}

/** A grant that the approver really signed. */
async function granted(
  world: World,
  request: Envelope,
  changes: Partial<Grant> = {},
): Promise<Envelope> {
  const manifest = (await world.chain()).held.hash;
  const anchor = await world.checkpoint();
  return makeGrant(request, { manifest, anchor, changes }, world.approver.sign);
}

/** The edge's word on a grant: `held`, or why not. */
async function answer({ relay, edge }: World, grant: Envelope): Promise<string> {
  const hash = await hashEnvelope(grant);
  await relay.deliver(edge.id, grant);
  return Promise.race([
    relay.receipt(hash),
    relay.journaled("grant-held", { grant: hash }).then(() => "held"),
  ]);
}

/** Grants of which the edge holds this one, so far. */
function timesHeld({ relay }: World, grant: string): number {
  return relay
    .headers()
    .filter(({ event, ids }) => event === "grant-held" && ids["grant"] === grant).length;
}

await group("a hostile relay: grants", { timeoutMs: 90_000 }, (test) => {
  test("control: what the approver signed for this job, now and once, is held", async () => {
    const world = await shared();
    assert.is(await answer(world, await granted(world, await asked(world))), "held");
  });

  test("an expired grant is refused", async () => {
    const world = await shared();
    const issuedAt = nowAt() - 4 * 3600;
    const request = await asked(world, {
      issuedAt,
      startBeforeAt: issuedAt + 3600,
      waitUntilAt: issuedAt + 3600,
    });
    assert.is(await answer(world, await granted(world, request, { issuedAt })), "start-missed");
  });

  test("a grant dated in the future is refused", async () => {
    const world = await shared();
    const grant = await granted(world, await asked(world), { issuedAt: nowAt() + 1800 });
    assert.is(await answer(world, grant), "grant-from-future");
  });

  test("a grant of another site of the same people is refused", async () => {
    const world = await shared();
    const foreign = toBase64Url(suite.randomBytes(32)) as SiteId;
    const grant = await granted(world, await asked(world), { site: foreign });
    assert.is(await answer(world, grant), "grant-invalid");
  });

  test("a grant for one job does not open another", async () => {
    const world = await shared();
    const [mine, others] = [await asked(world), await asked(world, { minutes: 5 })];
    const grant = await granted(world, mine);
    assert.is(await answer(world, grant), "held");
    const token = await tokenOf(world, world.vendor);
    const bearer = { person: world.vendor.id, sign: world.vendor.sign };
    using control = await visit(world, token, { ...bearer, request: mine, grant });
    assert.is(control.verdict, "admitted");
    using moved = await visit(world, token, { ...bearer, request: others, grant });
    assert.is(moved.verdict, "waiting", "it waits for a grant of its own");
  });

  test("two grants for one request do not add up: the first founds the line, its sibling is refused", async () => {
    const world = await shared();
    const request = await asked(world);
    const first = await granted(world, request, { minutes: 10 });
    const sibling = await granted(world, request, { minutes: 20 });
    assert.is(await answer(world, first), "held");
    assert.is(await answer(world, sibling), "grant-is-sibling");
  });

  test("one grant sent twice is one grant", async () => {
    const world = await shared();
    const grant = await granted(world, await asked(world));
    assert.is(await answer(world, grant), "held");
    await world.relay.deliver(world.edge.id, grant);
    // The edge deals with documents in order: once the next one is held, the doubled one is dealt with.
    assert.is(await answer(world, await granted(world, await asked(world))), "held");
    assert.is(timesHeld(world, await hashEnvelope(grant)), 1);
  });

  test("a grant by the relay's own key, and one that names the approver's key, are refused", async () => {
    const world = await shared();
    const relayKey = await strangersKey(world.relay.attestationSeed);
    const approverKey = await world.approver.keyId();
    for (const sign of [relayKey.sign, relayKey.signAs(approverKey), world.vendor.sign]) {
      const manifest = (await world.chain()).held.hash;
      const base = { manifest, anchor: await world.checkpoint() };
      assert.is(
        await answer(world, await makeGrant(await asked(world), base, sign)),
        "grant-invalid",
      );
    }
  });

  test("a grant anchored in a checkpoint that the edge never signed is refused without an alarm", async () => {
    const world = await shared();
    const checkpoint = await world.checkpoint();
    const forged = { ...checkpoint, payload: Uint8Array.from(checkpoint.payload) };
    const at = Buffer.from(forged.payload).indexOf('"length":') + '"length":'.length;
    forged.payload[at] = 0x31 + (((forged.payload[at] ?? 0) - 0x30) % 9);
    const grant = await granted(world, await asked(world), { anchor: embed(forged) });
    assert.is(await answer(world, grant), "grant-invalid");
    assert.is(world.relay.headers().filter(({ event }) => event === "rollback-found").length, 0);
  });

  test("a grant of another edge of the site is refused, and raises no alarm of a rollback", async () => {
    const world = await shared();
    const second = await addEdge(world, "Hall 4");
    await using _running = second.running;
    const { held } = await world.chain();
    const targets = held.payload.targets.map((target) =>
      target.id === "press-sink" ? { ...target, edge: second.listed.id } : target,
    );
    await publish(
      world,
      world.owner,
      await makeManifest(held, world.site, nowAt(), { targets }, world.owner.sign),
    );
    await world.owner.do("site", "show");
    const request = await asked(world, { edge: second.listed.id }, onSink);
    const anchor = world.relay.newestCheckpoint(second.listed.id);
    const base = { manifest: (await world.chain()).held.hash, anchor };
    const grant = await makeGrant(request, base, world.approver.sign);
    await world.relay.deliver(second.listed.id, request);
    assert.is(await answer({ ...world, edge: second.listed }, grant), "held");
    // The control's answer was of the other edge; from here on the first one speaks.
    await world.relay.deliver(world.edge.id, grant);
    const refused = await world.relay.journaled("grant-refused", {
      document: await hashEnvelope(grant),
    });
    assert.is(refused.ids["document"], await hashEnvelope(grant));
    assert.is(world.relay.headers().filter(({ event }) => event === "rollback-found").length, 0);
  });

  test("one person who holds two keys is not two approvers", async () => {
    const world = await shared();
    const { owner, approver, site } = world;
    const secondKey = await strangersKey();
    const { held } = await world.chain();
    const [standard] = held.payload.policies;
    assert.ok(standard);
    const change = {
      policies: [
        ...held.payload.policies,
        { ...standard, id: "double" as PolicyId, approversNeeded: 2 },
      ],
      targets: held.payload.targets.map((target) =>
        target.id === "press-plc" ? { ...target, policy: "double" as PolicyId } : target,
      ),
      persons: held.payload.persons.map((person) =>
        person.id === approver.id
          ? {
              ...person,
              keys: [
                ...person.keys,
                { kind: "ed25519", public: secondKey.public } satisfies PublicKey,
              ],
            }
          : person.id === (owner.id as PersonId)
            ? { ...person, roles: [...new Set([...person.roles, "approver" as const])] }
            : person,
      ),
    };
    await publish(world, owner, await makeManifest(held, site, nowAt(), change, owner.sign));
    await owner.do("site", "show");

    const twice = await granted(world, await asked(world));
    assert.is(
      await answer(world, await addSignatures(twice, [secondKey.sign])),
      "approvers-missing",
    );
    const doubled = await granted(world, await asked(world));
    const same = { ...doubled, signatures: [...doubled.signatures, ...doubled.signatures] };
    assert.is(await answer(world, same), "grant-invalid");
    const control = await granted(world, await asked(world));
    assert.is(await answer(world, await addSignatures(control, [owner.sign])), "held");
  });

  test("afterwards the same edge serves whoever is permitted", async () => {
    await using world = await shared();
    const { vendor, approver, relay } = world;
    const { job } = await vendor.ask<{ job: string }>("request", "press-hmi", "--reason", "look");
    await approver.do("approve", job, "--yes");
    const ran = await vendor.do("ssh", "press-hmi", "--", "echo it works");
    assert.is(ran.stdout, "it works\n");
    assert.ok(relay.headers().some(({ event }) => event === "session-admitted"));
  });
});
