// Machines out of a table or another's draft, as changes that are to be signed.
import type { PageSide } from "../person/page-side.ts";
import { draftOf, rememberTyped } from "./draft-store.ts";
import { sealFor } from "./sealing.ts";
import type { TableRow } from "./target-table.ts";

/** Rows of a table as changes of the draft, their passwords sealed. */
export async function collectRows(
  side: PageSide,
  rows: readonly Pick<TableRow, "target" | "device" | "secret">[],
): Promise<void> {
  for (const { target, device, secret } of rows) {
    if (secret !== undefined) rememberTyped(side.id, target.id, secret);
    const sealed = secret === undefined ? null : await sealFor(side, target, secret);
    await draftOf(side.id).add({
      kind: "target",
      id: target.id,
      target,
      device,
      secret: sealed,
      tested: null,
    });
  }
}
