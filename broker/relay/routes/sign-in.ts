// Signing in by key, and out again.
import Type from "typebox";
import type { Api, ApiParts } from "./parts.ts";
import type { Member } from "../directory.ts";
import { addressSubject } from "../rate.ts";
import { bearerTokenOf } from "../upgrade-answer.ts";
import {
  EnvelopeBody,
  envelopeIn,
  Hash,
  Nothing,
  Person,
  problems,
  record,
  Seconds,
  signedIn,
} from "./fields.ts";

const Sites = Type.Array(
  record({ site: Hash, name: Type.String(), person: Person, roles: Type.Array(Type.String()) }),
  { description: "every site where this sign-in is good, and who one is there" },
);

export function signInRoutes(api: Api, { accounts, directory, limits }: ApiParts): void {
  const describe = async ({ site, person, roles }: Member) => {
    const { manifest } = await directory.held(site);
    return { site, name: manifest.payload.name, person, roles: [...roles] };
  };

  api.post(
    "/sign-in/nonce",
    {
      schema: {
        summary: "A nonce for a sign-in document, good once and for two minutes",
        response: { 200: record({ nonce: Hash, expiresAt: Seconds }), ...problems },
      },
    },
    async ({ ip }) => {
      limits.stranger.take(addressSubject(ip));
      const { nonce, endsAt } = accounts.nonce();
      return { nonce, expiresAt: endsAt };
    },
  );

  api.post(
    "/sign-in",
    {
      schema: {
        summary: "Sign in with a sign-in document that answers a nonce",
        body: record({ envelope: EnvelopeBody }),
        response: {
          201: record({ token: Type.String(), expiresAt: Seconds, sites: Sites }),
          ...problems,
        },
      },
    },
    async ({ body, ip }, reply) => {
      limits.stranger.take(addressSubject(ip));
      const {
        token,
        signedIn: { endsAt },
        members,
      } = await accounts.signIn(envelopeIn(body.envelope));
      reply.status(201);
      return { token, expiresAt: endsAt, sites: await Promise.all(members.map(describe)) };
    },
  );

  api.get(
    "/sign-in",
    {
      schema: {
        summary: "Where this sign-in is good",
        security: signedIn,
        response: { 200: record({ expiresAt: Seconds, sites: Sites }), ...problems },
      },
    },
    async (request) => {
      const current = await accounts.signedIn(bearerTokenOf(request.raw));
      const members = await accounts.members(current);
      return { expiresAt: current.endsAt, sites: await Promise.all(members.map(describe)) };
    },
  );

  api.delete(
    "/sign-in",
    {
      schema: {
        summary: "Sign out: this token ends",
        security: signedIn,
        response: { 204: Nothing, ...problems },
      },
    },
    async (request, reply) => {
      await accounts.signOut(bearerTokenOf(request.raw));
      return reply.status(204).send(null);
    },
  );
}
