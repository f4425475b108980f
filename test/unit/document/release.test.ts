// protocol.md, "checkpoint" and "release": the edge's word on its journal, and what the manifest admits to be installed.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { verifyCheckpoint } from "../../../shared/document/checkpoint.ts";
import { verifyRelease } from "../../../shared/document/release.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";
import { PaperSite, paperAt, refused, signed, suite, twinSite } from "./paper-site.ts";

const site = await PaperSite.make();
const foreign = await twinSite();
type Refusal = readonly [ErrorCode, RegExp];
const mayNot = ["signature_invalid", /may not sign/] as const;

const checkpoint = site.checkpoint();
const checkpoints: readonly [note: string, payload: object, signer: string, refusal?: Refusal][] = [
  ["by its edge", checkpoint, "edge"],
  ["by another key", checkpoint, "relay", mayNot],
  [
    "of another site by the same edge key",
    foreign.checkpoint(),
    "edge",
    ["document_invalid", /checkpoint is of/],
  ],
  ["of a negative length", { ...checkpoint, length: -1 }, "edge", ["document_invalid", /length/]],
  [
    "with a boot id that is none",
    { ...checkpoint, bootId: "1" },
    "edge",
    ["document_invalid", /bootId/],
  ],
];

const release = {
  version: 3,
  bundle: toBase64Url(new Uint8Array(32)),
  floor: 2,
  issuedAt: paperAt,
};
const releases: readonly [note: string, payload: object, signers: string[], refusal?: Refusal][] = [
  ["by two of three release keys", release, ["release a", "release c"]],
  ["by one release key", release, ["release a"], ["threshold_missed", /1 of 2/]],
  ["by one release key twice", release, ["release a", "release a"], ["signature_invalid", /twice/]],
  ["by one release key and an owner", release, ["release a", "anna"], mayNot],
  [
    "of an older version (downgrade)",
    { ...release, version: 2 },
    ["release a", "release b"],
    ["document_invalid", /the manifest admits 3/],
  ],
  [
    "of a newer version that no owner admitted",
    { ...release, version: 4 },
    ["release a", "release b"],
    ["document_invalid", /the manifest admits 3/],
  ],
  [
    "with a floor above itself",
    { ...release, floor: 4 },
    ["release a", "release b"],
    ["document_invalid", /floor/],
  ],
];

await group("release", {}, (test) => {
  for (const [note, payload, signer, refusal] of checkpoints) {
    test(`checkpoint: one ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const envelope = await signed("checkpoint", payload, signer);
      const act = () => verifyCheckpoint(suite, envelope, site.id, site.edge);
      if (refusal === undefined) assert.is((await act()).payload.length, 12);
      else await refused(act, ...refusal);
    });
  }
  for (const [note, payload, signers, refusal] of releases) {
    test(`release: one ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const envelope = await signed("release", payload, ...signers);
      const act = () => verifyRelease(envelope, site.held());
      if (refusal === undefined) assert.is((await act()).payload.version, 3);
      else await refused(act, ...refusal);
    });
  }
  test("release: none is admitted where the manifest names no release keys", async () => {
    const bare = await PaperSite.make((manifest) => ({ ...manifest, release: null }));
    const envelope = await signed("release", release, "release a", "release b");
    const act = () => verifyRelease(envelope, bare.held());
    await refused(act, "document_invalid", /the manifest admits none/);
  });
});
