// The relay's own record of a site: sign-ins, stops, second factors. For owners and auditors.
import Type from "typebox";
import { SallyportError } from "../../../shared/errors.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import { hasRole } from "../visibility.ts";
import { Count, problems, record, Seconds, signedIn, siteIn, SiteParams } from "./fields.ts";

const mostEntries = 500;

const AuditEntry = record({
  n: Count,
  at: Seconds,
  person: Type.Union([Type.String(), Type.Null()]),
  event: Type.String(),
  details: Type.Record(
    Type.String(),
    Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
  ),
});

export function auditRoutes(api: Api, parts: ApiParts): void {
  api.get(
    "/sites/:site/audit",
    {
      schema: {
        summary: "What the relay itself noted, from a number on",
        security: signedIn,
        params: SiteParams,
        querystring: record({
          from: Type.Optional(Count),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: mostEntries })),
        }),
        response: { 200: record({ entries: Type.Array(AuditEntry) }), ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      if (!hasRole(member, "owner", "auditor")) {
        throw new SallyportError("forbidden", "the relay's record is for owners and auditors");
      }
      const { from = 0, limit = mostEntries } = request.query;
      const entries = await parts.store.accounts.audited(site, from, limit);
      return {
        entries: entries.map((entry) => ({
          ...entry,
          person: entry.person ?? null,
          details: { ...entry.details },
        })),
      };
    },
  );
}
