// Drafts of a site's next description: unsigned, left for an owner to read, change and sign. They decide nothing.
import Type from "typebox";
import { wallSeconds } from "../../../shared/clock.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { SiteId } from "../../../shared/ids.ts";
import type { FastifyRequest } from "fastify";
import type { Holder } from "../accounts.ts";
import { FieldError } from "../answers.ts";
import type { Use } from "../rights.ts";
import { isStaff } from "../visibility.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import {
  Count,
  Hash,
  Nothing,
  Person,
  problems,
  record,
  Seconds,
  signedIn,
  siteIn,
  SiteParams,
} from "./fields.ts";

const maxBytes = 128 * 1024;
const mostPerSite = 20;

const DraftName = Type.String({ pattern: "^[a-z0-9-]{1,60}$" });
const about = {
  name: DraftName,
  version: Count,
  author: Person,
  authorToken: Type.Union([Type.String(), Type.Null()], {
    description: "the name of the token of limited scope that wrote it",
  }),
  at: Seconds,
};
const Content = Type.Object({}, { additionalProperties: true, description: "any JSON object" });
const DraftParams = record({ site: Hash, name: DraftName });
const Kept = record({ name: DraftName, version: Count });

export function draftRoutes(api: Api, parts: ApiParts): void {
  const { store, clock } = parts;

  const holderOf = async (request: FastifyRequest, site: SiteId, use: Use): Promise<Holder> => {
    const holder = await memberOf(request, site, parts, use);
    if (isStaff(holder)) return holder;
    throw new SallyportError("forbidden", "drafts are for owners, approvers and auditors");
  };

  api.get(
    "/sites/:site/drafts",
    {
      schema: {
        summary: "The site's drafts, without their content",
        security: signedIn,
        params: SiteParams,
        response: {
          200: record({ drafts: Type.Array(record({ ...about, bytes: Count })) }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      await holderOf(request, site, "read");
      const drafts = await store.drafts.ofSite(site);
      return {
        drafts: drafts.map(({ content, authorToken, ...draft }) => ({
          ...draft,
          authorToken: authorToken ?? null,
          bytes: Buffer.byteLength(content),
        })),
      };
    },
  );

  api.get(
    "/sites/:site/drafts/:name",
    {
      schema: {
        summary: "One draft",
        security: signedIn,
        params: DraftParams,
        response: { 200: record({ ...about, content: Content }), ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      await holderOf(request, site, "read");
      const draft = await store.drafts.named(site, request.params.name);
      if (draft === undefined) throw noSuchDraft();
      const { content, authorToken, ...rest } = draft;
      return {
        ...rest,
        authorToken: authorToken ?? null,
        content: JSON.parse(content) as object,
      };
    },
  );

  api.put(
    "/sites/:site/drafts/:name",
    {
      schema: {
        summary:
          "Keep a draft; `replaces` is the version that one has seen (null: none), and another one is a conflict",
        security: signedIn,
        params: DraftParams,
        body: record({
          content: Content,
          replaces: Type.Optional(Type.Union([Count, Type.Null()])),
        }),
        response: { 200: Kept, 201: Kept, ...problems },
      },
    },
    async (request, reply) => {
      const site = siteIn(request.params);
      const { person, signedIn: by } = await holderOf(request, site, "draft");
      const { name } = request.params;
      const content = JSON.stringify(request.body.content);
      if (Buffer.byteLength(content) > maxBytes) {
        throw new FieldError("content", `content exceeds ${maxBytes} bytes`);
      }
      const at = wallSeconds(clock);
      const draft = { name, author: person, authorToken: by.apiToken?.name, at, content };
      const { replaces } = request.body;
      const version = await store.drafts.put(
        site,
        draft,
        replaces === null ? 0 : replaces,
        mostPerSite,
      );
      reply.status(version === 1 ? 201 : 200);
      return { name, version };
    },
  );

  api.delete(
    "/sites/:site/drafts/:name",
    {
      schema: {
        summary: "Forget a draft",
        security: signedIn,
        params: DraftParams,
        response: { 204: Nothing, ...problems },
      },
    },
    async (request, reply) => {
      const site = siteIn(request.params);
      await holderOf(request, site, "draft");
      if (!(await store.drafts.remove(site, request.params.name))) throw noSuchDraft();
      return reply.status(204).send(null);
    },
  );
}

function noSuchDraft(): SallyportError {
  return new SallyportError("not_found", "no such draft");
}
