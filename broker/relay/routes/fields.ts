// The vocabulary of the API's schemas: envelopes, ids, times, and what every route can answer when something is wrong.
import Type, { type Static } from "typebox";
import { encodeEnvelope, parseEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { parseSiteId, type SiteId } from "../../../shared/ids.ts";
import { Problem } from "../answers.ts";
import { unknownSite } from "../directory.ts";

/** A strict object: an unknown key is refused. */
export function record<const Properties extends Type.TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false });
}

export const Hash = Type.String({
  pattern: "^[A-Za-z0-9_-]{43}$",
  description: "32 bytes, base64url without padding",
});
export const Seconds = Type.Integer({ minimum: 0, description: "Unix seconds" });
export const Count = Type.Integer({ minimum: 0 });
export const Person = Type.String({ maxLength: 65, description: "`anna` or `acme/joe`" });
export const Code = Type.String({ maxLength: 16, description: "six digits" });
export const AnyCode = Type.String({
  maxLength: 40,
  description: "six digits, or a recovery code",
});
export const Nothing = Type.Null({ description: "no body" });

export const EnvelopeBody = Type.Object(
  {
    payload: Type.String({ description: "base64 of the payload's exact bytes" }),
    payloadType: Type.String(),
    signatures: Type.Array(
      record({
        keyid: Type.String(),
        sig: Type.String(),
        authenticatorData: Type.Optional(Type.String()),
        clientDataJSON: Type.Optional(Type.String()),
      }),
      { maxItems: 16 },
    ),
  },
  { additionalProperties: false, title: "Envelope", description: "a DSSE envelope" },
);
export type EnvelopeBody = Static<typeof EnvelopeBody>;

/** The path of a site's resource. */
export const SiteParams = record({ site: Hash });

/** What a route may answer beside its own success. */
export const problems = {
  "4xx": Problem,
  "5xx": Problem,
} as const;

/** In OpenAPI: this route needs a sign-in, a bearer's or a page's. */
export const signedIn = [{ token: [] }, { page: [] }];

/** The document in a request; throws `document_invalid`. Checks no signature. */
export function envelopeIn(body: EnvelopeBody): Envelope {
  return parseEnvelope(JSON.stringify(body));
}

/** A document in an answer, from its stored text or as it is. */
export function envelopeOut(envelope: string | Envelope): EnvelopeBody {
  const text = typeof envelope === "string" ? envelope : encodeEnvelope(envelope);
  return JSON.parse(text) as EnvelopeBody;
}

/** The site of a path; an impossible id is answered like an unknown one. */
export function siteIn(params: { readonly site: string }): SiteId {
  try {
    return parseSiteId(params.site);
  } catch {
    throw unknownSite();
  }
}
