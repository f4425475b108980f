// protocol.md, "request": who may ask, and for what.
import * as assert from "uvu/assert";
import { verifyRequest } from "../../../shared/document/request.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { edgeEntry, keyOf, PaperSite, paperAt, refused, signed, twinSite } from "./paper-site.ts";

const site = await PaperSite.make();
const foreign = await twinSite();
const day = 24 * 3600;
const hmi = { id: "hmi", rights: ["terminal"] };
const joe = "acme/joe" as PersonId;
const edge2 = await edgeEntry("edge 2");

const windows = {
  timeZone: "Europe/Berlin",
  days: [1, 2, 3, 4, 5],
  from: "06:00",
  to: "14:00",
  untilAt: paperAt + 90 * day,
};

const requests: readonly [
  note: string,
  change: object,
  signer: string,
  refusal?: readonly [ErrorCode, RegExp],
][] = [
  ["a vendor's", {}, "vera"],
  ["a vendor's by another key", {}, "eve", ["signature_invalid", /may not sign/]],
  ["a technician's", { vendor: joe }, "joe"],
  [
    "a technician's in another one's name",
    { vendor: joe },
    "vera",
    ["signature_invalid", /may not sign/],
  ],
  ["an administrator's", { vendor: "acme/adam" }, "adam", ["forbidden", /no vendor/]],
  ["an approver's who is no vendor", { vendor: "anna" }, "anna", ["forbidden", /no vendor/]],
  ["nobody's", { vendor: "eve" }, "eve", ["forbidden", /neither in the manifest/]],
  ["one to another site", { site: foreign.id }, "vera", ["document_invalid", /is of site/]],
  [
    "one to an unknown edge",
    { edge: edge2.id },
    "vera",
    ["document_invalid", /not in the manifest/],
  ],
  [
    "one for an unknown target",
    { targets: [{ ...hmi, id: "drive" }] },
    "vera",
    ["document_invalid", /"drive" is not on edge/],
  ],
  ["one for a right that the target has", { targets: [{ ...hmi, rights: ["files"] }] }, "vera"],
  [
    "one for a right that the target has not",
    { targets: [{ ...hmi, rights: ["connect"] }] },
    "vera",
    ["document_invalid", /right "connect"/],
  ],
  [
    "one for no right",
    { targets: [{ ...hmi, rights: [] }] },
    "vera",
    ["document_invalid", /rights/],
  ],
  [
    "one for one target twice",
    { targets: [hmi, hmi] },
    "vera",
    ["document_invalid", /target stands twice/],
  ],
  ["one for no target", { targets: [] }, "vera", ["document_invalid", /targets/]],
  ["one as long as the strictest policy allows", { minutes: 60 }, "vera"],
  [
    "one longer than the strictest policy allows",
    { minutes: 61 },
    "vera",
    ["document_invalid", /policy "strict"/],
  ],
  ["a longer one on a target with a milder policy", { minutes: 120, targets: [hmi] }, "vera"],
  ["one for no minute", { minutes: 0 }, "vera", ["document_invalid", /minutes/]],
  ["one that waits a day", { waitUntilAt: paperAt + day }, "vera"],
  [
    "one that waits longer",
    { waitUntilAt: paperAt + day + 1 },
    "vera",
    ["document_invalid", /24 hours/],
  ],
  [
    "one that waited before it was issued",
    { waitUntilAt: paperAt - 1 },
    "vera",
    ["document_invalid", /24 hours/],
  ],
  ["one to start in 90 days", { startBeforeAt: paperAt + 90 * day }, "vera"],
  [
    "one to start later",
    { startBeforeAt: paperAt + 90 * day + 1 },
    "vera",
    ["document_invalid", /90 days/],
  ],
  ["one to start in the past", { startBeforeAt: paperAt }, "vera", ["document_invalid", /90 days/]],
  ["a standing one", { windows, startBeforeAt: windows.untilAt }, "vera"],
  [
    "a standing one that may start only until some day before its windows are over",
    { windows, startBeforeAt: windows.untilAt - day },
    "vera",
    ["document_invalid", /not until its windows end/],
  ],
  [
    "a standing one for more than 90 days",
    { windows: { ...windows, untilAt: paperAt + 91 * day }, startBeforeAt: paperAt + 91 * day },
    "vera",
    ["document_invalid", /90 days/],
  ],
  [
    "one whose zone nobody knows",
    { windows: { ...windows, timeZone: "Mars/Olympus" }, startBeforeAt: windows.untilAt },
    "vera",
    ["document_invalid", /time zone/],
  ],
  [
    "one without windows, not even none",
    { windows: undefined },
    "vera",
    ["document_invalid", /windows/],
  ],
  [
    "one whose reason is written backwards",
    { reason: "\u202eecivres" },
    "vera",
    ["document_invalid", /control/],
  ],
  ["one whose nonce is short", { nonce: "AAAA" }, "vera", ["document_invalid", /nonce/]],
];

await group("request", {}, (test) => {
  for (const [note, change, signer, refusal] of requests) {
    test(`request: ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const payload = { ...(await site.request({}, signer)), ...change };
      const envelope = await signed("request", payload, signer);
      const act = () => verifyRequest(envelope, site.held());
      if (refusal === undefined) assert.is((await act()).signers[0]?.name, payload.vendor);
      else await refused(act, ...refusal);
    });
  }
  test("request: its key is the one that signed, not another of the same person", async () => {
    const persons = await Promise.all(
      site.manifest.persons.map(async (person) =>
        person.id === "vera"
          ? { ...person, keys: [...person.keys, await keyOf("vera 2")] }
          : person,
      ),
    );
    const held = (await site.succeed({ persons })).held();
    const payload = await site.request({}, "vera");
    await verifyRequest(await signed("request", payload, "vera"), held);
    const other = await signed("request", payload, "vera 2");
    await refused(() => verifyRequest(other, held), "document_invalid", /not signed by its key/);
    const both = await signed("request", payload, "vera", "vera 2");
    await refused(() => verifyRequest(both, held), "document_invalid", /not signed by its key/);
  });
  test("request: a technician's is refused when the roster is stale", async () => {
    const envelope = await signed("request", await site.request({ vendor: joe }, "joe"), "joe");
    const held = site.held(paperAt + 8 * day);
    await refused(() => verifyRequest(envelope, held), "forbidden", /fresh roster/);
  });
  test("request: a target is asked for on its own edge alone", async () => {
    const held = (await site.succeed({ edges: [site.edge, edge2] })).held();
    const envelope = await signed("request", await site.request({ edge: edge2.id }), "vera");
    await refused(() => verifyRequest(envelope, held), "document_invalid", /is not on edge/);
  });
});
