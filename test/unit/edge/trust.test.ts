// What an edge comes to believe, document by document, and what survives a kill: with the paper site's real signatures.
import * as assert from "uvu/assert";
import { hashEnvelope } from "../../../shared/document/envelope.ts";
import { keyIdOf } from "../../../shared/document/keys.ts";
import { recoveryWaitSeconds } from "../../../shared/document/succession.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { keyOf, paperAt, PaperSite, signed, suite, twinSite } from "../document/paper-site.ts";
import { codeOf, entryOf, nextBootId, openPaperEdge, settledEdge } from "./paper-edge.ts";

const lockdownOf = (site: PaperSite, nonce = "AAAAAAAAAAAAAAAAAAAAAA") => ({
  site: site.id,
  scope: { kind: "target", id: "hmi" as TargetId },
  reason: "smoke in hall 3",
  issuedAt: paperAt,
  nonce,
});

const revocationOf = (site: PaperSite, scope: object, edge: string | null = null) => ({
  site: site.id,
  edge,
  scope,
  reason: "left the company",
  issuedAt: paperAt,
});

await group("trust", {}, (test) => {
  test("holds nothing before the first manifest, and takes no other document", async () => {
    const site = await PaperSite.make();
    await using edge = await openPaperEdge(site);
    assert.is(edge.parts.trust.situation(), undefined);
    const lockdown = await signed("lockdown", lockdownOf(site), "anna");
    assert.is(codeOf(await edge.parts.trust.accept(lockdown)), "refused");
  });

  test("takes the manifest that it pinned, and no other site's", async () => {
    const site = await PaperSite.make();
    await using edge = await openPaperEdge(site);
    const twin = await twinSite();
    assert.is(codeOf(await edge.parts.trust.accept(twin.chain.held.envelope)), "document_invalid");
    assert.is(codeOf(await edge.parts.trust.accept(site.chain.held.envelope)), "accepted");
    assert.is(codeOf(await edge.parts.trust.accept(site.chain.held.envelope)), "known");
    assert.is(edge.parts.trust.situation()?.manifestHash, site.chain.held.hash);
  });

  test("journals each document before it counts, and holds it after a kill", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const next = await site.succeed({ name: "Paper mill, hall 3" });
    await edge.parts.trust.accept(next.chain.held.envelope);
    assert.equal(await edge.events(), [
      "journal-started",
      "manifest-held",
      "roster-held",
      "manifest-held",
    ]);
    await edge.restart();
    const situation = edge.parts.trust.situation();
    assert.is(situation?.manifest.name, "Paper mill, hall 3");
    assert.is(situation?.lineage.size, 2);
    assert.is(
      [...(situation?.keys.values() ?? [])].some(({ person }) => person === "acme/joe"),
      true,
    );
  });

  test("a sibling is refused and reported as an alarm, an older manifest is only refused", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const next = await site.succeed({ name: "one" });
    const sibling = await site.succeed({ name: "two" });
    await edge.parts.trust.accept(next.chain.held.envelope);
    assert.is(codeOf(await edge.parts.trust.accept(sibling.chain.held.envelope)), "manifest_fork");
    assert.equal(edge.parts.refusals.alarms, ["fork-reported"]);
    assert.is(edge.parts.trust.situation()?.manifest.name, "one");
    assert.is(codeOf(await edge.parts.trust.accept(site.chain.held.envelope)), "known");
  });

  test("a manifest that too few owners signed is refused, and one that skips its predecessor", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const lone = await signed("manifest", site.next({ name: "coup" }), "anna");
    assert.is(codeOf(await edge.parts.trust.accept(lone)), "threshold_missed");
    const second = await site.succeed();
    const third = await second.succeed();
    assert.is(codeOf(await edge.parts.trust.accept(third.chain.held.envelope)), "manifest_fork");
    assert.equal(edge.parts.refusals.alarms, []);
  });

  test("a manifest by the recovery key counts after 72 hours, unless an owner vetoes it", async () => {
    for (const isVetoed of [false, true]) {
      await using world = await settledEdge();
      const { site, edge } = world;
      const { trust } = edge.parts;
      const payload = site.next({ ownersNeeded: 1, name: "recovered" });
      const recovered = await signed("manifest", payload, "recovery", "olaf");
      const announced = await trust.accept(recovered);
      assert.is(codeOf(announced), "accepted");
      if (isVetoed) {
        const scope = { kind: "manifest", id: announced.hash };
        await trust.accept(await signed("revocation", revocationOf(site, scope), "anna"));
      }
      edge.clock.advanceMs((recoveryWaitSeconds - 1) * 1000);
      await trust.settleRecovery();
      assert.is(trust.situation()?.manifest.version, 1);
      edge.clock.advanceMs(1000);
      await trust.settleRecovery();
      assert.is(trust.situation()?.manifest.version, isVetoed ? 1 : 2);
    }
  });

  test("a vetoed manifest of the recovery key stays vetoed, also when it is sent again or comes after its veto", async () => {
    for (const isVetoFirst of [false, true]) {
      await using world = await settledEdge();
      const { site, edge } = world;
      const payload = site.next({ ownersNeeded: 1, name: "recovered" });
      const recovered = await signed("manifest", payload, "recovery", "olaf");
      const scope = { kind: "manifest", id: await hashEnvelope(recovered) };
      const veto = await signed("revocation", revocationOf(site, scope), "anna");
      for (const item of isVetoFirst ? [veto] : [recovered, veto]) {
        assert.is(codeOf(await edge.parts.trust.accept(item)), "accepted");
      }
      await edge.restart();
      const { trust } = edge.parts;
      assert.is(codeOf(await trust.accept(recovered)), "forbidden");
      edge.clock.advanceMs(2 * recoveryWaitSeconds * 1000);
      await trust.settleRecovery();
      assert.is(trust.situation()?.manifest.version, 1);
    }
  });

  test("a reboot, whatever its clock says, shortens no recovery's wait, and loses only what was not settled", async () => {
    for (const isProven of [false, true]) {
      await using world = await settledEdge();
      const { site, edge } = world;
      const payload = site.next({ ownersNeeded: 1, name: "recovered" });
      await edge.parts.trust.accept(await signed("manifest", payload, "recovery", "olaf"));
      edge.clock.advanceMs((recoveryWaitSeconds - 3600) * 1000);
      await edge.parts.trust.settleRecovery();
      // Attack: a stolen recovery sheet, a power cycle, and a network time of next year.
      edge.clock.jumpWallTo((paperAt + 400 * 86_400) * 1000);
      await edge.restart({ bootId: nextBootId, isProven });
      const { trust } = edge.parts;
      await trust.settleRecovery();
      edge.clock.advanceMs(3599 * 1000);
      await trust.settleRecovery();
      assert.is(trust.situation()?.manifest.version, 1);
      edge.clock.advanceMs(1000);
      await trust.settleRecovery();
      assert.is(trust.situation()?.manifest.version, 2);
    }
  });

  test("a roster rises, an older one is refused, and one by a stranger too", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const { trust } = edge.parts;
    const second = await site.roster({ version: 2, technicians: [] });
    assert.is(
      codeOf(await trust.accept(await signed("roster", second, "joe"))),
      "signature_invalid",
    );
    assert.is(codeOf(await trust.accept(await signed("roster", second, "adam"))), "accepted");
    const back = await site.roster({ version: 1, freshUntilAt: paperAt + 86_400 });
    assert.is(codeOf(await trust.accept(await signed("roster", back, "adam"))), "document_invalid");
    const keys = [...(trust.situation()?.keys.values() ?? [])];
    assert.is(
      keys.some(({ person }) => person === "acme/joe"),
      false,
    );
  });

  test("a revocation stays, also when its signer has left and after a kill", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const scope = { kind: "person", id: "vera" };
    const revocation = await signed("revocation", revocationOf(site, scope), "cleo");
    const stranger = await signed("revocation", revocationOf(site, scope), "vera");
    assert.is(codeOf(await edge.parts.trust.accept(stranger)), "signature_invalid");
    assert.is(codeOf(await edge.parts.trust.accept(revocation)), "accepted");
    const persons = site.manifest.persons.filter(({ id }) => id !== "cleo");
    const next = await site.succeed({ persons });
    await edge.parts.trust.accept(next.chain.held.envelope);
    await edge.restart();
    assert.equal(edge.parts.trust.situation()?.revocations, [scope]);
    const again = await edge.parts.trust.accept(revocation);
    assert.is(again.outcome === "known" && again.entry !== undefined, true);
  });

  test("a revocation for another edge is not ours to hold", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const scope = { kind: "person", id: "vera" };
    const elsewhere = { ...revocationOf(site, scope), edge: site.id };
    const acceptance = await edge.parts.trust.accept(await signed("revocation", elsewhere, "anna"));
    assert.ok(["elsewhere", "document_invalid"].includes(codeOf(acceptance)));
    assert.equal(edge.parts.trust.situation()?.revocations, []);
  });

  test("a lockdown holds until a lift that names its very entry", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    await edge.parts.trust.accept(await signed("lockdown", lockdownOf(site), "cleo"));
    await edge.restart();
    const { trust } = edge.parts;
    assert.equal(trust.situation()?.lockdowns, [{ kind: "target", id: "hmi" }]);
    const entry = await entryOf(edge, "lockdown-held");
    const lift = {
      site: site.id,
      edge: site.edge.id,
      lockdown: entry,
      reason: "fire is out",
      issuedAt: paperAt,
    };
    const wrong = { ...lift, lockdown: await entryOf(edge, "manifest-held") };
    assert.is(codeOf(await trust.accept(await signed("lift", wrong, "cleo"))), "not_found");
    assert.is(codeOf(await trust.accept(await signed("lift", lift, "vera"))), "signature_invalid");
    assert.is(codeOf(await trust.accept(await signed("lift", lift, "cleo"))), "accepted");
    assert.equal(trust.situation()?.lockdowns, []);
    await edge.restart();
    assert.equal(edge.parts.trust.situation()?.lockdowns, []);
    // Attack: the lift of the first lockdown played again after a second one.
    const second = lockdownOf(site, "AQEBAQEBAQEBAQEBAQEBAQ");
    await edge.parts.trust.accept(await signed("lockdown", second, "cleo"));
    await edge.parts.trust.accept(await signed("lift", lift, "cleo"));
    assert.is(edge.parts.trust.situation()?.lockdowns.length, 1);
  });

  test("manifests raise the floor of time", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const before = edge.parts.time.reading().floorMs;
    const next = await site.succeed({ issuedAt: paperAt + 7200 });
    await edge.parts.trust.accept(next.chain.held.envelope);
    assert.ok(edge.parts.time.reading().floorMs > before);
    assert.is(edge.parts.time.seconds(), paperAt + 7200);
  });

  test("refusals beyond the hour's allowance are counted and not told in full", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const { trust, journal } = edge.parts;
    for (let number = 0; number < 70; number += 1) {
      const payload = { ...lockdownOf(site), reason: `noise ${number}` };
      await trust.accept(await signed("lockdown", payload, "vera"));
    }
    const inFull = (await edge.events()).filter((event) => event === "document-refused");
    assert.is(inFull.length, 60);
    const { length } = journal;
    edge.clock.advanceMs(60_000);
    for await (const { header, details } of journal.entriesFrom(
      length,
      AbortSignal.timeout(5000),
    )) {
      assert.is(header.event, "refusals-counted");
      assert.equal(details?.value, { "document-refused": 10 });
      break;
    }
  });

  test("a key that a new manifest lists counts at once", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const [first, ...rest] = site.manifest.persons;
    assert.ok(first);
    const keys = [...first.keys, await keyOf("anna's phone")];
    const next = await site.succeed({ persons: [{ ...first, keys }, ...rest] });
    let changes = 0;
    edge.parts.trust.onChange = () => (changes += 1);
    await edge.parts.trust.accept(next.chain.held.envelope);
    assert.is(changes, 1);
    const annas = [...(edge.parts.trust.situation()?.keys.values() ?? [])].filter(
      ({ person }) => person === "anna",
    );
    assert.is(annas.length, 2);
  });

  test("who is revoked signs no lift, revocation, lockdown or roster any more, and his roster is not believed", async () => {
    for (const scopeOf of [
      async (name: string) => ({ kind: "person", id: name === "adam" ? "acme/adam" : name }),
      async (name: string) => ({ kind: "key", id: await keyIdOf(suite, await keyOf(name)) }),
    ]) {
      await using world = await settledEdge();
      const { site, edge } = world;
      const { trust } = edge.parts;
      const administrator = site.manifest.companies[0]?.administrators[0]?.id;
      assert.ok(administrator);
      await trust.accept(await signed("lockdown", lockdownOf(site), "anna"));
      for (const name of ["cleo", "adam"]) {
        const scope = await scopeOf(name);
        if (scope.id === "acme/adam") scope.id = administrator;
        await trust.accept(await signed("revocation", revocationOf(site, scope), "anna"));
      }
      const lift = {
        site: site.id,
        edge: site.edge.id,
        lockdown: await entryOf(edge, "lockdown-held"),
        reason: "fire is out",
        issuedAt: paperAt,
      };
      const second = lockdownOf(site, "AQEBAQEBAQEBAQEBAQEBAQ");
      const scope = { kind: "person", id: "vera" };
      for (const document of [
        await signed("lift", lift, "cleo"),
        await signed("lockdown", second, "cleo"),
        await signed("revocation", revocationOf(site, scope), "cleo"),
        await signed("roster", await site.roster({ version: 2 }), "adam"),
      ]) {
        assert.is(codeOf(await trust.accept(document)), "signature_invalid", document.type);
      }
      const persons = [...(trust.situation()?.keys.values() ?? [])].map(({ person }) => person);
      assert.is(persons.includes("acme/joe" as never), false);
      assert.is(codeOf(await trust.accept(await signed("lift", lift, "ben"))), "accepted");
    }
  });

  test("a revoked owner still vetoes a recovery: the sheet's thief may have had him revoked", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const { trust } = edge.parts;
    const scope = { kind: "person", id: "anna" };
    await trust.accept(await signed("revocation", revocationOf(site, scope), "cleo"));
    const payload = site.next({ ownersNeeded: 1, name: "recovered" });
    const { hash } = await trust.accept(await signed("manifest", payload, "recovery", "olaf"));
    const veto = await signed(
      "revocation",
      revocationOf(site, { kind: "manifest", id: hash }),
      "anna",
    );
    assert.is(codeOf(await trust.accept(veto)), "accepted");
  });

  test("a roster that names a person's key takes it from nobody", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const { trust } = edge.parts;
    // Attack: the company lists a key that it saw before the owners list it as an approver's.
    const eve = { id: "acme/eve" as never, name: "Eve", keys: [await keyOf("new approver")] };
    await trust.accept(
      await signed("roster", await site.roster({ version: 2, technicians: [eve] }), "adam"),
    );
    const newcomer = {
      id: "nora" as never,
      name: "Nora",
      roles: ["approver" as const],
      keys: [await keyOf("new approver")],
    };
    const next = await site.succeed({ persons: [...site.manifest.persons, newcomer] });
    await trust.accept(next.chain.held.envelope);
    const id = await keyIdOf(suite, await keyOf("new approver"));
    assert.is(trust.situation()?.keys.get(id)?.person, "nora");
  });

  test("what anybody can write raises no alarm of a fork, and no noise hides a real one", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const { trust, refusals } = edge.parts;
    const next = await site.succeed({ name: "one" });
    const sibling = await site.succeed({ name: "two" });
    await trust.accept(next.chain.held.envelope);
    // Attack: the relay writes what looks like another line of manifests, often.
    for (let version = 0; version < 70; version += 1) {
      const forged = { ...next.next({ name: `forged ${version}` }), previous: site.id as never };
      assert.is(
        codeOf(await trust.accept(await signed("manifest", forged, "vera"))),
        "manifest_fork",
      );
    }
    assert.equal(refusals.alarms, []);
    await trust.accept(sibling.chain.held.envelope);
    assert.equal(refusals.alarms, ["fork-reported"]);
    assert.is((await edge.events()).at(-1), "fork-reported");
  });
});
