// What an owner collects, as the manifest that all of it makes, the sentences that it is shown in, and what the boxes get after it.
import * as assert from "uvu/assert";
import {
  prepare,
  targetsWith,
  withChange,
  type Change,
  type TargetWish,
} from "../../../broker/portal/site/changes.ts";
import { differenceOf } from "../../../broker/portal/site/difference.ts";
import { presetOf, presetRules } from "../../../broker/portal/site/presets.ts";
import { keyMaterial } from "../../../shared/document/keys.ts";
import type { Policy } from "../../../shared/document/manifest.ts";
import { readDraft } from "../../../shared/site/manifest-draft.ts";
import type { Newcomer } from "../../../shared/site/introductions.ts";
import { group } from "../../support/group.ts";
import { keyOf, PaperSite, paperPolicy, sshLineOf } from "../document/paper-site.ts";

async function prepared(
  site: PaperSite,
  changes: readonly Change[],
  newcomers: readonly Newcomer[] = [],
) {
  const made = await prepare(changes, {
    held: site.held(),
    newcomers,
    deviceVersion: ({ deviceVersion }) => deviceVersion + 1,
  });
  const sentences = differenceOf(site.manifest, made.manifest);
  return { ...made, sentences, faultWords: made.faults.map(({ word }) => word) };
}

function wish(site: PaperSite, change: Partial<TargetWish> = {}): TargetWish {
  const policy = site.manifest.policies[0]?.id ?? ("normal" as never);
  return {
    id: "panel" as never,
    name: "Panel",
    kind: "ssh",
    edge: site.edge.id,
    rights: ["terminal"],
    policy,
    legacy: false,
    ...change,
  };
}

const targetChange = (
  target: TargetWish,
  rest: Partial<Extract<Change, { kind: "target" }>> = {},
): Change => ({
  kind: "target",
  id: target.id,
  target,
  device: null,
  secret: null,
  tested: null,
  ...rest,
});
const device = async (hostKeys?: readonly string[]) => ({
  kind: "ssh" as const,
  host: "10.0.0.1",
  port: 22,
  login: "root",
  hostKeys: [...(hostKeys ?? [await sshLineOf("device")])],
  legacy: false,
});

await group("an owner's changes", {}, (test) => {
  test("no change makes the same manifest, and no sentence", async () => {
    const site = await PaperSite.make();
    const made = await prepared(site, []);
    assert.equal(made.manifest, site.manifest);
    assert.equal(made.sentences, []);
  });
  test("a later change of one place counts alone", () => {
    const name = (text: string): Change => ({ kind: "site", id: "name", name: text });
    const end: Change = { kind: "site", id: "end", endsAt: 5 };
    assert.equal([name("a"), end, name("b")].reduce<readonly Change[]>(withChange, []), [
      end,
      name("b"),
    ]);
    const gone: Change = { kind: "target-removed", id: "panel" as never };
    assert.is(withChange([gone], { ...gone }).length, 1);
  });
  test("a machine's device comes after the manifest names its version; without address or pinned key it is not ready", async () => {
    const site = await PaperSite.make();
    const ready = await prepared(site, [targetChange(wish(site), { device: await device() })]);
    assert.equal(ready.faultWords, []);
    assert.equal(
      ready.devices.map(({ version }) => version),
      [1],
    );
    assert.is(ready.manifest.targets.find(({ id }) => id === "panel")?.deviceVersion, 1);
    assert.match(ready.sentences.join(), /New machine Panel behind edge: open a terminal/);
    readDraft({ ...ready.manifest, ...site.next(), targets: ready.manifest.targets });
    const desktop = wish(site, { kind: "rdp", rights: ["control", "view"] });
    const desktopDevice = {
      kind: "rdp" as const,
      host: "10.0.0.2",
      port: 3389,
      login: "op",
      domain: null,
      certificate: Array.from({ length: 32 }, () => "AB").join(":"),
      security: "nla" as const,
      keyboard: "us" as const,
    };
    const pinned = await prepared(site, [targetChange(desktop, { device: desktopDevice })]);
    assert.equal(pinned.faultWords, []);
    const cases: readonly [Change, string][] = [
      [targetChange(wish(site)), "addressMissing"],
      [targetChange(wish(site), { device: await device([]) }), "hostKeyMissing"],
      [
        targetChange(desktop, { device: { ...desktopDevice, certificate: null } }),
        "certificateMissing",
      ],
      [targetChange(wish(site, { kind: "tcp" }), { device: await device() }), "deviceKind"],
      [targetChange(wish(site), { device: { ...(await device()), host: "a b" } }), "deviceInvalid"],
      [
        targetChange(wish(site, { edge: "nowhere" as never }), { device: await device() }),
        "edgeGone",
      ],
      [{ kind: "newcomer", id: "gone" as never, name: "Gone" }, "newcomerGone"],
    ];
    for (const [change, word] of cases)
      assert.equal((await prepared(site, [change])).faultWords, [word]);
  });
  test("whoever offers a panel in the browser reads what that gives away, once", async () => {
    const site = await PaperSite.make();
    const at = (rights: readonly string[], kind = "http") =>
      prepared(site, [
        targetChange(wish(site, { kind, rights }), {
          device: {
            kind: "http",
            host: "10.0.0.3",
            port: 80,
            secure: false,
            certificate: null,
            signIn: { how: "none" },
            start: "/",
            paths: [],
          },
        }),
      ]);
    const offered = (await at(["connect", "browser"])).sentences.join("\n");
    assert.match(offered, /open it through the sallyport command, open it in the browser/);
    assert.match(offered, /Panel in the browser: The relay owns the panel’s name: .* it cannot\./);
    assert.not.match((await at(["connect"])).sentences.join("\n"), /owns the panel/);
  });
  test("a machine that keeps its box keeps what the box knows; on another box it needs its address anew", async () => {
    const site = await PaperSite.make();
    const [known] = site.manifest.targets;
    if (known === undefined) throw new Error("paper site has no target");
    const { deviceVersion, ...kept } = known;
    const renamed = await prepared(site, [targetChange({ ...kept, name: "Other" })]);
    assert.equal(renamed.faultWords, []);
    assert.is(renamed.manifest.targets[0]?.deviceVersion, deviceVersion);
    assert.equal(renamed.sentences, ["A device is called Other"]);
    const listed = targetsWith(site.manifest, [targetChange({ ...kept, name: "Other" })]);
    assert.is(listed[0]?.target.name, "Other");
  });
  test("the same person's new keys come while old ones go, in one manifest", async () => {
    const laptop = await keyOf("ben's laptop");
    const site = await PaperSite.make((manifest) => ({
      ...manifest,
      persons: manifest.persons.map((person) =>
        person.id === "ben" ? { ...person, keys: [...person.keys, laptop] } : person,
      ),
    }));
    const old = await keyOf("ben");
    const fresh = await keyOf("ben's new phone");
    const newcomer = {
      who: "ben",
      subject: { kind: "person", id: "ben", name: "Ben", roles: ["owner", "approver"] },
      // The browser is the same: its own key is introduced again, and stands once.
      introduction: { invitation: "i", keys: [laptop, fresh], edge: null },
      fingerprints: [],
    } as unknown as Newcomer;
    const made = await prepared(
      site,
      [
        { kind: "newcomer", id: "i" as never, name: "Ben" },
        { kind: "key-removed", id: keyMaterial(old), person: "ben" as never },
      ],
      [newcomer],
    );
    assert.equal(made.manifest.persons.find(({ id }) => id === "ben")?.keys, [laptop, fresh]);
    assert.equal(made.sentences, [
      "Name of ben gets another key",
      "One key of Name of ben counts no more",
    ]);
  });
  test("who approves no more leaves the rules that name them; a box takes its machines along", async () => {
    const named: Policy = { ...paperPolicy, approvers: ["ben", "cleo"] as never };
    const site = await PaperSite.make((manifest) => ({
      ...manifest,
      policies: manifest.policies.map((policy) => (policy.id === named.id ? named : policy)),
    }));
    const made = await prepared(site, [{ kind: "roles", id: "cleo" as never, roles: ["auditor"] }]);
    assert.equal(made.manifest.policies.find(({ id }) => id === named.id)?.approvers, ["ben"]);
    const gone = await prepared(site, [{ kind: "edge-removed", id: site.edge.id }]);
    assert.ok(gone.manifest.targets.every(({ edge }) => edge !== site.edge.id));
  });
  test("strict rules ask for two approvers from the moment that there are two; normal ones do not", async () => {
    const strict = { id: "normal" as never, ...presetRules("strict", 1) };
    const site = await PaperSite.make((manifest) => ({
      ...manifest,
      persons: manifest.persons.map((person) =>
        person.id === "anna"
          ? person
          : { ...person, roles: person.roles.includes("owner") ? ["owner"] : ["auditor"] },
      ),
      policies: manifest.policies.map((policy) =>
        policy.id === "normal" ? strict : { ...policy, approversNeeded: 1, approvers: null },
      ),
    }));
    const made = await prepared(site, [
      { kind: "roles", id: "ben" as never, roles: ["owner", "approver"] },
    ]);
    assert.is(made.manifest.policies.find(({ id }) => id === "normal")?.approversNeeded, 2);
    assert.match(made.sentences.join(), /Rules normal: Approvers needed: 2/);
  });
  test("presets are told from rules of their own", () => {
    const id = "standard" as never;
    assert.is(presetOf({ id, ...presetRules("normal", 3) }), "normal");
    assert.is(presetOf({ id, ...presetRules("strict", 1) }), "strict");
    assert.is(presetOf({ id, ...presetRules("strict", 5) }), "strict");
    assert.is(presetOf({ id, ...presetRules("normal", 1), maxMinutes: 5 }), undefined);
    assert.is(presetRules("strict", 0).approversNeeded, 1);
  });
});
