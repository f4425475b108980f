// The unsigned stop, for owners and approvers.
import Type from "typebox";
import { parseEdgeId } from "../../../shared/ids.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import { Hash, problems, record, Seconds, signedIn, siteIn, SiteParams } from "./fields.ts";

export function stopRoutes(api: Api, parts: ApiParts): void {
  api.post(
    "/sites/:site/stops",
    {
      schema: {
        summary: "End sessions at once, unsigned and for 15 minutes at most",
        security: signedIn,
        params: SiteParams,
        body: record({
          edge: Hash,
          scope: Type.Union([Type.Literal("grant"), Type.Literal("target"), Type.Literal("edge")]),
          id: Type.Union([Type.String({ maxLength: 120 }), Type.Null()], {
            description: "a request's hash, a target's id, or null for the edge",
          }),
        }),
        response: {
          202: record({
            stop: Type.String(),
            endsAt: Seconds,
            sent: Type.Boolean({ description: "false: the edge is away, it is kept for it" }),
          }),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const member = await memberOf(request, siteIn(request.params), parts, "alone");
      const { edge, scope, id } = request.body;
      reply.status(202);
      return parts.stops.ask(member, { edge: parseEdgeId(edge), scope, id });
    },
  );
}
