// An invitation, for the newcomer who holds its hash from a link, card or flashed file, and has no key that anybody knows yet.
import Type from "typebox";
import { wallSeconds } from "../../../shared/clock.ts";
import { parseEnvelope } from "../../../shared/document/envelope.ts";
import { parseInvitation } from "../../../shared/document/invitation.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { DocumentHash } from "../../../shared/ids.ts";
import { addressSubject } from "../rate.ts";
import type { Api, ApiParts } from "./parts.ts";
import { EnvelopeBody, envelopeOut, Hash, problems, record, siteIn } from "./fields.ts";

const State = Type.Union(
  [Type.Literal("open"), Type.Literal("introduced"), Type.Literal("void"), Type.Literal("expired")],
  { description: "void: answered twice, the owner has to decide" },
);

export function invitationRoutes(api: Api, { store, clock, limits }: ApiParts): void {
  api.get(
    "/sites/:site/invitations/:hash",
    {
      schema: {
        summary: "An invitation and whether it is still open; needs no sign-in",
        params: record({ site: Hash, hash: Hash }),
        response: { 200: record({ envelope: EnvelopeBody, state: State }), ...problems },
      },
    },
    async ({ params, ip }) => {
      limits.stranger.take(addressSubject(ip));
      const site = siteIn(params);
      const entry = await store.documents.newest(site, params.hash as DocumentHash);
      if (entry?.type !== "invitation") {
        throw new SallyportError("not_found", "no such invitation is on file");
      }
      const { untilAt } = parseInvitation(parseEnvelope(entry.envelope));
      const answers = (await store.documents.about(site, "introduction", entry.hash)).length;
      const isOver = wallSeconds(clock) > untilAt;
      const unanswered = isOver ? ("expired" as const) : ("open" as const);
      const state = [unanswered, "introduced" as const][answers] ?? ("void" as const);
      return { envelope: envelopeOut(entry.envelope), state };
    },
  );
}
