// All resources of the API, one file each.
import type { Api, ApiParts } from "./parts.ts";
import { accountRoutes } from "./account.ts";
import { apiTokenRoutes } from "./api-tokens.ts";
import { attestationRoutes } from "./attestations.ts";
import { auditRoutes } from "./audit.ts";
import { currentSignInRoutes } from "./current-sign-in.ts";
import { documentRoutes } from "./documents.ts";
import { downloadRoutes } from "./downloads.ts";
import { draftRoutes } from "./drafts.ts";
import { edgeRoutes } from "./edges.ts";
import { invitationRoutes } from "./invitations.ts";
import { journalRoutes } from "./journal.ts";
import { manifestRoutes } from "./manifests.ts";
import { moreTimeRoutes } from "./more-time.ts";
import { notifyChannelRoutes } from "./notify-channels.ts";
import { notifyDutyRoutes } from "./notify-duty.ts";
import { notifyRecordRoutes } from "./notify-record.ts";
import { receiptRoutes } from "./receipts.ts";
import { relayRoutes } from "./relay.ts";
import { sessionRoutes } from "./sessions.ts";
import { signInRoutes } from "./sign-in.ts";
import { siteRoutes } from "./sites.ts";
import { stopRoutes } from "./stops.ts";
import { totpRoutes } from "./totp.ts";

/** Adds every route. */
export function routes(api: Api, parts: ApiParts): void {
  for (const add of [
    relayRoutes,
    siteRoutes,
    signInRoutes,
    currentSignInRoutes,
    accountRoutes,
    apiTokenRoutes,
    documentRoutes,
    manifestRoutes,
    invitationRoutes,
    totpRoutes,
    attestationRoutes,
    stopRoutes,
    edgeRoutes,
    sessionRoutes,
    journalRoutes,
    receiptRoutes,
    notifyChannelRoutes,
    notifyDutyRoutes,
    notifyRecordRoutes,
    moreTimeRoutes,
    auditRoutes,
    draftRoutes,
    downloadRoutes,
  ]) {
    add(api, parts);
  }
}
