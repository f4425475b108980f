// A person's own password, with its recovery codes. Setting and removing need a key; changing needs the old password and a code.
import Type from "typebox";
import { wallSeconds } from "../../../shared/clock.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { Holder } from "../accounts.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import {
  AnyCode,
  Code,
  Nothing,
  problems,
  record,
  signedIn,
  siteIn,
  SiteParams,
} from "./fields.ts";
import { totpPersonOf } from "./totp.ts";

const Password = Type.String({ maxLength: 1024 });
const RecoveryCodes = record({
  recoveryCodes: Type.Array(Type.String(), { description: "shown this once, each good once" }),
});

export function accountRoutes(api: Api, parts: ApiParts): void {
  const { passwords, store, clock } = parts;
  const shared = { security: signedIn, params: SiteParams };

  const note = async ({ site, person }: Holder, event: string): Promise<void> => {
    await store.accounts.audit(site, { at: wallSeconds(clock), person, event, details: {} });
  };

  api.put(
    "/sites/:site/account",
    {
      schema: {
        summary: "Set a name and a first password; needs a sign-in by key and a TOTP code",
        ...shared,
        body: record({ name: Type.String({ maxLength: 256 }), password: Password, code: Code }),
        response: { 201: RecoveryCodes, ...problems },
      },
    },
    async (request, reply) => {
      const holder = await memberOf(request, siteIn(request.params), parts, "alone");
      const who = totpPersonOf(holder, request);
      const recoveryCodes = await passwords.set(who, holder.key, request.body);
      await note(holder, "password-set");
      reply.status(201);
      return { recoveryCodes };
    },
  );

  api.post(
    "/sites/:site/account/password",
    {
      schema: {
        summary: "Change the password; the old one and a code are needed, other sign-ins by it end",
        ...shared,
        body: record({ password: Password, newPassword: Password, code: AnyCode }),
        response: { 204: Nothing, ...problems },
      },
    },
    async (request, reply) => {
      const holder = await memberOf(request, siteIn(request.params), parts);
      const { newPassword, ...proof } = request.body;
      const { method, hash } = holder.signedIn;
      const key = method === "password" ? undefined : holder.key;
      const who = totpPersonOf(holder, request);
      const former = await passwords.change(who, key, proof, newPassword);
      await store.signIns.removeTokensOf(former.key, "password", hash);
      await note(holder, "password-changed");
      return reply.status(204).send(null);
    },
  );

  api.post(
    "/sites/:site/account/recovery-codes",
    {
      schema: {
        summary: "Ten new recovery codes in place of all before; needs password and code",
        ...shared,
        body: record({ password: Password, code: AnyCode }),
        response: { 201: RecoveryCodes, ...problems },
      },
    },
    async (request, reply) => {
      const holder = await memberOf(request, siteIn(request.params), parts);
      const who = totpPersonOf(holder, request);
      const recoveryCodes = await passwords.renewRecoveryCodes(who, request.body);
      await note(holder, "recovery-codes-made");
      reply.status(201);
      return { recoveryCodes };
    },
  );

  api.post(
    "/sites/:site/account/remove",
    {
      schema: {
        summary:
          "Forget the password, so that another can be set; needs a sign-in by key and a code",
        ...shared,
        body: record({ code: AnyCode }),
        response: { 204: Nothing, ...problems },
      },
    },
    async (request, reply) => {
      const holder = await memberOf(request, siteIn(request.params), parts, "alone");
      const { site, person } = holder;
      if ((await passwords.state(site, person)) === undefined) {
        throw new SallyportError("not_found", "you have no password here");
      }
      await passwords.spendCode(totpPersonOf(holder, request), request.body.code);
      const key = await passwords.remove(site, person);
      if (key !== undefined) await store.signIns.removeTokensOf(key, "password", "");
      await note(holder, "password-removed");
      return reply.status(204).send(null);
    },
  );
}
