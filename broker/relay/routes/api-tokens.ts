// A person's own tokens of limited scope, for scripts.
import Type from "typebox";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import {
  Hash,
  Nothing,
  problems,
  record,
  Seconds,
  signedIn,
  siteIn,
  SiteParams,
} from "./fields.ts";

const Scope = Type.Union([Type.Literal("read"), Type.Literal("draft")], {
  description: "read: whatever the person may see of this site; draft: also writes drafts",
});
const TokenName = Type.String({ pattern: "^[^\\p{Cc}]{1,60}$", description: "what it is for" });
const Token = record({
  id: Type.String(),
  name: Type.String(),
  scope: Scope,
  createdAt: Seconds,
  expiresAt: Seconds,
  lastUsedAt: Type.Union([Seconds, Type.Null()]),
});

export function apiTokenRoutes(api: Api, parts: ApiParts): void {
  const { apiTokens } = parts;
  const shared = { security: signedIn, params: SiteParams };

  api.get(
    "/sites/:site/api-tokens",
    {
      schema: {
        summary: "One's own tokens of limited scope",
        ...shared,
        response: { 200: record({ tokens: Type.Array(Token) }), ...problems },
      },
    },
    async (request) => {
      const holder = await memberOf(request, siteIn(request.params), parts, "alone");
      const tokens = await apiTokens.list(holder);
      return {
        tokens: tokens.map(({ id, name, scope, issuedMs, endsAt, usedAt }) => ({
          id,
          name,
          scope,
          createdAt: Math.floor(issuedMs / 1000),
          expiresAt: endsAt,
          lastUsedAt: usedAt ?? null,
        })),
      };
    },
  );

  api.post(
    "/sites/:site/api-tokens",
    {
      schema: {
        summary: "A new token of limited scope, readable in this answer alone",
        ...shared,
        body: record({ name: TokenName, scope: Scope, expiresAt: Seconds }),
        response: {
          201: record({ id: Type.String(), token: Type.String(), expiresAt: Seconds }),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const holder = await memberOf(request, siteIn(request.params), parts, "alone");
      const { name, scope, expiresAt } = request.body;
      const made = await apiTokens.make(holder, { name, scope, endsAt: expiresAt });
      reply.status(201);
      return { ...made, expiresAt };
    },
  );

  api.delete(
    "/sites/:site/api-tokens/:id",
    {
      schema: {
        summary: "End a token of limited scope",
        security: signedIn,
        params: record({ site: Hash, id: Type.String() }),
        response: { 204: Nothing, ...problems },
      },
    },
    async (request, reply) => {
      const holder = await memberOf(request, siteIn(request.params), parts, "alone");
      await apiTokens.end(holder, request.params.id);
      return reply.status(204).send(null);
    },
  );
}
