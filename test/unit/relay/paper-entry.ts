// A site's first manifest as a relay's store takes it, of a site that is on paper alone.
import type { NewEntry } from "../../../broker/relay/store/document-rows.ts";

export const paperEntry = {
  hash: "h" as never,
  fingerprint: "f",
  type: "manifest",
  state: "complete",
  subject: "",
  edge: undefined,
  vendor: undefined,
  company: undefined,
  at: 0,
  envelope: "{}",
} as const satisfies NewEntry;
