// protocol.md, "grant": quorum, never the requester, never more than asked, and what may replace.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { addSignatures } from "../../../shared/document/envelope.ts";
import { draftGrant, verifyGrant, type Grant } from "../../../shared/document/grant.ts";
import { fingerprintOfHostKey } from "../../../shared/document/host-key.ts";
import { verifyRequest, type Request } from "../../../shared/document/request.ts";
import type { Verified } from "../../../shared/document/verify.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { PersonId, TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import {
  edgeEntry,
  embeddedAnchor,
  keyOf,
  PaperSite,
  paperAt,
  paperPolicy,
  refused,
  signed,
  signerOf,
  suite,
  twinSite,
} from "./paper-site.ts";

const site = await PaperSite.make();
const foreign = await twinSite();
const request = await site.verifiedRequest();
const other = await site.verifiedRequest({ nonce: toBase64Url(new Uint8Array(16).fill(2)) });
const edge2 = await edgeEntry("edge 2");
const quorum = ["anna", "cleo"];
const hmi = { id: "hmi", rights: ["terminal", "exec"] };
const plc = { id: "plc", rights: ["connect"] };
const fingerprint = await fingerprintOfHostKey(suite, edge2.sshHostKey);
const certificate = Array(32).fill("0F").join(":");

type Row = readonly [
  note: string,
  change: object,
  signers: readonly string[],
  refusal?: readonly [ErrorCode, RegExp],
];

const grants: readonly Row[] = [
  ["by as many approvers as the strictest policy asks", {}, quorum],
  ["by one approver too few", {}, ["anna"], ["threshold_missed", /policy "strict": 1 of 2/]],
  ["by one approver twice", {}, ["anna", "anna"], ["signature_invalid", /signed twice/]],
  ["by one approver for the milder target alone", { targets: [hmi] }, ["cleo"]],
  ["by the vendor", { targets: [hmi] }, ["vera"], ["signature_invalid", /may not sign/]],
  [
    "by an owner who is no approver",
    { targets: [hmi] },
    ["olaf"],
    ["signature_invalid", /may not/],
  ],
  [
    "by an approver and somebody who may not",
    {},
    ["anna", "cleo", "olaf"],
    ["signature_invalid", /may not/],
  ],
  ["by nobody", {}, [], ["signature_invalid", /no signature/]],
  ["by the edge itself", { targets: [hmi] }, ["edge"], ["signature_invalid", /may not sign/]],
  ["of another site", { site: foreign.id }, quorum, ["document_invalid", /is of site/]],
  [
    "for another request of the same vendor",
    { request: other.hash },
    quorum,
    ["document_invalid", /grant is for request/],
  ],
  [
    "for another vendor",
    { vendor: "acme/joe" },
    quorum,
    ["document_invalid", /another vendor or edge/],
  ],
  ["for an unknown edge", { edge: edge2.id }, quorum, ["document_invalid", /not in the manifest/]],
  ["of fewer targets", { targets: [plc] }, quorum],
  [
    "of a target that was not asked for",
    { targets: [hmi, plc, { ...hmi, id: "hmi-2" }] },
    quorum,
    ["document_invalid", /"hmi-2" is not in the request/],
  ],
  ["of fewer rights", { targets: [{ ...hmi, rights: ["exec"] }] }, quorum],
  [
    "of a right that was not asked for",
    { targets: [{ ...hmi, rights: ["terminal", "files"] }] },
    quorum,
    ["document_invalid", /"files" on target "hmi" is not in the request/],
  ],
  ["of a target twice", { targets: [hmi, hmi] }, quorum, ["document_invalid", /stands twice/]],
  ["of no target", { targets: [] }, quorum, ["document_invalid", /targets/]],
  ["of fewer minutes", { minutes: 29, endsAt: paperAt + 3600 + 29 * 60 }, quorum],
  [
    "of more minutes",
    { minutes: 31 },
    quorum,
    ["document_invalid", /31 minutes, request asked 30/],
  ],
  ["of no minute", { minutes: 0 }, quorum, ["document_invalid", /minutes/]],
  ["to start earlier", { startBeforeAt: paperAt + 1800, endsAt: paperAt + 3600 }, quorum],
  [
    "to start later",
    { startBeforeAt: paperAt + 3601 },
    quorum,
    ["document_invalid", /later than its request/],
  ],
  ["that ends before the minutes can be over", { endsAt: paperAt + 600 }, quorum],
  [
    "that ends later than the minutes can last",
    { endsAt: paperAt + 3600 + 30 * 60 + 1 },
    quorum,
    ["document_invalid", /later than 30 minutes/],
  ],
  [
    "that ended before it was issued",
    { endsAt: paperAt },
    quorum,
    ["document_invalid", /before it was issued/],
  ],
  [
    "anchored by the edge of a twin site",
    { anchor: await embeddedAnchor(foreign.checkpoint(), "edge") },
    quorum,
    ["document_invalid", /checkpoint is of/],
  ],
  [
    "anchored by another key than the edge's",
    { anchor: await embeddedAnchor(site.checkpoint(), "edge 2") },
    quorum,
    ["signature_invalid", /may not sign/],
  ],
  [
    "anchored in another edge's journal",
    { anchor: await embeddedAnchor(site.checkpoint({ edge: edge2.id }), "edge 2") },
    quorum,
    ["document_invalid", /checkpoint is of edge/],
  ],
  [
    "that replaces one which is not at hand",
    { replaces: other.hash },
    quorum,
    ["document_invalid", /not at hand/],
  ],
  [
    "that accepts a changed host key on one of its targets",
    { deviceKeys: [{ target: "hmi", fingerprint }] },
    quorum,
  ],
  [
    "that accepts a changed certificate on one of its targets, beside a key on the other",
    {
      deviceKeys: [
        { target: "hmi", fingerprint: certificate },
        { target: "plc", fingerprint },
      ],
    },
    quorum,
  ],
  [
    "that accepts a certificate on a target that it does not open",
    { targets: [plc], deviceKeys: [{ target: "hmi", fingerprint: certificate }] },
    quorum,
    ["document_invalid", /key of "hmi", which it does not open/],
  ],
  [
    "that accepts the same certificate twice",
    { deviceKeys: Array(2).fill({ target: "hmi", fingerprint: certificate }) },
    quorum,
    ["document_invalid", /key twice/],
  ],
  [
    "that accepts a certificate in its second spelling",
    { deviceKeys: [{ target: "hmi", fingerprint: certificate.toLowerCase() }] },
    quorum,
    ["document_invalid", /deviceKeys/],
  ],
  [
    "that accepts a certificate's fingerprint as short as SHA-1's",
    { deviceKeys: [{ target: "hmi", fingerprint: certificate.slice(0, 59) }] },
    quorum,
    ["document_invalid", /deviceKeys/],
  ],
  [
    "that accepts a host key on a target that it does not open",
    { targets: [plc], deviceKeys: [{ target: "hmi", fingerprint }] },
    quorum,
    ["document_invalid", /key of "hmi", which it does not open/],
  ],
  [
    "that accepts the same host key twice",
    { deviceKeys: Array(2).fill({ target: "hmi", fingerprint }) },
    quorum,
    ["document_invalid", /key twice/],
  ],
  [
    "that accepts a whole key line, which the relay must not see",
    { deviceKeys: [{ target: "hmi", fingerprint: "ssh-ed25519 AAAA" }] },
    quorum,
    ["document_invalid", /deviceKeys/],
  ],
  [
    "that accepts a fingerprint in its second spelling",
    { deviceKeys: [{ target: "hmi", fingerprint: fingerprint.replace(/.$/, "B") }] },
    quorum,
    ["document_invalid", /deviceKeys/],
  ],
  [
    "that accepts nine keys",
    { deviceKeys: Array(9).fill({ target: "hmi", fingerprint }) },
    quorum,
    ["document_invalid", /deviceKeys/],
  ],
  [
    "without device keys, not even none",
    { deviceKeys: undefined },
    quorum,
    ["document_invalid", /deviceKeys/],
  ],
  ["with an unknown key", { more: true }, quorum, ["document_invalid", /more/]],
];

const founding = await verifyGrant(
  await signed("grant", await site.grant(request), ...quorum),
  site.held(),
  { request },
);
const narrow = await verifyGrant(
  await signed("grant", { ...(await site.grant(request)), targets: [hmi] }, ...quorum),
  site.held(),
  { request },
);

const extensions: readonly [
  note: string,
  replaced: Verified<Grant>,
  change: object,
  refusal?: readonly [ErrorCode, RegExp],
][] = [
  ["more minutes in all than were asked", founding, { minutes: 60, endsAt: paperAt + 7200 }],
  ["fewer minutes", founding, { minutes: 10, endsAt: paperAt + 3600 }],
  [
    "more minutes than a policy allows",
    founding,
    { minutes: 61 },
    ["document_invalid", /policy "strict"/],
  ],
  ["fewer targets", founding, { targets: [plc] }],
  [
    "a host key that was changed since accepted",
    founding,
    { deviceKeys: [{ target: "hmi", fingerprint }] },
  ],
  [
    "a target more than before",
    narrow,
    { targets: [hmi, plc] },
    ["document_invalid", /"plc" is not in the grant that it replaces/],
  ],
  [
    "a right more than before",
    await lessRight(),
    { targets: [hmi] },
    ["document_invalid", /"terminal" .* the grant that it replaces/],
  ],
  [
    "another request",
    founding,
    { request: other.hash },
    ["document_invalid", /grant is for request/],
  ],
];

async function lessRight(): Promise<Verified<Grant>> {
  const payload = { ...(await site.grant(request)), targets: [{ ...hmi, rights: ["exec"] }] };
  return verifyGrant(await signed("grant", payload, ...quorum), site.held(), { request });
}

/** The paper site with an approver who is a vendor too. */
async function withTwoHats(): Promise<PaperSite> {
  const persons = site.manifest.persons.map((person) =>
    person.id === "cleo" ? { ...person, roles: ["approver", "vendor"] as const } : person,
  );
  return site.succeed({ persons });
}

async function requestOf(world: PaperSite, change: Partial<Request>, signer: string) {
  const envelope = await signed("request", await world.request(change, signer), signer);
  return verifyRequest(envelope, world.held());
}

await group("grant", {}, (test) => {
  for (const [note, change, signers, refusal] of grants) {
    test(`grant: one ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const envelope = await signed(
        "grant",
        { ...(await site.grant(request)), ...change },
        ...signers,
      );
      const act = () => verifyGrant(envelope, site.held(), { request });
      if (refusal !== undefined) return refused(act, ...refusal);
      const grant = await act();
      assert.equal(
        grant.signers.map(({ name }) => name),
        signers,
      );
      assert.is(grant.anchor.payload.length, 12);
      return undefined;
    });
  }
  for (const [note, replaced, change, refusal] of extensions) {
    test(`grant: one that replaces with ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const payload = { ...(await site.grant(request, {}, { replaced })), ...change };
      const envelope = await signed("grant", payload, ...quorum);
      const act = () => verifyGrant(envelope, site.held(), { request, replaced });
      if (refusal === undefined) assert.is((await act()).payload.replaces, replaced.hash);
      else await refused(act, ...refusal);
    });
  }
  test("grant: one that replaces a grant of another request is refused", async () => {
    const stranger = await verifyGrant(
      await signed("grant", await site.grant(other), ...quorum),
      site.held(),
      { request: other },
    );
    const payload = { ...(await site.grant(request)), replaces: stranger.hash };
    const envelope = await signed("grant", payload, ...quorum);
    const act = () => verifyGrant(envelope, site.held(), { request, replaced: stranger });
    await refused(act, "document_invalid", /replaces one of another request/);
  });
  test("grant: an extension keeps the keys that were accepted, of the targets that it keeps", async () => {
    const deviceKeys = [{ target: "hmi" as TargetId, fingerprint }];
    const payload = await site.grant(request, { deviceKeys });
    const replaced = await verifyGrant(await signed("grant", payload, ...quorum), site.held(), {
      request,
    });
    const draft = { request, manifest: site.chain.held.hash, anchor: await site.anchor() };
    const next = { ...draft, issuedAt: paperAt + 90, replaced };
    assert.equal(draftGrant(next).deviceKeys, deviceKeys);
    assert.equal(draftGrant({ ...next, deviceKeys: [] }).deviceKeys, []);
    const [, plcOnly] = request.payload.targets;
    assert.equal(draftGrant({ ...next, targets: plcOnly ? [plcOnly] : [] }).deviceKeys, []);
  });
  test("grant: a standing request gets its windows or fewer, until the same last moment", async () => {
    const untilAt = paperAt + 30 * 24 * 3600;
    const windows = {
      timeZone: "Europe/Berlin",
      days: [1, 5],
      from: "06:00",
      to: "14:00",
      untilAt,
    };
    const asked = await site.verifiedRequest({ windows, startBeforeAt: untilAt });
    const granted = async (change: object) => {
      const payload = { ...(await site.grant(asked)), ...change };
      return verifyGrant(await signed("grant", payload, ...quorum), site.held(), {
        request: asked,
      });
    };
    const { payload } = await granted({});
    assert.equal([payload.windows, payload.endsAt], [windows, untilAt]);
    await granted({ windows: { ...windows, days: [5] } });
    const earlier = { startBeforeAt: untilAt - 60, endsAt: untilAt - 60 };
    await granted({ windows: { ...windows, untilAt: untilAt - 60 }, ...earlier });
    for (const [change, why] of [
      [{ windows: { ...windows, days: [1, 2] } }, /not within those of the request/],
      [{ windows: { ...windows, to: "15:00" } }, /not within those of the request/],
      [{ windows: null }, /not within those of the request/],
      [{ endsAt: untilAt - 1 }, /its windows at/],
      [{ startBeforeAt: untilAt - 1 }, /not until its windows end/],
    ] as const) {
      await refused(() => granted(change), "document_invalid", why);
    }
    const once = {
      ...(await site.grant(request)),
      windows,
      startBeforeAt: untilAt,
      endsAt: untilAt,
    };
    const stands = await signed("grant", once, ...quorum);
    const act = () => verifyGrant(stands, site.held(), { request });
    await refused(act, "document_invalid", /not within those of the request/);
  });
  test("grant: a second approver signs the first one's exact bytes", async () => {
    const one = await signed("grant", await site.grant(request), "anna");
    await refused(() => verifyGrant(one, site.held(), { request }), "threshold_missed", /1 of 2/);
    const two = await addSignatures(one, [await signerOf("ben")]);
    assert.equal(two.payload, one.payload);
    assert.is((await verifyGrant(two, site.held(), { request })).signers.length, 2);
  });
  test("grant: signatures over two different drafts do not add up", async () => {
    const one = await signed("grant", await site.grant(request), "anna");
    const two = await signed("grant", await site.grant(request, { issuedAt: paperAt + 61 }), "ben");
    const mixed = { ...one, signatures: [...one.signatures, ...two.signatures] };
    const act = () => verifyGrant(mixed, site.held(), { request });
    await refused(act, "signature_invalid", /does not verify/);
  });
  test("grant: an approver with a vendor's role never approves his own request", async () => {
    const world = await withTwoHats();
    const own = await requestOf(world, { vendor: "cleo" as PersonId }, "cleo");
    const approved = await signed("grant", await world.grant(own), "anna", "ben");
    await verifyGrant(approved, world.held(), { request: own });
    const alone = await signed("grant", await world.grant(own), "anna", "cleo");
    const act = () => verifyGrant(alone, world.held(), { request: own });
    await refused(act, "forbidden", /a request of their own/);
  });
  test("grant: an approver whose key asked under a technician's name does not approve it", async () => {
    // The roster was verified while joe's key was nobody else's; the next manifest lists that key for an approver.
    const jo = { id: "jo" as PersonId, name: "Jo", roles: ["approver" as const] };
    const persons = [...site.manifest.persons, { ...jo, keys: [await keyOf("joe")] }];
    const world = await site.succeed({ persons });
    const own = await requestOf(world, { vendor: "acme/joe" as PersonId }, "joe");
    const envelope = await signed("grant", await world.grant(own), "anna", "joe");
    const act = () => verifyGrant(envelope, world.held(), { request: own });
    await refused(act, "forbidden", /"jo" approves a request of their own/);
  });
  test("grant: a policy that names its approvers counts no others", async () => {
    const policies = site.manifest.policies.map((policy) =>
      policy.id === "strict" ? { ...policy, approvers: ["anna", "ben"] as PersonId[] } : policy,
    );
    const world = await site.succeed({ policies });
    const asked = await requestOf(world, {}, "vera");
    const payload = await world.grant(asked);
    await verifyGrant(await signed("grant", payload, "anna", "ben"), world.held(), {
      request: asked,
    });
    const byOthers = await signed("grant", payload, "anna", "cleo");
    const act = () => verifyGrant(byOthers, world.held(), { request: asked });
    await refused(act, "threshold_missed", /policy "strict": 1 of 2/);
  });
  test("grant: a policy of passkeys refuses an approver's Ed25519 key", async () => {
    const policies = [{ ...paperPolicy, passkeysOnly: true }, ...site.manifest.policies.slice(1)];
    const world = await site.succeed({ policies });
    const asked = await requestOf(world, {}, "vera");
    const envelope = await signed("grant", await world.grant(asked), ...quorum);
    const act = () => verifyGrant(envelope, world.held(), { request: asked });
    await refused(act, "signature_invalid", /policy wants passkeys/);
  });
  test("grant: an approver who left no longer counts under the held manifest", async () => {
    const persons = site.manifest.persons.filter(({ id }) => id !== "cleo");
    const world = await site.succeed({ persons });
    const act = () => verifyGrant(founding.envelope, world.held(), { request });
    await refused(act, "signature_invalid", /may not sign/);
  });
});
