// Who is signed in and how, for how long yet; signing out everywhere, and what lets a browser's own key sign in again after that.
import Type from "typebox";
import { credentialOf, signedOutCookie } from "../credential.ts";
import { idleSeconds, type SignedIn } from "../accounts.ts";
import type { Member } from "../directory.ts";
import { addressSubject } from "../rate.ts";
import type { Api, ApiParts } from "./parts.ts";
import {
  Count,
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

const Session = record({
  method: Type.Union([
    Type.Literal("passkey"),
    Type.Literal("key"),
    Type.Literal("password"),
    Type.Literal("api-token"),
  ]),
  isPage: Type.Boolean(),
  expiresAt: Seconds,
  idleSeconds: Type.Union([Count, Type.Null()], { description: "null: no such limit" }),
  idleEndsAt: Type.Union([Seconds, Type.Null()]),
  apiToken: Type.Union([
    record({ id: Type.String(), name: Type.String(), site: Hash, scope: Type.String() }),
    Type.Null(),
  ]),
  sites: Type.Array(
    record({
      site: Hash,
      name: Type.String(),
      person: Person,
      displayName: Type.String(),
      roles: Type.Array(Type.String()),
      totp: Type.Union([Type.Literal("none"), Type.Literal("pending"), Type.Literal("confirmed")]),
      account: Type.Union([record({ name: Type.String(), recoveryCodesLeft: Count }), Type.Null()]),
    }),
  ),
});

export function currentSignInRoutes(api: Api, parts: ApiParts): void {
  const { accounts, directory, totp, passwords, limits, url } = parts;

  const siteOf = async ({ method }: SignedIn, member: Member) => {
    const { site, person, roles } = member;
    const { siteName, personName } = await directory.describe(member);
    // What protects a person is nothing that a token has to know.
    const isSelf = method !== "api-token";
    return {
      site,
      name: siteName,
      person,
      displayName: personName,
      roles: [...roles],
      totp: isSelf ? await totp.state(member) : ("none" as const),
      account: isSelf ? ((await passwords.state(site, person)) ?? null) : null,
    };
  };

  api.get(
    "/session",
    {
      schema: {
        summary: "Who is signed in, how, and until when",
        security: signedIn,
        response: { 200: Session, ...problems },
      },
    },
    async (request) => {
      const credential = credentialOf(request.raw, url());
      const { signedIn: current, members } = await accounts.standing(credential);
      limits.person.take(current.key);
      const { method, isPage, endsAt, idleEndsAt, apiToken } = current;
      return {
        method,
        isPage,
        expiresAt: endsAt,
        idleSeconds: idleEndsAt === undefined ? null : idleSeconds,
        idleEndsAt: idleEndsAt ?? null,
        apiToken: apiToken
          ? {
              id: apiToken.id,
              name: apiToken.name,
              site: apiToken.site,
              scope: apiToken.scope,
            }
          : null,
        sites: await Promise.all(members.map((member) => siteOf(current, member))),
      };
    },
  );

  api.post(
    "/session/everywhere-out",
    {
      schema: {
        summary: "Sign out everywhere: all sign-ins and tokens of this person end",
        security: signedIn,
        body: record({}),
        response: {
          200: record({
            locked: Type.Boolean({ description: "a browser's key alone is refused from now on" }),
          }),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const credential = credentialOf(request.raw, url());
      const locked = await accounts.signOutEverywhere(credential);
      if (credential.isPage) reply.header("set-cookie", signedOutCookie);
      return { locked };
    },
  );

  api.post(
    "/session/browser-key",
    {
      schema: {
        summary:
          "After a sign-in by passkey or password: this browser's key may sign in alone again",
        security: signedIn,
        body: record({ envelope: EnvelopeBody }),
        response: { 204: Nothing, ...problems },
      },
    },
    async (request, reply) => {
      limits.stranger.take(addressSubject(request.ip));
      const credential = credentialOf(request.raw, url());
      await accounts.trustBrowserKey(credential, envelopeIn(request.body.envelope));
      return reply.status(204).send(null);
    },
  );
}
