// A site's log of documents: dropping one, reading what one may see, waiting for the next.
import Type, { type Static } from "typebox";
import { SallyportError } from "../../../shared/errors.ts";
import type { DocumentHash } from "../../../shared/ids.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import { FieldError } from "../answers.ts";
import type { Member } from "../directory.ts";
import { addressSubject } from "../rate.ts";
import type { Entry } from "../store/document-rows.ts";
import { isLoggedType, loggedTypes, maySee } from "../visibility.ts";
import {
  Count,
  EnvelopeBody,
  envelopeIn,
  envelopeOut,
  Hash,
  problems,
  record,
  Seconds,
  signedIn,
  siteIn,
  SiteParams,
} from "./fields.ts";

const State = Type.Union([
  Type.Literal("complete"),
  Type.Literal("partial"),
  Type.Literal("recovering"),
]);
const Dropped = record({ hash: Hash, seq: Count, state: State });
const LogEntry = record({
  seq: Count,
  hash: Hash,
  type: Type.String(),
  state: State,
  at: Seconds,
  envelope: EnvelopeBody,
});

const longestWaitSeconds = 30;
const mostEntries = 100;
/** How many entries one answer looks through for what its reader may see. */
const mostScanned = 1000;

function logEntry({ seq, hash, type, state, at, envelope }: Entry): Static<typeof LogEntry> {
  return { seq, hash, type, state, at, envelope: envelopeOut(envelope) };
}

function typesIn(query: string | undefined): readonly string[] | undefined {
  const types = query?.split(",");
  const unknown = types?.find((type) => !isLoggedType(type));
  if (unknown === undefined) return types;
  throw new FieldError("type", `type "${unknown}" is not one of ${loggedTypes.join(", ")}`);
}

export function documentRoutes(api: Api, parts: ApiParts): void {
  const { drop, feed, store, limits } = parts;

  api.post(
    "/sites/:site/documents",
    {
      schema: {
        summary: "Drop a document; an introduction needs no sign-in",
        security: signedIn,
        params: SiteParams,
        body: record({ envelope: EnvelopeBody }),
        response: { 200: Dropped, 201: Dropped, ...problems },
      },
    },
    async (request, reply) => {
      const site = siteIn(request.params);
      const envelope = envelopeIn(request.body.envelope);
      const isNewcomer = envelope.type === "introduction";
      const member = isNewcomer ? undefined : await memberOf(request, site, parts);
      if (member === undefined) limits.stranger.take(addressSubject(request.ip));
      else limits.drop.take(`${site} ${member.person}`);
      // Counted apart: strangers must not use up what the site's own people may drop.
      limits.site.take(member === undefined ? `newcomers ${site}` : site);
      const { hash, seq, state, isNew } = await drop.take(site, envelope, member);
      reply.status(isNew ? 201 : 200);
      return { hash, seq, state };
    },
  );

  api.get(
    "/sites/:site/documents",
    {
      schema: {
        summary:
          "What one may see of the log after a number; with `wait` answers once there is some",
        security: signedIn,
        params: SiteParams,
        querystring: record({
          type: Type.Optional(Type.String({ maxLength: 200, description: "types, by commas" })),
          after: Type.Optional(Count),
          wait: Type.Optional(Type.Integer({ minimum: 0, maximum: longestWaitSeconds })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: mostEntries })),
        }),
        response: {
          200: record({ documents: Type.Array(LogEntry), after: Count }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const { type, after = 0, wait = 0, limit = mostEntries } = request.query;
      const types = typesIn(type);
      const member = await memberOf(request, site, parts);
      let place = after;
      return feed.follow(site, wait * 1000, request.signal, async () => {
        const found = await visible(member, place, limit, types);
        place = found.after;
        const answer = { documents: found.entries.map(logEntry), after: place };
        return { found: found.entries.length > 0, answer };
      });
    },
  );

  api.get(
    "/sites/:site/documents/:hash",
    {
      schema: {
        summary: "One document, with all its signatures so far",
        security: signedIn,
        params: record({ site: Hash, hash: Hash }),
        response: { 200: LogEntry, ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      const entry = await store.documents.newest(site, request.params.hash as DocumentHash);
      if (entry === undefined || !maySee(member, entry)) {
        throw new SallyportError("not_found", "no such document, or not one for you");
      }
      return logEntry(entry);
    },
  );

  // Goes past what the reader may not see, so that `after` moves on and a wait does not look through it again.
  async function visible(
    member: Member,
    after: number,
    limit: number,
    types: readonly string[] | undefined,
  ): Promise<{ readonly entries: Entry[]; readonly after: number }> {
    const entries: Entry[] = [];
    let place = after;
    for (let scanned = 0; scanned < mostScanned && entries.length < limit;) {
      const batch = await store.documents.after(member.site, place, limit - entries.length, types);
      if (batch.length === 0) break;
      entries.push(...batch.filter((entry) => maySee(member, entry)));
      place = batch.at(-1)?.seq ?? place;
      scanned += batch.length;
    }
    return { entries, after: place };
  }
}
