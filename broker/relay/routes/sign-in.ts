// Signing in, by key or by password and code, and out again; for pages by cookie, for commands by a token in the answer.
import Type from "typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { parseSiteId } from "../../../shared/ids.ts";
import { signInSeconds, type NewSignIn, type Surroundings } from "../accounts.ts";
import { FieldError } from "../answers.ts";
import { credentialOf, signedInCookie, signedOutCookie } from "../credential.ts";
import type { Member } from "../directory.ts";
import { addressSubject } from "../rate.ts";
import type { Api, ApiParts } from "./parts.ts";
import {
  AnyCode,
  Code,
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
const Method = Type.Union([Type.Literal("passkey"), Type.Literal("key"), Type.Literal("password")]);
const Made = record({
  token: Type.Optional(Type.String({ description: "not for pages: they get a cookie" })),
  expiresAt: Seconds,
  method: Method,
  sites: Sites,
});

export function signInRoutes(api: Api, parts: ApiParts): void {
  const { signInDocuments, accounts, directory, limits, url } = parts;

  const describe = async ({ site, person, roles }: Member) => {
    const { siteName } = await directory.describe({ site, person });
    return { site, name: siteName, person, roles: [...roles] };
  };
  const surroundingsOf = ({ raw, ip }: FastifyRequest): Surroundings => {
    const { isPage, token } = credentialOf(raw, url());
    return { isPage, address: addressSubject(ip), former: isPage ? token : undefined };
  };
  const answer = async (
    { token, endsAt, method, members }: NewSignIn,
    { isPage }: Surroundings,
    reply: FastifyReply,
  ) => {
    reply.status(201);
    if (isPage) reply.header("set-cookie", signedInCookie(token, signInSeconds));
    const sites = await Promise.all(members.map(describe));
    return { ...(!isPage && { token }), expiresAt: endsAt, method, sites };
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
      const { nonce, endsAt } = signInDocuments.nonce();
      return { nonce, expiresAt: endsAt };
    },
  );

  api.post(
    "/sign-in",
    {
      schema: {
        summary:
          "Sign in with a sign-in document that answers a nonce; with a code where a browser's key alone is not enough",
        body: record({
          envelope: EnvelopeBody,
          code: Type.Optional(Code),
          codeSite: Type.Optional(Hash),
        }),
        response: { 201: Made, ...problems },
      },
    },
    async (request, reply) => {
      limits.stranger.take(addressSubject(request.ip));
      const surroundings = surroundingsOf(request);
      const { envelope, code, codeSite } = request.body;
      const beside = code === undefined ? undefined : { code, site: codeSiteIn(codeSite) };
      const made = await accounts.signIn(envelopeIn(envelope), surroundings, beside);
      return answer(made, surroundings, reply);
    },
  );

  api.post(
    "/sign-in/password",
    {
      schema: {
        summary:
          "Sign in to pages by name, password and a TOTP or recovery code: for reading and drafts",
        body: record({
          name: Type.String({ maxLength: 256 }),
          password: Type.String({ maxLength: 1024 }),
          code: AnyCode,
        }),
        response: { 201: Made, ...problems },
      },
    },
    async (request, reply) => {
      limits.stranger.take(addressSubject(request.ip));
      const surroundings = surroundingsOf(request);
      if (!surroundings.isPage) {
        throw new FieldError("sallyport-page", "signing in by password is for pages");
      }
      const { name, ...proof } = request.body;
      return answer(
        await accounts.signInByPassword(name, proof, surroundings),
        surroundings,
        reply,
      );
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
      const { signedIn: current, members } = await accounts.standing(
        credentialOf(request.raw, url()),
      );
      return { expiresAt: current.endsAt, sites: await Promise.all(members.map(describe)) };
    },
  );

  for (const path of ["/sign-in", "/session"]) {
    api.delete(
      path,
      {
        schema: {
          summary: "Sign out: this sign-in ends",
          security: signedIn,
          response: { 204: Nothing, ...problems },
        },
      },
      async (request, reply) => {
        const credential = credentialOf(request.raw, url());
        await accounts.signOut(credential);
        if (credential.isPage) reply.header("set-cookie", signedOutCookie);
        return reply.status(204).send(null);
      },
    );
  }
}

function codeSiteIn(text: string | undefined) {
  try {
    return text === undefined ? undefined : parseSiteId(text);
  } catch {
    throw new FieldError("codeSite", "codeSite is not the id of a site");
  }
}
