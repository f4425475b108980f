// Documents on their way through the attacker's hands, to a real edge and to the real commands of owner, approver and vendor.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../shared/bytes.ts";
import { hashEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import type { Manifest } from "../../shared/document/manifest.ts";
import { group } from "../support/group.ts";
import { altered, fromWire, makeManifest, strangersKey } from "./forger.ts";
import { changingLists, listedManifest, showingManifests, withholding } from "./lies.ts";
import { asksFor, nowAt, publish, sharedWorld, toWire, type World } from "./world.ts";

const shared = sharedWorld();

/** A manifest that the owner really signed, with a further policy so that it differs. */
async function ownersNext(world: World, change: Partial<Manifest> = {}): Promise<Envelope> {
  const { held } = await world.chain();
  const name = `${held.payload.name.split(",")[0]}, ${toBase64Url(crypto.getRandomValues(new Uint8Array(6)))}`;
  return makeManifest(held, world.site, nowAt(), { name, ...change }, world.owner.sign);
}

await group("a hostile relay: documents", { timeoutMs: 90_000 }, (test) => {
  test("control: a request that went by unchanged is shown to the approver", async () => {
    const { approver, vendor } = await shared();
    const job = await asksFor(vendor, "press-hmi");
    assert.match((await approver.do("requests")).stdout, new RegExp(job));
  });

  test("an altered request is not shown to the approver, and cannot be approved", async () => {
    const { relay, approver, vendor } = await shared();
    const job = await asksFor(vendor, "press-hmi");
    using _attack = changingLists(relay, (listed) => {
      if (listed.type !== "request") return [listed];
      const request = altered(fromWire(listed.envelope), { minutes: 600, reason: "look at it" });
      return [{ ...listed, envelope: toWire(request) }];
    });
    assert.not.match((await approver.do("requests", "--all")).stdout, new RegExp(job));
    assert.is((await approver.run("approve", job, "--yes")).code, 66);
  });

  test("an altered grant opens nothing, and the vendor's command does not take it for one", async () => {
    const world = await shared();
    const { relay, edge, approver, vendor } = world;
    const job = await asksFor(vendor, "press-hmi");
    let hash = "";
    {
      using _attack = relay.attack({
        async api(call, forward) {
          const { envelope } = (call.body ?? {}) as { envelope?: { payloadType: string } };
          if (envelope?.payloadType !== "application/vnd.sallyport.grant+json") return forward();
          const grant = altered(fromWire(envelope), { minutes: 59 });
          hash = await hashEnvelope(grant);
          await relay.deliver(edge.id, grant);
          return { status: 201, body: { hash, seq: 1, state: "complete" } };
        },
      });
      await approver.do("approve", job, "--yes");
    }
    assert.is(await relay.receipt(hash as never), "grant-invalid");
    const listed = await vendor.ask<{ job: string; state: string }[]>("requests");
    assert.is(listed.find((each) => each.job === job)?.state, "waiting");
  });

  test("a manifest that no owner signed changes neither edge nor command", async () => {
    const world = await shared();
    const { relay, edge, owner, vendor } = world;
    const { held } = await world.chain();
    const relayKey = await strangersKey(relay.attestationSeed);
    const ownerKey = await owner.keyId();
    const genuine = await ownersNext(world);
    const forgeries = [
      await makeManifest(held, world.site, nowAt(), { name: "Forged 1" }, relayKey.sign),
      await makeManifest(
        held,
        world.site,
        nowAt(),
        { name: "Forged 2" },
        relayKey.signAs(ownerKey),
      ),
      await makeManifest(held, world.site, nowAt(), { name: "Forged 3" }, vendor.sign),
      altered(genuine, { ownersNeeded: 1, name: "Other" }),
    ];
    for (const forged of forgeries) {
      const hash = await hashEnvelope(forged);
      await relay.deliver(edge.id, forged);
      await relay.journaled("document-refused", { document: hash });
      using _attack = showingManifests(relay, () => [listedManifest(forged, hash)]);
      const shown = await owner.run("site", "show");
      assert.is(shown.code, 76, shown.stdout);
      assert.match(shown.stderr, /does not verify/);
    }
    await publish(world, owner, genuine);
    await relay.journaled("manifest-held", { manifest: await hashEnvelope(genuine) });
    assert.is((await owner.run("site", "show")).code, 0);
  });

  test("two manifests of one version are reported by the edge, and stop every command that sees the other", async () => {
    const world = await shared();
    const { relay, edge, owner, approver, vendor } = world;
    await vendor.do("requests");
    const [one, other] = [await ownersNext(world), await ownersNext(world)];
    await publish(world, owner, one);
    await relay.journaled("manifest-held", { manifest: await hashEnvelope(one) });
    await owner.do("site", "show");
    await approver.do("requests");
    const otherHash = await hashEnvelope(other);
    await relay.deliver(edge.id, other);
    await relay.journaled("fork-reported", { document: otherHash });

    using _attack = showingManifests(relay, () => [listedManifest(other, otherHash)]);
    const forked = await approver.run("requests");
    assert.is(forked.code, 76);
    assert.match(forked.stderr, /forked/);
    // The vendor has not seen the first one: he takes the other, and finds out at the edge.
    const job = await asksFor(vendor, "press-hmi");
    const connected = await vendor.run("connect", job);
    assert.is(connected.code, 76, connected.stderr);
    assert.match(connected.stderr, /not in the chain known here/);
    const path = `${vendor.home.path}/sites/${world.site}/manifests`;
    await vendor.home.keepManifests(world.site, await owner.home.manifests(world.site));
    assert.ok(path);
  });

  test("a newer grant beside an older manifest waits; the vendor brings the manifest, and it decides", async () => {
    const world = await shared();
    const { relay, owner, approver, vendor } = world;
    const { held } = await world.chain();
    const targets = held.payload.targets.map((target) =>
      target.id === "press-hmi"
        ? { ...target, rights: target.rights.filter((right) => right !== "files") }
        : target,
    );
    const next = await ownersNext(world, { targets });
    const nextHash = await hashEnvelope(next);
    using _attack = withholding(relay, "manifest");
    await publish(world, owner, next);
    await owner.do("site", "show");
    const job = await asksFor(vendor, "press-hmi");
    await approver.do("approve", job, "--yes");
    assert.not.ok(
      relay.headers().some(({ ids }) => ids["manifest"] === nextHash),
      "it was withheld",
    );
    const ran = await vendor.do("ssh", "press-hmi", "--", "echo in");
    assert.is(ran.stdout, "in\n");
    const { n: taken } = await relay.journaled("manifest-held", { manifest: nextHash });
    const admitted = await relay.journaledAfter(taken, "session-admitted");
    const judged = relay.headers().findLast(({ event }) => event === "grant-held");
    assert.ok(judged && judged.n > taken && judged.n < admitted.n, "the manifest came before both");
  });

  test("afterwards the same edge serves whoever is permitted", async () => {
    await using world = await shared();
    const job = await asksFor(world.vendor, "press-hmi");
    await world.approver.do("approve", job, "--yes");
    assert.is((await world.vendor.do("ssh", "press-hmi", "--", "echo in")).stdout, "in\n");
  });
});
