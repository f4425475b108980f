// protocol.md, "roster": a company speaks for its own technicians, while it is fresh, and for nobody else.
import * as assert from "uvu/assert";
import { knownPersons, requirePerson } from "../../../shared/document/held.ts";
import { verifyRoster, type Roster } from "../../../shared/document/roster.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { keyOf, PaperSite, paperAt, refused, signed, twinSite } from "./paper-site.ts";

const site = await PaperSite.make();
const joe = "acme/joe" as PersonId;
const day = 24 * 3600;
const joeKey = await keyOf("joe");
const annaKey = await keyOf("anna");
const adamKey = await keyOf("adam");
const foreign = await twinSite();

const refusedRosters: readonly [
  attack: string,
  change: object,
  signer: string,
  code: ErrorCode,
  expected: RegExp,
][] = [
  ["a technician signs", {}, "joe", "signature_invalid", /may not sign/],
  ["an owner signs", {}, "anna", "signature_invalid", /may not sign/],
  ["of another site", { site: foreign.id }, "adam", "document_invalid", /is of site/],
  [
    "of a company that is not listed",
    { company: "other", technicians: [] },
    "adam",
    "signature_invalid",
    /may not/,
  ],
  [
    "fresh for 31 days",
    { freshUntilAt: paperAt + 31 * day },
    "adam",
    "document_invalid",
    /30 days/,
  ],
  [
    "stale when it was issued",
    { freshUntilAt: paperAt - day },
    "adam",
    "document_invalid",
    /30 days/,
  ],
  [
    "a technician of another company",
    { technicians: [{ id: "other/joe", name: "Joe", keys: [joeKey] }] },
    "adam",
    "document_invalid",
    /not of company/,
  ],
  [
    "a technician with a site person's id",
    { technicians: [{ id: "anna", name: "Joe", keys: [joeKey] }] },
    "adam",
    "document_invalid",
    /not of company/,
  ],
  [
    "an approver's key under a technician",
    { technicians: [{ id: joe, name: "Joe", keys: [annaKey] }] },
    "adam",
    "document_invalid",
    /has a key of "anna"/,
  ],
  [
    "an administrator's key under another technician",
    { technicians: [{ id: joe, name: "Joe", keys: [adamKey] }] },
    "adam",
    "document_invalid",
    /has a key of "acme\/adam"/,
  ],
  [
    "one key under two technicians",
    {
      technicians: [
        { id: joe, name: "Joe", keys: [joeKey] },
        { id: "acme/jim", name: "Jim", keys: [joeKey] },
      ],
    },
    "adam",
    "document_invalid",
    /stands twice/,
  ],
  [
    "one technician twice",
    {
      technicians: [
        { id: joe, name: "Joe", keys: [joeKey] },
        { id: joe, name: "Joe", keys: [await keyOf("jim")] },
      ],
    },
    "adam",
    "document_invalid",
    /stands twice/,
  ],
];

function hasJoe(at: number, held = site.held(at)): boolean {
  return knownPersons(held).some(({ id }) => id === joe);
}

await group("roster", {}, (test) => {
  test("a roster by an administrator of the company is verified", async () => {
    const envelope = await signed("roster", await site.roster(), "adam");
    const roster = await verifyRoster(envelope, site.held());
    assert.equal(
      roster.signers.map(({ name }) => name),
      ["acme/adam"],
    );
  });
  for (const [attack, change, signer, code, expected] of refusedRosters) {
    test(`a roster is refused: ${attack}`, async () => {
      const envelope = await signed("roster", { ...(await site.roster()), ...change }, signer);
      await refused(() => verifyRoster(envelope, site.held()), code, expected);
    });
  }
  test("an administrator may be a technician under the same id", async () => {
    const technicians = [{ id: "acme/adam" as PersonId, name: "Adam", keys: [adamKey] }];
    const envelope = await signed("roster", await site.roster({ technicians }), "adam");
    await verifyRoster(envelope, site.held());
  });
  test("a roster's version rises: an older one, or another of the same version, is refused", async () => {
    const held = site.held();
    const make = async (change: Partial<Roster>) =>
      signed("roster", await site.roster(change), "adam");
    const second = await verifyRoster(await make({ version: 2 }), held);
    await verifyRoster(await make({ version: 3 }), held, second);
    await verifyRoster(second.envelope, held, second);
    const older = await make({ version: 1 });
    await refused(() => verifyRoster(older, held, second), "document_invalid", /does not follow/);
    const other = await make({ version: 2, technicians: [] });
    await refused(() => verifyRoster(other, held, second), "document_invalid", /does not follow/);
  });
  test("technicians count while their roster is fresh, and not a second longer", () => {
    assert.ok(hasJoe(paperAt + 7 * day));
    assert.not.ok(hasJoe(paperAt + 7 * day + 1));
  });
  test("a person out of a stale roster is forbidden, not unknown", async () => {
    await refused(
      () => requirePerson(joe, site.held(paperAt + 8 * day)),
      "forbidden",
      /neither in the manifest nor in a fresh roster/,
    );
  });
  test("technicians go when the administrator who listed them goes", async () => {
    const [acme] = site.manifest.companies;
    assert.ok(acme);
    const eve = { id: "acme/eve" as PersonId, name: "Eve", keys: [await keyOf("eve")] };
    const without = await site.succeed({ companies: [{ ...acme, administrators: [eve] }] });
    assert.ok(hasJoe(paperAt));
    assert.not.ok(hasJoe(paperAt, without.held()));
  });
  test("technicians go when their company goes", async () => {
    const without = await site.succeed({ companies: [] });
    assert.not.ok(hasJoe(paperAt, without.held()));
  });
});
