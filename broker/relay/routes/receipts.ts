// What edges say they carried out of one document: until a receipt is here, a cut is only asked.
import Type from "typebox";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import { maySee } from "../visibility.ts";
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

export function receiptRoutes(api: Api, parts: ApiParts): void {
  api.get(
    "/sites/:site/receipts",
    {
      schema: {
        summary: "The receipts for one document",
        security: signedIn,
        params: SiteParams,
        querystring: record({ document: Hash }),
        response: {
          200: record({
            receipts: Type.Array(record({ seq: Count, hash: Hash, envelope: EnvelopeBody })),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      const entries = await parts.store.documents.about(site, "receipt", request.query.document);
      return {
        receipts: entries
          .filter((entry) => maySee(member, entry))
          .map(({ seq, hash, envelope }) => ({ seq, hash, envelope: envelopeOut(envelope) })),
      };
    },
  );
}
