import * as assert from "uvu/assert";
import { changesBetween } from "../../../shared/site/changes.ts";
import { CommandError } from "../../../broker/command/exit-codes.ts";
import { nextManifest, parseSiteFile, renderSiteFile } from "../../../broker/command/site-file.ts";
import { readDraft } from "../../../shared/site/manifest-draft.ts";
import { parseManifest, type Manifest } from "../../../shared/document/manifest.ts";
import { signEnvelope } from "../../../shared/document/envelope.ts";
import type { DocumentHash, SiteId } from "../../../shared/ids.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";

const site = toBase64Url(new Uint8Array(32).fill(7)) as SiteId;
const previous = toBase64Url(new Uint8Array(32).fill(8)) as DocumentHash;

async function sampleManifest(): Promise<Manifest> {
  const key = async () => toBase64Url((await nodeCrypto.ed25519KeyPair()).publicKey);
  const edgeKey = (await nodeCrypto.ed25519KeyPair()).publicKey;
  const edge = toBase64Url(await nodeCrypto.sha256(edgeKey));
  const blob = Buffer.concat([
    Buffer.from("0000000b7373682d6564323535313900000020", "hex"),
    nodeCrypto.randomBytes(32),
  ]);
  const policy = {
    approversNeeded: 1,
    approvers: null,
    secondFactor: "required",
    passkeysOnly: false,
    deviceBound: false,
    maxMinutes: 480,
    concurrent: "one",
    recordingFull: "end",
    copyRecordings: false,
    supervised: false,
    recordKeys: false,
  };
  const payload = {
    site,
    version: 4,
    previous,
    name: "Press shop",
    issuedAt: 1_790_000_000,
    endsAt: 1_850_000_000,
    ownersNeeded: 1,
    signing: null,
    persons: [
      {
        id: "anna",
        name: "Anna Beck",
        roles: ["owner", "approver"],
        keys: [{ kind: "ed25519", public: await key() }],
      },
    ],
    companies: [
      {
        id: "acme",
        name: "ACME Drives",
        administrators: [
          { id: "acme/rita", name: "Rita", keys: [{ kind: "ed25519", public: await key() }] },
        ],
      },
    ],
    recovery: null,
    audit: null,
    relays: [{ name: "relay", url: "https://relay.example.com", attestationKey: await key() }],
    edges: [
      {
        id: edge,
        name: "Hall 3",
        signingKey: toBase64Url(edgeKey),
        sealingKey: toBase64Url(new Uint8Array(1216)),
        sshHostKey: `ssh-ed25519 ${blob.toString("base64")}`,
      },
    ],
    targets: [
      {
        id: "press-hmi",
        name: "Press HMI",
        kind: "ssh",
        edge,
        rights: ["terminal", "exec"],
        policy: "standard",
        deviceVersion: 3,
        legacy: false,
      },
    ],
    policies: [{ id: "standard", ...policy }],
    release: null,
  };
  return parseManifest(await signEnvelope("manifest", payload, []));
}

const next = {
  site,
  previous: toBase64Url(new Uint8Array(32).fill(9)) as DocumentHash,
  issuedAt: 1_790_000_500,
};

function faultsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (thrown) {
    assert.instance(thrown, CommandError);
    return [(thrown as CommandError).message, ...(thrown as CommandError).hints];
  }
  return [];
}

await group("the site file", {}, (test) => {
  test("what is shown and applied unchanged changes nothing", async () => {
    const manifest = await sampleManifest();
    const file = parseSiteFile(renderSiteFile(manifest, site), "site.yaml");
    assert.equal(changesBetween(manifest, nextManifest(manifest, file, next)), []);
  });
  test("a target is added, and the keys of persons and edges stay the introduced ones", async () => {
    const manifest = await sampleManifest();
    const text = renderSiteFile(manifest, site).replace(
      /^targets:/m,
      "targets:\n  press-plc: { name: PLC, kind: tcp, edge: Hall 3, rights: [connect], policy: standard }",
    );
    const made = nextManifest(manifest, parseSiteFile(text, "site.yaml"), next) as Manifest;
    assert.is(made.version, 5);
    assert.equal(
      made.targets.map(({ id, deviceVersion, edge }) => [
        id,
        deviceVersion,
        edge === manifest.edges[0]?.id,
      ]),
      [
        ["press-plc", 0, true],
        ["press-hmi", 3, true],
      ],
    );
    assert.equal(made.persons, manifest.persons);
    assert.equal(made.edges, manifest.edges);
  });
  test("what means nothing is not signed, however it came into a draft", async () => {
    const manifest = await sampleManifest();
    const [target] = manifest.targets;
    const draft = (changed: object) => ({ ...manifest, targets: [{ ...target, ...changed }] });
    assert.is(readDraft(draft({ kind: "vnc", rights: ["view"] })).targets.length, 1);
    for (const changed of [{ kind: "holo" }, { rights: ["terminal", "everything"] }]) {
      assert.throws(
        () => readDraft(draft(changed)),
        /target "press-hmi": (kind "holo" is unknown|right "everything" is none)/,
      );
    }
  });
  test("a file cannot bring a person, edge or company that nobody introduced; all of them are named at once", async () => {
    const manifest = await sampleManifest();
    const text = renderSiteFile(manifest, site)
      .replace(/^persons:/m, "persons:\n  eve: { name: Eve, roles: [owner] }")
      .replace(/^edges:/m, `edges:\n  Hall 9: { id: ${toBase64Url(new Uint8Array(32))} }`)
      .replace(
        /^companies:/m,
        "companies:\n  evil: { name: Evil, administrators: { evil/eve: { name: Eve } } }",
      );
    const faults = faultsOf(() =>
      nextManifest(manifest, parseSiteFile(text, "site.yaml"), next),
    ).join("\n");
    assert.match(faults, /person "eve" has no key yet; invite first/);
    assert.match(faults, /edge "Hall 9": no edge .* was introduced/);
    assert.match(faults, /company "evil" has no administrator yet/);
  });
  for (const [note, from, to, expected] of [
    [
      "a key in a person",
      "    name: Anna Beck",
      "    name: Anna Beck\n    keys: []",
      /^site\.yaml:10: persons\.anna\.keys: /,
    ],
    ["a missing value", "ownersNeeded: 1\n", "", /^site\.yaml:\d+: ownersNeeded: /],
    [
      "a wrong word",
      "secondFactor: required",
      "secondFactor: maybe",
      /^site\.yaml:\d+: policies\.standard\.secondFactor: /,
    ],
    [
      "what no edge does yet",
      "copyRecordings: false",
      "copyRecordings: true",
      /^site\.yaml:\d+: policies\.standard\.copyRecordings: .*recordings stay on the edge/,
    ],
    [
      "a kind that nobody knows",
      "kind: ssh",
      "kind: SSH",
      /^site\.yaml:\d+: targets\.press-hmi: kind "SSH" is unknown, expected "ssh", "tcp", /,
    ],
    [
      "rights of another kind",
      "kind: ssh",
      "kind: vnc",
      /^site\.yaml:\d+: targets\.press-hmi: right "terminal" and "exec" is none of kind "vnc", expected "control", /,
    ],
    [
      "a screen that nobody may see",
      /kind: ssh([^]*?)rights:\n +- terminal\n +- exec\n/,
      "kind: vnc$1rights: [clipboard-out]\n",
      /^site\.yaml:\d+: targets\.press-hmi: "clipboard-out" of kind "vnc" opens nothing without "control" or "view"$/,
    ],
    ["a wrong date", /ends: .*/, "ends: soon", /^site\.yaml:5: ends: expected a date/],
    [
      "a key twice",
      "ownersNeeded: 1",
      "ownersNeeded: 1\nownersNeeded: 2",
      /^site\.yaml:7: .*unique/,
    ],
    ["broken YAML", "persons:", "persons: [", /^site\.yaml:\d+: /],
    [
      "an alias bomb",
      "name: Press shop",
      "name: &a [x, x]\nz: [*a, *a]",
      /^site\.yaml:1: file: aliases are not taken/,
    ],
  ] as const) {
    test(`${note} is refused with line and key`, async () => {
      const text = renderSiteFile(await sampleManifest(), site).replace(from, to);
      const [first = ""] = faultsOf(() => parseSiteFile(text, "site.yaml"));
      assert.match(first, expected);
    });
  }
  test("two faults are told together", async () => {
    const text = renderSiteFile(await sampleManifest(), site)
      .replace("ownersNeeded: 1", "ownersNeeded: one")
      .replace("maxMinutes: 480", "maxMinutes: long");
    assert.is(faultsOf(() => parseSiteFile(text, "site.yaml")).length, 2);
  });

  test("changes: one line per difference, whatever stands around it", async () => {
    const manifest = await sampleManifest();
    const [target] = manifest.targets;
    const after = {
      ...manifest,
      version: 5,
      targets: [
        { ...target, id: "a", name: "A" },
        { ...target, legacy: true },
      ],
    };
    const lines = changesBetween(manifest, after);
    assert.is(lines.length, 2);
    assert.ok(lines.includes("~ targets.press-hmi.legacy: false → true"), lines.join("\n"));
    assert.ok(
      lines.some((line) => line.startsWith('+ targets.a: name "A", kind "ssh"')),
      lines.join("\n"),
    );
  });
  test("changes: what differs only behind a long beginning is shown too, of keys both ends", async () => {
    const manifest = await sampleManifest();
    const long = `https://${"a".repeat(80)}.example.org`;
    const relay = { name: "relay", attestationKey: "k", url: `${long}:443` };
    const [line = ""] = changesBetween(
      { ...manifest, relays: [relay] },
      { ...manifest, relays: [{ ...relay, url: `${long}:8443` }] },
    );
    assert.match(line, /example\.org:443".* → .*example\.org:8443"/);
    const key = `${"A".repeat(800)}one`;
    const [cut = ""] = changesBetween({ key }, { key: key.replace("one", "two") });
    assert.match(
      cut,
      /^~ key: "A{29}…A+one" \(805 characters\) → "A{29}…A+two" \(805 characters\)$/,
    );
  });
  test("changes: a newcomer is shown with roles and key, a leaver by a minus", async () => {
    const manifest = await sampleManifest();
    const added = changesBetween({ ...manifest, persons: [] }, manifest);
    assert.match(
      added[0] ?? "",
      /^\+ persons\.anna: name "Anna Beck", roles \["owner", "approver"\], keys \[kind "ed25519", public /,
    );
    assert.match(
      changesBetween(manifest, { ...manifest, persons: [] })[0] ?? "",
      /^- persons\.anna/,
    );
  });
});
