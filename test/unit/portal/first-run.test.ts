// How far a first run is, read from the site alone.
import * as assert from "uvu/assert";
import {
  nextStep,
  progressOf,
  steps,
  type SiteFacts,
} from "../../../broker/portal/first-run/progress.ts";
import { slugOf, isSlug } from "../../../broker/portal/site/slugs.ts";
import {
  firstManifest as payloadOf,
  makeRecovery,
  usualPolicy,
} from "../../../shared/site/founding.ts";
import { readDraft } from "../../../shared/site/manifest-draft.ts";
import { group } from "../../support/group.ts";
import { edgeEntry, keyOf, paperAt, PaperSite, publicOf, suite } from "../document/paper-site.ts";

async function founded(): Promise<SiteFacts> {
  const recovery = await makeRecovery(suite);
  const manifest = readDraft(
    payloadOf(
      {
        name: "Press shop",
        owner: {
          id: "anna",
          name: "Anna",
          roles: ["owner", "approver"],
          keys: [await keyOf("anna")],
        },
        relay: {
          name: "relay",
          url: "https://relay.example.org",
          attestationKey: await publicOf("relay"),
        },
        signing: null,
        policy: usualPolicy,
        issuedAt: paperAt,
        endsAt: paperAt + 1000,
      },
      recovery.keys,
      undefined,
    ),
  );
  return {
    me: "anna" as never,
    manifest,
    hasTechnicians: false,
    invited: [],
    newcomers: [],
    isEdgeOnline: false,
    hasAnsweredRequest: false,
  };
}

await group("the first run's steps", {}, (test) => {
  test("a founded site has its key and its sheet; the second owner is next", async () => {
    const progress = progressOf(await founded());
    const done = steps.filter((name) => progress[name] === "done");
    assert.equal(done, ["key", "sheet"]);
    assert.is(nextStep(progress), "second");
  });
  test("who is invited is waited for, and the next step is another", async () => {
    const facts = await founded();
    const progress = progressOf({
      ...facts,
      invited: [{ kind: "owner" }, { kind: "me" }, { kind: "edge" }],
    });
    assert.is(progress.second, "waiting");
    assert.is(progress.phone, "waiting");
    assert.is(progress.box, "done");
    assert.is(progress.accept, "waiting");
    assert.is(nextStep(progress), "vendor");
    const answered = progressOf({ ...facts, newcomers: [{ kind: "owner" }] });
    assert.is(answered.accept, "open");
  });
  test("a site that works has every step done", async () => {
    const { manifest } = await PaperSite.make();
    const [anna] = manifest.persons;
    if (anna === undefined) throw new Error("paper site has no owner");
    const recovery = (await founded()).manifest.recovery;
    const facts: SiteFacts = {
      ...(await founded()),
      manifest: {
        ...manifest,
        recovery,
        signing: null,
        edges: [await edgeEntry("edge")],
        persons: [
          { ...anna, keys: [...anna.keys, await keyOf("anna's phone")] },
          ...manifest.persons.slice(1),
        ],
      },
      isEdgeOnline: true,
      hasAnsweredRequest: true,
    };
    assert.is(nextStep(progressOf(facts)), undefined);
    assert.ok(Object.values(progressOf(facts)).every((state) => state === "done"));
  });
  test("a short name comes out of what somebody is called", () => {
    assert.is(slugOf("Anna Müller-Groß"), "anna-muller-gross");
    assert.is(slugOf("  Press 4 / panel "), "press-4-panel");
    assert.is(slugOf("日本"), "");
    assert.ok(isSlug(slugOf("a".repeat(31) + " b")));
    for (const text of ["", "-a", "A", "a/b", "a".repeat(33)]) assert.not.ok(isSlug(text), text);
  });
});
