// A site's edges: whether they are connected, and, for staff, their newest checkpoint with the relay's witness.
import Type from "typebox";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import { isStaff } from "../visibility.ts";
import {
  EnvelopeBody,
  envelopeOut,
  Hash,
  problems,
  record,
  Seconds,
  signedIn,
  siteIn,
  SiteParams,
} from "./fields.ts";

const Edge = record({
  edge: Hash,
  name: Type.String(),
  state: Type.Union([Type.Literal("introduced"), Type.Literal("admitted")]),
  online: Type.Boolean(),
  since: Type.Union([Seconds, Type.Null()]),
  checkpoint: Type.Union([EnvelopeBody, Type.Null()], {
    description: "the newest one, as the edge signed it: what a grant takes as its anchor",
  }),
  witness: Type.Union([EnvelopeBody, Type.Null()], {
    description: "the same document with the relay's signature added, for auditors to keep",
  }),
});

export function edgeRoutes(api: Api, parts: ApiParts): void {
  const { store, onlineSince } = parts;

  api.get(
    "/sites/:site/edges",
    {
      schema: {
        summary: "The site's edges",
        security: signedIn,
        params: SiteParams,
        response: { 200: record({ edges: Type.Array(Edge) }), ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      const edges = (await store.edges.ofSite(site)).map(async ({ edge, name, admitted }) => {
        const checkpoint = isStaff(member) ? await store.edges.newestCheckpoint(edge) : undefined;
        const since = onlineSince(edge);
        return {
          edge,
          name,
          state: admitted ? ("admitted" as const) : ("introduced" as const),
          online: since !== undefined,
          since: since ?? null,
          checkpoint: checkpoint ? envelopeOut(checkpoint.envelope) : null,
          witness: checkpoint ? envelopeOut(checkpoint.witness) : null,
        };
      });
      return { edges: await Promise.all(edges) };
    },
  );
}
