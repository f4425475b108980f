// A site's manifests, in order: whoever pins the site's id walks them.
import Type from "typebox";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import {
  Count,
  EnvelopeBody,
  envelopeOut,
  Hash,
  problems,
  record,
  signedIn,
  siteIn,
  SiteParams,
} from "./fields.ts";

/** A page of manifests of the greatest size is 4 MiB; a reader goes on until it has the newest. */
const mostManifests = 16;

export function manifestRoutes(api: Api, parts: ApiParts): void {
  api.get(
    "/sites/:site/manifests",
    {
      schema: {
        summary:
          "The manifests from a version on, ascending; ask again from the next one until `newest` is there",
        security: signedIn,
        params: SiteParams,
        querystring: record({
          from: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
        }),
        response: {
          200: record({
            manifests: Type.Array(record({ version: Count, hash: Hash, envelope: EnvelopeBody })),
            newest: Count,
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      await memberOf(request, site, parts);
      const { documents } = parts.store;
      const { from = 1 } = request.query;
      const entries = await documents.completeFrom(site, "manifest", from - 1, mostManifests);
      return {
        // Complete manifests follow each other without a gap, so the place in the list is the version.
        manifests: entries.map(({ hash, envelope }, index) => {
          return { version: from + index, hash, envelope: envelopeOut(envelope) };
        }),
        newest: await documents.countComplete(site, "manifest"),
      };
    },
  );
}
