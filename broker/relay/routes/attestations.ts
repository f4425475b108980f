// A TOTP code for one handshake, against the relay's attestation of it.
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import {
  Code,
  EnvelopeBody,
  envelopeOut,
  Hash,
  problems,
  record,
  signedIn,
  siteIn,
  SiteParams,
} from "./fields.ts";
import { totpPersonOf } from "./totp.ts";

export function attestationRoutes(api: Api, parts: ApiParts): void {
  api.post(
    "/sites/:site/attestations",
    {
      schema: {
        summary:
          "Have a code attested for the handshake of this transcript hash; the code is spent",
        security: signedIn,
        params: SiteParams,
        body: record({ code: Code, transcriptHash: Hash }),
        response: { 201: record({ envelope: EnvelopeBody }), ...problems },
      },
    },
    async (request, reply) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      const { code, transcriptHash } = request.body;
      const who = totpPersonOf(member, request);
      const envelope = await parts.attestations.attest(who, code, transcriptHash);
      reply.status(201);
      return { envelope: envelopeOut(envelope) };
    },
  );
}
