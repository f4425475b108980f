// protocol.md, "Succession": which manifest may follow, fork, gap, rollback and recovery.
import * as assert from "uvu/assert";
import { hashEnvelope } from "../../../shared/document/envelope.ts";
import { verifyRevocation } from "../../../shared/document/revocation.ts";
import {
  acceptFirst,
  acceptNext,
  extendChain,
  walkChain,
  type Succession,
} from "../../../shared/document/succession.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { SiteId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import {
  edgeEntry,
  firstManifest,
  keyOf,
  PaperSite,
  paperAt,
  refused,
  signed,
  suite,
  twinSite,
} from "./paper-site.ts";

const site = await PaperSite.make();
const first = site.chain.held.envelope;
const newOwner = { id: "nora", name: "Nora", roles: ["owner"], keys: [await keyOf("nora")] };

async function judge(payload: object, ...names: string[]): Promise<Succession> {
  return acceptNext(suite, await signed("manifest", payload, ...names), site.chain);
}

async function refusesNext(
  payload: object,
  names: readonly string[],
  code: ErrorCode,
  expected: RegExp,
): Promise<void> {
  const step = await judge(payload, ...names);
  assert.is(step.outcome, "refused");
  await refused(
    () => {
      if (step.outcome === "refused") throw step.error;
    },
    code,
    expected,
  );
}

const foreign = await twinSite();
const signingElsewhere = { rpId: "evil.example.org", origins: ["https://evil.example.org"] };
const stolenEdge = { ...(await edgeEntry("edge 2")), id: "A".repeat(43) };

const refusedSuccessors: readonly [
  attack: string,
  change: Record<string, unknown>,
  signers: readonly string[],
  code: ErrorCode,
  expected: RegExp,
][] = [
  ["one owner too few", {}, ["anna"], "threshold_missed", /1 of 2/],
  ["an approver in an owner's place", {}, ["anna", "cleo"], "signature_invalid", /may not sign/],
  ["no signature", {}, [], "signature_invalid", /no signature/],
  ["one owner twice", {}, ["anna", "anna"], "signature_invalid", /signed twice/],
  ["a stranger beside enough owners", {}, ["anna", "ben", "eve"], "signature_invalid", /may not/],
  ["a site of the same owners", { site: foreign.id }, ["anna", "ben"], "document_invalid", /site/],
  [
    "a line that was never held",
    { previous: foreign.id },
    ["anna", "ben"],
    "manifest_fork",
    /follows/,
  ],
  [
    "an issue before its predecessor",
    { issuedAt: paperAt - 7200 },
    ["anna", "ben"],
    "document_invalid",
    /before its predecessor/,
  ],
  [
    "a signing page moved elsewhere",
    { signing: signingElsewhere },
    ["anna", "ben"],
    "document_invalid",
    /signing page/,
  ],
  [
    "a signing page taken away",
    { signing: null },
    ["anna", "ben"],
    "document_invalid",
    /signing page/,
  ],
  [
    "an edge under another edge's id",
    { edges: [...site.manifest.edges, stolenEdge] },
    ["anna", "ben"],
    "document_invalid",
    /another fingerprint/,
  ],
  [
    "owners of the new manifest alone (self-appointed)",
    { persons: [...site.manifest.persons, newOwner], ownersNeeded: 1 },
    ["nora"],
    "threshold_missed",
    /manifest 1: 0 of 2/,
  ],
  ["the recovery key alone", {}, ["recovery"], "threshold_missed", /0 of 2/],
];

await group("succession", {}, (test) => {
  test("manifest 1 is accepted under the pinned site id alone", async () => {
    assert.is((await acceptFirst(suite, first, site.id)).held.hash, site.id);
    await refused(() => acceptFirst(suite, first, foreign.id), "document_invalid", /pinned/);
  });
  test("manifest 1 needs its own owners", async () => {
    const envelope = await signed("manifest", await firstManifest(), "anna");
    const id = (await hashEnvelope(envelope)) as string as SiteId;
    await refused(() => acceptFirst(suite, envelope, id), "threshold_missed", /1 of 2/);
  });
  test("manifest 1 lists each edge under its own fingerprint", async () => {
    const bad = { ...(await firstManifest()), targets: [], edges: [stolenEdge] };
    const envelope = await signed("manifest", bad, "anna", "ben");
    const id = (await hashEnvelope(envelope)) as string as SiteId;
    await refused(() => acceptFirst(suite, envelope, id), "document_invalid", /fingerprint/);
  });
  test("a later manifest is never taken as the first", async () => {
    const envelope = await signed("manifest", site.next(), "anna", "ben");
    const id = (await hashEnvelope(envelope)) as string as SiteId;
    await refused(() => acceptFirst(suite, envelope, id), "document_invalid", /pinned first/);
  });
  test("the next manifest is accepted when enough owners of both signed it", async () => {
    const step = await judge(site.next({ name: "Paper mill north" }), "anna", "olaf");
    assert.is(step.outcome, "accepted");
    if (step.outcome !== "accepted") return;
    assert.is(step.chain.held.payload.version, 2);
    assert.equal(step.chain.hashes, [site.id, step.chain.held.hash]);
    assert.is(step.chain.predecessor?.hash, site.id);
  });
  for (const [attack, change, signers, code, expected] of refusedSuccessors) {
    test(`the next manifest is refused with ${attack}`, async () => {
      await refusesNext({ ...site.next(), ...change }, signers, code, expected);
    });
  }
  test("an owner who leaves signs with the old manifest's key, one who comes with the new one's", async () => {
    const persons = site.manifest.persons.map((person) =>
      person.id === "ben" ? { ...person, keys: newOwner.keys } : person,
    );
    const next = { ...site.next(), persons };
    assert.is((await judge(next, "anna", "ben", "nora")).outcome, "accepted");
    await refusesNext(next, ["anna", "nora"], "threshold_missed", /manifest 1: 1 of 2/);
    await refusesNext(next, ["anna", "ben"], "threshold_missed", /manifest 2: 1 of 2/);
  });
  test("a signing page may be named once where there was none", async () => {
    const bare = await PaperSite.make((manifest) => ({ ...manifest, signing: null }));
    const grown = await bare.succeed({ signing: site.manifest.signing });
    assert.equal(grown.manifest.signing, site.manifest.signing);
  });
  test("the held manifest and its ancestors are known", async () => {
    const grown = await site.succeed();
    assert.is((await acceptNext(suite, first, grown.chain)).outcome, "known");
    const { envelope } = grown.chain.held;
    assert.is((await acceptNext(suite, envelope, grown.chain)).outcome, "known");
  });
  test("a gap names the version after which manifests are missing", async () => {
    const third = (await (await site.succeed()).succeed()).chain.held.envelope;
    const step = await acceptNext(suite, third, site.chain);
    assert.equal(step, { outcome: "gap", after: 1 });
  });
  test("a sibling that owners signed is told apart, because it is an alarm", async () => {
    const grown = await site.succeed({ name: "One" });
    const envelope = await signed("manifest", site.next({ name: "Two" }), "anna", "ben");
    const step = await acceptNext(suite, envelope, grown.chain);
    assert.is(step.outcome, "sibling");
    await refused(() => extendChain(suite, [envelope], grown.chain), "manifest_fork", /another/);
  });
  test("a sibling that nobody signed rightly raises no alarm and is refused", async () => {
    const grown = await site.succeed({ name: "One" });
    const envelope = await signed("manifest", site.next({ name: "Two" }), "anna", "eve");
    assert.is((await acceptNext(suite, envelope, grown.chain)).outcome, "refused");
  });
  test("an older manifest is rollback", async () => {
    const third = await (await site.succeed({ name: "One" })).succeed();
    const envelope = await signed("manifest", site.next({ name: "Two" }), "anna", "ben");
    const step = await acceptNext(suite, envelope, third.chain);
    assert.is(step.outcome === "refused" && step.error.code, "manifest_rollback");
  });
  test("another first manifest is rollback, not the root of a new site", async () => {
    const step = await acceptNext(suite, foreign.chain.held.envelope, site.chain);
    assert.is(step.outcome === "refused" && step.error.code, "manifest_rollback");
  });
  test("the recovery key replaces lost owners, but only after a wait", async () => {
    const nils = { ...newOwner, id: "nils", keys: [await keyOf("nils")] };
    const persons = [newOwner, nils];
    const next = { ...site.next(), persons, policies: [], targets: [], ownersNeeded: 2 };
    const envelope = await signed("manifest", next, "recovery", "nora", "nils");
    const step = await acceptNext(suite, envelope, site.chain);
    assert.is(step.outcome, "recovering");
    await refused(() => extendChain(suite, [envelope], site.chain), "refused", /72 hours/);
    const hash = await hashEnvelope(envelope);
    const grown = await extendChain(suite, [envelope], site.chain, (item) => item === hash);
    assert.is(grown.held.hash, hash);
    await refusesNext(next, ["nora", "nils"], "threshold_missed", /manifest 1: 0 of 2/);
    await refusesNext(next, ["recovery", "nora"], "threshold_missed", /manifest 2: 1 of 2/);
  });
  test("a recovery is vetoed by one owner, and by nobody less", async () => {
    const veto = {
      site: site.id,
      edge: null,
      scope: { kind: "manifest", id: "A".repeat(43) },
      reason: "the sheet was stolen",
      issuedAt: paperAt,
    };
    await verifyRevocation(await signed("revocation", veto, "olaf"), site.held());
    const byApprover = await signed("revocation", veto, "cleo");
    await refused(() => verifyRevocation(byApprover, site.held()), "signature_invalid", /may not/);
  });
  test("a manifest signed by owners and by the recovery key waits too", async () => {
    assert.is((await judge(site.next(), "recovery", "anna", "ben")).outcome, "recovering");
  });
  test("a chain is walked from the pinned first manifest to the newest", async () => {
    const third = await (await site.succeed({ name: "One" })).succeed({ name: "Two" });
    const second = (await site.succeed({ name: "One" })).chain.held.envelope;
    const newest = third.chain.held.envelope;
    const walked = await walkChain(suite, [first, second, newest], site.id);
    assert.equal(walked.hashes, third.chain.hashes);
    await refused(() => walkChain(suite, [first, newest], site.id), "document_invalid", /missing/);
    await refused(() => walkChain(suite, [], site.id), "document_invalid", /empty/);
  });
});
