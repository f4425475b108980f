// A vendor's wish for more time. It is a message to the approvers and nothing else: what extends a job is a grant that one of them signs.
import Type from "typebox";
import { SallyportError } from "../../../shared/errors.ts";
import type { DocumentHash } from "../../../shared/ids.ts";
import { maySee } from "../visibility.ts";
import { Hash, problems, record, Seconds, signedIn, siteIn } from "./fields.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";

export function moreTimeRoutes(api: Api, parts: ApiParts): void {
  const { notifications, store } = parts;

  api.post(
    "/sites/:site/requests/:hash/more-time",
    {
      schema: {
        summary: "Tells the approvers of one's own approved job that more time is wanted",
        security: signedIn,
        params: record({ site: Hash, hash: Hash }),
        body: record({}),
        response: {
          200: record({
            at: Seconds,
            reachable: Type.Integer({
              minimum: 0,
              description: "how many approvers have set up a channel",
            }),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      const hash = request.params.hash as DocumentHash;
      const entry = await store.documents.newest(site, hash);
      if (entry?.type !== "request" || !maySee(member, entry)) {
        throw new SallyportError("not_found", "no such request, or not one for you");
      }
      if (entry.vendor !== member.person) {
        throw new SallyportError("forbidden", "only its vendor asks for more time");
      }
      const grants = await store.documents.about(site, "grant", hash);
      const ends = await store.documents.about(site, "revocation", hash);
      if (grants.length === 0 || ends.length > 0) {
        throw new SallyportError("conflict", "the job is not approved, or was ended");
      }
      return notifications.wantMoreTime(site, entry);
    },
  );
}
