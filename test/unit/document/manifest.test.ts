// protocol.md, "manifest": what a manifest's payload may hold; each permitted one has its refused twin.
import * as assert from "uvu/assert";
import { parseManifest, type Manifest } from "../../../shared/document/manifest.ts";
import { group } from "../../support/group.ts";
import { edgeEntry, firstManifest, keyOf, paperPolicy, refused, signed } from "./paper-site.ts";
import { SoftwarePasskey } from "./software-passkey.ts";

type Change = (manifest: Manifest) => object;
const base = await firstManifest();
const [anna, ben] = base.persons;
const [acme] = base.companies;
const [edge] = base.edges;
const [hmi] = base.targets;
const [relay] = base.relays;
const annaKey = await keyOf("anna");
const otherEdge = await edgeEntry("edge 2");
const joeKey = await keyOf("joe");
const ava = { id: "acme/ava", name: "Ava", keys: [joeKey] };
const passkey = new SoftwarePasskey("ES256").key;

const permitted: readonly [note: string, change: Change][] = [
  ["the paper site's", (m) => m],
  [
    "one without recovery, audit, signing page and release",
    (m) => ({
      ...m,
      recovery: null,
      audit: null,
      signing: null,
      release: null,
    }),
  ],
  ["one with a second edge", (m) => ({ ...m, edges: [edge, otherEdge] })],
  ["one with an owner for every needed one", (m) => ({ ...m, ownersNeeded: 3 })],
  [
    "an https origin with a port",
    (m) => ({
      ...m,
      signing: { rpId: "example.org", origins: ["https://sign.example.org:8443"] },
    }),
  ],
  [
    "an http origin on localhost",
    (m) => ({
      ...m,
      signing: { rpId: "localhost", origins: ["http://localhost:8095"] },
    }),
  ],
  [
    "a policy with named approvers",
    (m) => ({
      ...m,
      policies: [
        { ...paperPolicy, approvers: ["anna", "cleo"], approversNeeded: 2 },
        m.policies[1],
      ],
    }),
  ],
  ["a target of a kind still to come", (m) => ({ ...m, targets: [{ ...hmi, kind: "vnc" }] })],
];

const refusedOnes: readonly [attack: string, change: Change, expected: RegExp][] = [
  [
    "a key under two persons (one human counted twice)",
    (m) => ({
      ...m,
      persons: [anna, { ...ben, keys: [annaKey] }],
    }),
    /public key .* stands twice/,
  ],
  [
    "a person's key as an administrator's",
    (m) => ({
      ...m,
      companies: [{ ...acme, administrators: [{ ...acme?.administrators[0], keys: [annaKey] }] }],
    }),
    /public key .* stands twice/,
  ],
  [
    "a person's key as an edge's",
    (m) => ({
      ...m,
      edges: [
        { ...edge, signingKey: anna?.keys[0]?.kind === "ed25519" ? anna.keys[0].public : "" },
      ],
    }),
    /public key .* stands twice/,
  ],
  [
    "an edge's SSH host key that is its signing key",
    (m) => ({
      ...m,
      edges: [{ ...otherEdge, signingKey: edge?.signingKey }, edge],
    }),
    /public key .* stands twice/,
  ],
  [
    "two edges with one sealing key",
    (m) => ({
      ...m,
      edges: [edge, { ...otherEdge, sealingKey: edge?.sealingKey }],
    }),
    /public key .* stands twice/,
  ],
  [
    "the recovery key as a relay's",
    (m) => ({
      ...m,
      relays: [{ ...relay, attestationKey: m.recovery?.ed25519 }],
    }),
    /public key .* stands twice/,
  ],
  [
    "a release key twice (one signer counted as two)",
    (m) => ({
      ...m,
      release: {
        version: 3,
        keys: [relay?.attestationKey, m.release?.keys[1], m.release?.keys[1]],
      },
    }),
    /public key .* stands twice/,
  ],
  [
    "two persons of one id",
    (m) => ({
      ...m,
      persons: [anna, { ...ben, id: "anna" }],
    }),
    /person "anna" stands twice/,
  ],
  [
    "a site's person with a technician's id",
    (m) => ({
      ...m,
      persons: [...m.persons, { ...ben, id: "acme/ben", keys: [joeKey] }],
    }),
    /"acme\/ben" has the id of a company's technician/,
  ],
  [
    "an administrator of another company",
    (m) => ({
      ...m,
      companies: [{ ...acme, administrators: [{ ...acme?.administrators[0], id: "other/adam" }] }],
    }),
    /not of company "acme"/,
  ],
  [
    "more owners needed than there are",
    (m) => ({ ...m, ownersNeeded: 4 }),
    /needs 4 owners and has 3/,
  ],
  ["no owner needed at all", (m) => ({ ...m, ownersNeeded: 0 }), /ownersNeeded/],
  ["a person without a key", (m) => ({ ...m, persons: [anna, { ...ben, keys: [] }] }), /keys/],
  [
    "a role twice",
    (m) => ({
      ...m,
      persons: [{ ...anna, roles: ["owner", "owner"] }, ben],
    }),
    /role stands twice/,
  ],
  [
    "a role that does not exist",
    (m) => ({ ...m, persons: [{ ...anna, roles: ["root"] }] }),
    /roles/,
  ],
  [
    "a target on an edge that is not listed",
    (m) => ({
      ...m,
      targets: [{ ...hmi, edge: otherEdge.id }],
    }),
    /names edge .* not listed/,
  ],
  [
    "a target under a policy that is not listed",
    (m) => ({
      ...m,
      targets: [{ ...hmi, policy: "none" }],
    }),
    /names policy "none"/,
  ],
  [
    "two companies of one id",
    (m) => ({ ...m, companies: [acme, { ...acme, administrators: [ava] }] }),
    /company "acme" stands twice/,
  ],
  [
    "two edges of one id",
    (m) => ({ ...m, edges: [edge, { ...otherEdge, id: edge?.id }] }),
    /edge .* stands twice/,
  ],
  [
    "two policies of one id",
    (m) => ({ ...m, policies: [...m.policies, { ...paperPolicy, maxMinutes: 5 }] }),
    /policy "normal" stands twice/,
  ],
  [
    "a passkey whose credential id is longer than WebAuthn has",
    (m) => ({
      ...m,
      persons: [{ ...anna, keys: [{ ...passkey, credentialId: "A".repeat(1368) }] }, ben],
    }),
    /1026 bytes, expected 1 to 1023/,
  ],
  ["two targets of one id", (m) => ({ ...m, targets: [hmi, hmi] }), /target "hmi" stands twice/],
  [
    "a target with a right twice",
    (m) => ({
      ...m,
      targets: [{ ...hmi, rights: ["exec", "exec"] }],
    }),
    /right stands twice/,
  ],
  [
    "a policy that names somebody who is no approver",
    (m) => ({
      ...m,
      policies: [{ ...paperPolicy, approvers: ["vera"] }, m.policies[1]],
    }),
    /"vera", who is not listed as an approver/,
  ],
  [
    "a policy that counts one approver twice",
    (m) => ({
      ...m,
      policies: [
        { ...paperPolicy, approvers: ["anna", "anna"], approversNeeded: 2 },
        m.policies[1],
      ],
    }),
    /approver "anna" stands twice/,
  ],
  [
    "a policy that nobody can satisfy",
    (m) => ({
      ...m,
      policies: [{ ...paperPolicy, approversNeeded: 4 }, m.policies[1]],
    }),
    /needs 4 approvers and has 3/,
  ],
  [
    "a job of more than a week",
    (m) => ({
      ...m,
      policies: [{ ...paperPolicy, maxMinutes: 10_081 }, m.policies[1]],
    }),
    /maxMinutes/,
  ],
  [
    "an end before its issue",
    (m) => ({ ...m, endsAt: m.issuedAt }),
    /end .* not within five years/,
  ],
  ["an end in ten years", (m) => ({ ...m, endsAt: m.issuedAt + 10 * 366 * 86_400 }), /five years/],
  [
    "a first version that names a site",
    (m) => ({ ...m, site: m.edges[0]?.id }),
    /manifest 1 has neither/,
  ],
  ["a later version that names no site", (m) => ({ ...m, version: 2 }), /manifest 1 has neither/],
  [
    "a signing origin by plain http",
    (m) => ({
      ...m,
      signing: { rpId: "example.org", origins: ["http://example.org"] },
    }),
    /origins/,
  ],
  [
    "a signing origin with a path",
    (m) => ({
      ...m,
      signing: { rpId: "example.org", origins: ["https://example.org/"] },
    }),
    /origins/,
  ],
  [
    "a signing origin elsewhere than the relying party",
    (m) => ({
      ...m,
      signing: { rpId: "example.org", origins: ["https://badexample.org"] },
    }),
    /not under the relying-party id/,
  ],
  [
    "a relay address with a password in it",
    (m) => ({
      ...m,
      relays: [{ ...relay, url: "https://a:b@relay.example.org" }],
    }),
    /url/,
  ],
  [
    "a name that writes from right to left",
    (m) => ({ ...m, name: "Paper\u202emill" }),
    /control characters/,
  ],
  ["a name with a line break", (m) => ({ ...m, name: "Paper\nmill" }), /control characters/],
  [
    "an SSH host key of another kind",
    (m) => ({
      ...m,
      edges: [{ ...edge, sshHostKey: "ssh-rsa AAAA" }],
    }),
    /sshHostKey/,
  ],
  [
    "an SSH host key with a comment",
    (m) => ({
      ...m,
      edges: [{ ...edge, sshHostKey: `${edge?.sshHostKey} root@edge` }],
    }),
    /sshHostKey/,
  ],
  [
    "an Ed25519 key of small order, under which anyone can sign",
    (m) => ({
      ...m,
      persons: [{ ...anna, keys: [{ kind: "ed25519", public: `AQ${"A".repeat(41)}` }] }, ben],
    }),
    /small order/,
  ],
  ["an unknown key", (m) => ({ ...m, more: 1 }), /more/],
  ["a missing key", ({ audit: _audit, ...m }) => m, /audit/],
  ["a time that is no whole second", (m) => ({ ...m, issuedAt: 1.5 }), /issuedAt/],
];

await group("manifest", {}, (test) => {
  for (const [note, change] of permitted) {
    test(`manifest: ${note} is read`, async () => {
      const payload = change(base);
      assert.equal(parseManifest(await signed("manifest", payload)), payload as Manifest);
    });
  }
  for (const [attack, change, expected] of refusedOnes) {
    test(`manifest: ${attack} is refused`, async () => {
      const envelope = await signed("manifest", change(base));
      await refused(() => parseManifest(envelope), "document_invalid", expected);
    });
  }
  test("manifest: another type's envelope is refused", async () => {
    const envelope = await signed("roster", base);
    await refused(() => parseManifest(envelope), "document_invalid", /expected "manifest"/);
  });
  test("manifest: one of the largest plant it is made for fits an envelope", async () => {
    const keys = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => keyOf(`p${index}`)),
    );
    const persons = keys.map((key, index) => ({
      id: `person-${index}`,
      name: `Person number ${index}`,
      roles: ["vendor"],
      keys: [key],
    }));
    const targets = Array.from({ length: 500 }, (_, index) => ({ ...hmi, id: `hmi-${index}` }));
    const payload = { ...base, persons: [...base.persons, ...persons], targets };
    const envelope = await signed("manifest", payload, "anna");
    assert.ok(envelope.payload.length * (4 / 3) < 256 * 1024, `${envelope.payload.length} bytes`);
    parseManifest(envelope);
  });
});
