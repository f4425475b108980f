import * as assert from "uvu/assert";
import { liftsOf, stateOfLift, unfinishedLift } from "../../../shared/site/lifts.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { addSignatures, signEnvelope } from "../../../shared/document/envelope.ts";
import type { LockedDown } from "../../../shared/document/lockdown.ts";
import { group } from "../../support/group.ts";
import { PaperSite, paperAt, signed, signerOf } from "../document/paper-site.ts";

const entry = toBase64Url(new Uint8Array(32).fill(3));

/** The edge is locked down whole, so the strict policy of one of its targets asks for two approvers. */
async function closed() {
  const site = await PaperSite.make();
  const locked: LockedDown = {
    edge: site.edge.id,
    entry,
    scope: { kind: "edge", id: site.edge.id },
  };
  const payload = { site: site.id, edge: site.edge.id, lockdown: entry, reason: "repaired" };
  const lift = (change: object, ...names: readonly string[]) =>
    signed("lift", { ...payload, issuedAt: paperAt, ...change }, ...names);
  return { site, locked, lift, held: site.held() };
}

await group("lifts that a quorum signs", {}, (test) => {
  test("the second approver signs the first one's bytes, and both together are enough", async () => {
    const { held, locked, lift } = await closed();
    const first = await lift({}, "anna");
    assert.is(await stateOfLift(first, held, locked), "partial");
    const found = await unfinishedLift([first], held, locked);
    assert.equal(found, first);
    const both = await addSignatures(first, [await signerOf("cleo")]);
    assert.is(await stateOfLift(both, held, locked), "enough");
    assert.is(await unfinishedLift([both], held, locked), undefined, "nothing is left to sign");
  });
  test("one person's two lifts are not joined by anybody, and the newest is signed", async () => {
    const { held, locked, lift } = await closed();
    const [older, newer] = [await lift({}, "anna"), await lift({ issuedAt: paperAt + 9 }, "ben")];
    assert.equal(await unfinishedLift([older, newer], held, locked), newer);
  });
  test("what a relay has made up, or took from elsewhere, is not signed", async () => {
    const { site, held, locked, lift } = await closed();
    const other = toBase64Url(new Uint8Array(32).fill(4));
    const worthless = [
      await lift({}, "mallory"),
      await lift({}, "vera"),
      await lift({ site: toBase64Url(new Uint8Array(32).fill(5)) }, "anna"),
      await lift({ lockdown: other }, "anna"),
      await lift({ reason: 7 }, "anna"),
      await signEnvelope("deny", { site: site.id }, [await signerOf("anna")]),
      { ...(await lift({}, "anna")), signatures: [] },
    ];
    for (const envelope of worthless) {
      assert.is(await unfinishedLift([envelope], held, locked), undefined);
    }
    assert.is(liftsOf(worthless, locked).length, 4, "only what names this entry");
  });
});
