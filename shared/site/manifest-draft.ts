// The next manifest before it is signed: what makes it the next one, and whether it is one at all.
import { utf8 } from "../bytes.ts";
import { parseManifest, type Manifest } from "../document/manifest.ts";
import { faultOfRights } from "../document/rights.ts";
import { messageOf } from "../errors.ts";
import { SiteFault } from "./fault.ts";
import type { Side } from "./side.ts";

/** The fields that make a manifest the next one. */
export function successor(
  side: Pick<Side, "id" | "view" | "now">,
): Pick<Manifest, "site" | "version" | "previous" | "issuedAt"> {
  const { held } = side.view.chain;
  return {
    site: side.id,
    version: held.payload.version + 1,
    previous: held.hash,
    issuedAt: side.now(),
  };
}

/** A draft as a manifest; its faults are told before anything is signed, words for targets that mean nothing among them. */
export function readDraft(draft: unknown): Manifest {
  const manifest = parseDraft(draft);
  for (const { id, kind, rights } of manifest.targets) {
    const fault = faultOfRights(kind, rights);
    if (fault !== undefined) throw new SiteFault("document_invalid", `target "${id}": ${fault}`);
  }
  return manifest;
}

function parseDraft(draft: unknown): Manifest {
  try {
    return parseManifest({
      type: "manifest",
      payload: utf8(JSON.stringify(draft)),
      signatures: [],
    });
  } catch (thrown) {
    throw new SiteFault("document_invalid", messageOf(thrown));
  }
}
