// What the relay makes of a document before it takes it: whether its signatures verify under the site's newest manifest, and what it is about.
// This keeps rubbish out of the log and out of edges' queues; what a document permits is decided on the edge alone.
import type { Envelope } from "../../shared/document/envelope.ts";
import type { Held } from "../../shared/document/held.ts";
import type { SiteId } from "../../shared/ids.ts";
import type { Directory, SiteView } from "./directory.ts";
import { judgeDenial, judgeGrant, judgeRequest, judgeRevocation } from "./judging-jobs.ts";
import {
  judgeInvitation,
  judgeIntroduction,
  judgeManifest,
  judgeRoster,
} from "./judging-people.ts";
import { judgeDevice, judgeLift, judgeLockdown, judgeSecret } from "./judging-targets.ts";
import type { Consequences, DocumentRows, NewEntry } from "./store/document-rows.ts";
import type { DroppedType } from "./visibility.ts";

/** What the log keeps of a document beside its envelope, and what else follows from it. */
export interface Judged extends Partial<Pick<NewEntry, "edge" | "vendor" | "company">> {
  readonly state: NewEntry["state"];
  /** As in `NewEntry`. */
  readonly subject: string;
  readonly consequences?: Consequences;
}

export interface JudgingContext {
  readonly site: SiteId;
  readonly held: SiteView & Held;
  readonly rows: DocumentRows;
  readonly directory: Directory;
}

export type Judge = (envelope: Envelope, context: JudgingContext) => Promise<Judged>;

/** The rule for each type; it throws what the caller is to be told. */
export const judges: Readonly<Record<DroppedType, Judge>> = {
  manifest: judgeManifest,
  roster: judgeRoster,
  invitation: judgeInvitation,
  introduction: judgeIntroduction,
  request: judgeRequest,
  grant: judgeGrant,
  deny: judgeDenial,
  revocation: judgeRevocation,
  lockdown: judgeLockdown,
  lift: judgeLift,
  secret: judgeSecret,
  device: judgeDevice,
};
