// Sessions, as the edges' journals tell them.
import Type from "typebox";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import { isStaff } from "../visibility.ts";
import { Hash, problems, record, Seconds, signedIn, siteIn, SiteParams } from "./fields.ts";

const mostSessions = 200;

const Session = record({
  edge: Hash,
  session: Type.String(),
  person: Type.Union([Type.String(), Type.Null()]),
  request: Type.Union([Type.String(), Type.Null()]),
  startedAt: Seconds,
  endedAt: Type.Union([Seconds, Type.Null()], { description: "null while it runs" }),
});

export function sessionRoutes(api: Api, parts: ApiParts): void {
  api.get(
    "/sites/:site/sessions",
    {
      schema: {
        summary: "The newest sessions first; a vendor sees their own",
        security: signedIn,
        params: SiteParams,
        response: { 200: record({ sessions: Type.Array(Session) }), ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      const person = isStaff(member) ? undefined : member.person;
      return { sessions: await parts.store.edges.sessions(site, person, mostSessions) };
    },
  );
}
