// Branded identifiers, so that no two kinds can be swapped, and their strict parsers.
// Grammar: shared/protocol.md, "Identifiers".
import { fromBase64Url } from "./bytes.ts";
import { SallyportError } from "./errors.ts";

declare const brand: unique symbol;
type Branded<Kind extends string> = string & { readonly [brand]: Kind };

/** Unpadded base64url of SHA-256(PAE) of a document. */
export type DocumentHash = Branded<"DocumentHash">;
/** The DocumentHash of a site's first manifest. */
export type SiteId = Branded<"SiteId">;
/** Unpadded base64url of SHA-256 of a public key's bytes (raw Ed25519, or COSE). */
export type KeyId = Branded<"KeyId">;
/** The KeyId of an edge's Ed25519 key. */
export type EdgeId = Branded<"EdgeId">;
/** A slug, or `company/technician`. */
export type PersonId = Branded<"PersonId">;
export type CompanyId = Branded<"CompanyId">;
export type TargetId = Branded<"TargetId">;
export type PolicyId = Branded<"PolicyId">;
/** The first sixteen bytes of a channel's first transcript, unpadded base64url. */
export type ChannelId = Branded<"ChannelId">;

const hashBytes = 32;
const channelIdBytes = 16;
const slug = /^[a-z0-9][a-z0-9-]{0,31}$/;
const person = /^[a-z0-9][a-z0-9-]{0,31}(\/[a-z0-9][a-z0-9-]{0,31})?$/;

export const parseDocumentHash = (text: string) => parseBytesId<DocumentHash>(text, hashBytes);
export const parseSiteId = (text: string) => parseBytesId<SiteId>(text, hashBytes);
export const parseKeyId = (text: string) => parseBytesId<KeyId>(text, hashBytes);
export const parseEdgeId = (text: string) => parseBytesId<EdgeId>(text, hashBytes);
export const parseChannelId = (text: string) => parseBytesId<ChannelId>(text, channelIdBytes);
export const parsePersonId = (text: string) =>
  parsePattern<PersonId>(text, person, "a person's id like `anna` or `acme/joe`");
export const parseCompanyId = (text: string) => parseSlug<CompanyId>(text, "company");
export const parseTargetId = (text: string) => parseSlug<TargetId>(text, "target");
export const parsePolicyId = (text: string) => parseSlug<PolicyId>(text, "policy");

function parseBytesId<Id extends string>(text: string, length: number): Id {
  fromBase64Url(text, length);
  return text as Id;
}

function parseSlug<Id extends string>(text: string, what: string): Id {
  return parsePattern<Id>(text, slug, `a ${what}'s id of a-z, 0-9 and -, at most 32`);
}

function parsePattern<Id extends string>(text: string, pattern: RegExp, expected: string): Id {
  if (!pattern.test(text)) {
    const shown = JSON.stringify(text.slice(0, 80));
    throw new SallyportError("encoding_invalid", `${shown} is not ${expected}`);
  }
  return text as Id;
}
