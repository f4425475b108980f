// Headers of an edge's journal: hash-chained, with salted hashes in place of details. For staff.
import Type from "typebox";
import { SallyportError } from "../../../shared/errors.ts";
import { parseEdgeId } from "../../../shared/ids.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import { isStaff } from "../visibility.ts";
import { Count, Hash, problems, record, signedIn, siteIn, SiteParams } from "./fields.ts";

const mostHeaders = 500;

export function journalRoutes(api: Api, parts: ApiParts): void {
  const { edges } = parts.store;

  api.get(
    "/sites/:site/journal",
    {
      schema: {
        summary: "Headers of an edge's journal from a number on",
        security: signedIn,
        params: SiteParams,
        querystring: record({
          edge: Hash,
          from: Type.Optional(Count),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: mostHeaders })),
        }),
        response: {
          200: record({
            headers: Type.Array(Type.String({ description: "the header's exact text" })),
            length: Count,
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      if (!isStaff(member)) {
        throw new SallyportError("forbidden", "journals are for owners, approvers and auditors");
      }
      const { edge: named, from = 0, limit = mostHeaders } = request.query;
      const edge = parseEdgeId(named);
      if ((await edges.get(edge))?.site !== site) {
        throw new SallyportError("not_found", `edge "${edge}" is not of this site`);
      }
      const headers = await edges.journal(edge, from, limit);
      return { headers, length: await edges.journalLength(edge) };
    },
  );
}
