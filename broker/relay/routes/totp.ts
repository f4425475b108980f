// A person's own second factor: enrol, confirm by a code; and an owner's help for who lost the phone.
import Type from "typebox";
import type { FastifyRequest } from "fastify";
import { wallSeconds } from "../../../shared/clock.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { parsePersonId } from "../../../shared/ids.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import type { Member } from "../directory.ts";
import { addressSubject } from "../rate.ts";
import type { TotpPerson } from "../totp.ts";
import { requireUse } from "../rights.ts";
import { hasRole } from "../visibility.ts";
import {
  AnyCode,
  Code,
  Nothing,
  Person,
  problems,
  record,
  signedIn,
  siteIn,
  SiteParams,
} from "./fields.ts";

/** Whose code comes with a request. */
export function totpPersonOf({ site, person }: Member, request: FastifyRequest): TotpPerson {
  return { site, person, address: addressSubject(request.ip) };
}

export function totpRoutes(api: Api, parts: ApiParts): void {
  const { totp, passwords, store, clock } = parts;
  const shared = { security: signedIn, params: SiteParams };

  api.get(
    "/sites/:site/totp",
    {
      schema: {
        summary: "Whether one's own second factor is enrolled",
        ...shared,
        response: {
          200: record({
            state: Type.Union([
              Type.Literal("none"),
              Type.Literal("pending"),
              Type.Literal("confirmed"),
            ]),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const member = await memberOf(request, siteIn(request.params), parts, "signed");
      return { state: await totp.state(totpPersonOf(member, request)) };
    },
  );

  api.post(
    "/sites/:site/totp",
    {
      schema: {
        summary:
          "Enrol a new seed; it counts once confirmed. Needs a code of the old one or a recovery code, if there is one",
        ...shared,
        body: record({ code: Type.Optional(AnyCode) }),
        response: {
          201: record({ secret: Type.String(), uri: Type.String() }),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      const who = totpPersonOf(member, request);
      const isFirst = (await totp.state(who)) !== "confirmed";
      // What a password reads must not grow into the factor that goes with a key.
      if (isFirst) requireUse("alone", member.signedIn);
      else await passwords.spendCode(who, request.body.code ?? "");
      const enrolment = await totp.enrol(who, undefined, !isFirst);
      reply.status(201);
      return enrolment;
    },
  );

  api.post(
    "/sites/:site/totp/confirm",
    {
      schema: {
        summary: "Confirm the enrolled seed by a code, which is spent by that",
        ...shared,
        body: record({ code: Code }),
        response: { 204: Nothing, ...problems },
      },
    },
    async (request, reply) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      await totp.confirm(totpPersonOf(member, request), request.body.code);
      const { site, person } = member;
      const at = wallSeconds(clock);
      await store.accounts.audit(site, { at, person, event: "totp-confirmed", details: {} });
      return reply.status(204).send(null);
    },
  );

  api.post(
    "/sites/:site/totp/reset",
    {
      schema: {
        summary: "Forget a person's seed, so that they can enrol anew; for owners",
        ...shared,
        body: record({ person: Person }),
        response: { 204: Nothing, ...problems },
      },
    },
    async (request, reply) => {
      const { site, person, ...member } = await memberOf(
        request,
        siteIn(request.params),
        parts,
        "alone",
      );
      if (!hasRole({ site, person, ...member }, "owner")) {
        throw new SallyportError("forbidden", "resetting a second factor is for owners");
      }
      const whose = parsePersonId(request.body.person);
      if (!(await totp.reset(site, whose))) {
        throw new SallyportError("not_found", `"${whose}" has no second factor here`);
      }
      const details = { of: whose };
      const at = wallSeconds(clock);
      await store.accounts.audit(site, { at, person, event: "totp-reset", details });
      return reply.status(204).send(null);
    },
  );
}
