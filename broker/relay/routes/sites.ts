// Registering a site: its first manifest and the operator's registration token.
import Type from "typebox";
import { equalBytes, utf8 } from "../../../shared/bytes.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { addressSubject } from "../rate.ts";
import type { Api, ApiParts } from "./parts.ts";
import { EnvelopeBody, envelopeIn, Hash, problems, record } from "./fields.ts";

export function siteRoutes(api: Api, { drop, limits, registrationToken }: ApiParts): void {
  const Answer = record({ site: Hash });

  api.post(
    "/sites",
    {
      schema: {
        summary: "Register a site by its first manifest; needs the operator's registration token",
        body: record({
          registrationToken: Type.String({ maxLength: 256 }),
          envelope: EnvelopeBody,
        }),
        response: { 200: Answer, 201: Answer, ...problems },
      },
    },
    async ({ body, ip }, reply) => {
      limits.stranger.take(addressSubject(ip));
      if (!equalBytes(utf8(body.registrationToken), utf8(registrationToken))) {
        throw new SallyportError("forbidden", "registration token is wrong, ask the operator");
      }
      const { site, isNew } = await drop.register(envelopeIn(body.envelope));
      reply.status(isNew ? 201 : 200);
      return { site };
    },
  );
}
