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

export function manifestRoutes(api: Api, parts: ApiParts): void {
  api.get(
    "/sites/:site/manifests",
    {
      schema: {
        summary: "The manifests from a version on, ascending",
        security: signedIn,
        params: SiteParams,
        querystring: record({ from: Type.Optional(Type.Integer({ minimum: 1 })) }),
        response: {
          200: record({
            manifests: Type.Array(record({ version: Count, hash: Hash, envelope: EnvelopeBody })),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      await memberOf(request, site, parts);
      const entries = await parts.store.documents.complete(site, "manifest");
      const { from = 1 } = request.query;
      return {
        // Complete manifests follow each other without a gap, so the place in the list is the version.
        manifests: entries
          .map(({ hash, envelope }, index) => ({ version: index + 1, hash, envelope }))
          .slice(from - 1)
          .map((item) => ({ ...item, envelope: envelopeOut(item.envelope) })),
      };
    },
  );
}
