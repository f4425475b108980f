// Which documents trust takes, and what becomes of one.
import type { SallyportError } from "../shared/errors.ts";
import type { DocumentHash } from "../shared/ids.ts";
import type { EntryReference } from "./trust-file.ts";

/** What became of a document that arrived. */
export type Acceptance =
  | { readonly outcome: "accepted"; readonly hash: DocumentHash; readonly entry: EntryReference }
  /** Held already; `entry` if it is of a kind that is answered by a receipt. */
  | { readonly outcome: "known"; readonly hash: DocumentHash; readonly entry?: EntryReference }
  /** It concerns other edges alone. */
  | { readonly outcome: "elsewhere"; readonly hash: DocumentHash }
  | {
      readonly outcome: "refused";
      readonly hash: DocumentHash;
      readonly error: SallyportError;
      /** Missing where so much was refused that it is only counted. */
      readonly entry: EntryReference | undefined;
    };

/** Document types that trust takes. */
export const trustTypes: ReadonlySet<string> = new Set([
  "manifest",
  "roster",
  "revocation",
  "lockdown",
  "lift",
]);
