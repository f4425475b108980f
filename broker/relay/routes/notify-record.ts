// What was told: one's own messages, for owners the site's; and for who waits at a request, who was asked.
import Type from "typebox";
import { SallyportError } from "../../../shared/errors.ts";
import type { DocumentHash } from "../../../shared/ids.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import { hasRole, maySee } from "../visibility.ts";
import { Hash, Person, problems, record, Seconds, signedIn, siteIn, SiteParams } from "./fields.ts";
import { Message, messageOut } from "./notify-fields.ts";

const mostMessages = 200;

export function notifyRecordRoutes(api: Api, parts: ApiParts): void {
  const { notifications, store } = parts;

  api.get(
    "/sites/:site/notify/messages",
    {
      schema: {
        summary:
          "One's own messages and how their delivery went; with `all`, for owners, the site's",
        security: signedIn,
        params: SiteParams,
        querystring: record({
          all: Type.Optional(Type.Boolean()),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: mostMessages })),
        }),
        response: { 200: record({ messages: Type.Array(Message) }), ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      const { all = false, limit = mostMessages } = request.query;
      if (all && !hasRole(member, "owner", "auditor")) {
        throw new SallyportError("forbidden", "the site's messages are for owners and auditors");
      }
      const person = all ? undefined : member.person;
      return { messages: (await store.notices.newest(site, person, limit)).map(messageOut) };
    },
  );

  api.get(
    "/sites/:site/requests/:hash/notified",
    {
      schema: {
        summary: "Who was asked about a request, and who is next; for its vendor and the staff",
        security: signedIn,
        params: record({ site: Hash, hash: Hash }),
        response: {
          200: record({
            told: Type.Array(
              record({
                person: Person,
                name: Type.String(),
                at: Seconds,
                state: Type.Union(
                  [
                    Type.Literal("due"),
                    Type.Literal("delivered"),
                    Type.Literal("failed"),
                    Type.Literal("unreachable"),
                  ],
                  { description: "unreachable: that person has set up no channel" },
                ),
              }),
            ),
            next: Type.Union([
              record({ person: Person, name: Type.String(), at: Seconds }),
              Type.Null(),
            ]),
            everyoneAt: Type.Union([Seconds, Type.Null()]),
            answered: Type.Boolean(),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      const entry = await store.documents.newest(site, request.params.hash as DocumentHash);
      if (entry?.type !== "request" || !maySee(member, entry)) {
        throw new SallyportError("not_found", "no such request, or not one for you");
      }
      const people = await notifications.people(site);
      const { told, next, everyoneAt, answered } = await notifications.waits.asked(site, entry);
      return {
        told: told.map(({ person, at, state }) => ({
          person,
          name: people.nameOf(person),
          at,
          state,
        })),
        next: next ? { ...next, name: people.nameOf(next.person) } : null,
        everyoneAt: everyoneAt ?? null,
        answered,
      };
    },
  );
}
