// A person's own ways to be told: push, mail, webhooks; each tested, and proven once its owner saw the test.
import Type from "typebox";
import { SallyportError } from "../../../shared/errors.ts";
import { parsePersonId, type PersonId } from "../../../shared/ids.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import type { Member } from "../directory.ts";
import { flagsOf } from "../notify/silence.ts";
import { siteItself } from "../store/channel-rows.ts";
import { hasRole } from "../visibility.ts";
import { Code, Nothing, Person, problems, record, signedIn, siteIn, SiteParams } from "./fields.ts";
import { Channel, channelOut, Flag, Id, Message, messageOut, Name } from "./notify-fields.ts";

const Address = Type.String({ minLength: 1, maxLength: 2048 });
const Answer = record({ channel: Channel });
const ChannelParams = record({ ...SiteParams.properties, id: Id });

export function notifyChannelRoutes(api: Api, parts: ApiParts): void {
  const { notifications, store, clock } = parts;
  const { channels } = notifications;
  const shared = { security: signedIn, params: SiteParams };
  const ofChannel = { security: signedIn, params: ChannelParams };

  api.get(
    "/sites/:site/notify",
    {
      schema: {
        summary: "One's own channels, and whether one is on duty",
        ...shared,
        response: {
          200: record({
            vapidPublicKey: Type.String({ description: "for the browser's subscription" }),
            mailFrom: Type.Union([Type.String(), Type.Null()], {
              description: "null: this relay sends no mail",
            }),
            channels: Type.Array(Channel),
            onDuty: Type.Boolean(),
            flag: Flag,
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      const flags = await flagsOf(await notifications.people(site), site, store.notices, clock);
      return {
        vapidPublicKey: notifications.vapidPublicKey,
        mailFrom: notifications.mailFrom ?? null,
        channels: (await channels.of(member)).map(channelOut),
        onDuty: !(await store.watch.offDuty(site)).has(member.person),
        flag: flags.get(member.person) ?? null,
      };
    },
  );

  api.put(
    "/sites/:site/notify/push",
    {
      schema: {
        summary: "Be told by push in this browser; the same subscription again is renamed",
        ...shared,
        body: record({
          subscription: record({
            endpoint: Address,
            expirationTime: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
            keys: record({
              p256dh: Type.String({ maxLength: 128 }),
              auth: Type.String({ maxLength: 64 }),
            }),
          }),
          name: Name,
        }),
        response: { 200: Answer, 201: Answer, ...problems },
      },
    },
    async (request, reply) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      const { subscription, name } = request.body;
      const { endpoint, keys } = subscription;
      const { channel, isNew } = await channels.putPush(member, endpoint, keys, name);
      reply.status(isNew ? 201 : 200);
      return { channel: channelOut(channel) };
    },
  );

  api.put(
    "/sites/:site/notify/mail",
    {
      schema: {
        summary:
          "Be told by mail; a code goes to the address, and nothing else until it comes back",
        ...shared,
        body: record({ address: Type.String({ minLength: 3, maxLength: 254 }) }),
        response: { 202: Answer, ...problems },
      },
    },
    async (request, reply) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      const channel = await channels.putMail(member, request.body.address);
      reply.status(202);
      return { channel: channelOut(channel) };
    },
  );

  api.post(
    "/sites/:site/notify/mail/confirm",
    {
      schema: {
        summary: "Confirm a mail address by the code that came there",
        ...shared,
        body: record({ channel: Id, code: Code }),
        response: { 200: Answer, ...problems },
      },
    },
    async (request) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      const { channel, code } = request.body;
      return { channel: channelOut(await channels.confirmMail(member, channel, code)) };
    },
  );

  api.get(
    "/sites/:site/notify/webhooks",
    {
      schema: {
        summary: "All webhooks of the site; for owners",
        ...shared,
        response: { 200: record({ channels: Type.Array(Channel) }), ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      if (!hasRole(member, "owner")) {
        throw new SallyportError("forbidden", "the site's webhooks are for owners");
      }
      const all = await store.channels.ofSite(site);
      return { channels: all.filter(({ kind }) => kind === "webhook").map(channelOut) };
    },
  );

  api.post(
    "/sites/:site/notify/webhooks",
    {
      schema: {
        summary: "Post notifications to an address; the answer holds its secret, this once",
        ...shared,
        body: record({
          url: Address,
          name: Name,
          person: Type.Union([Person, Type.Null()], {
            description: "whose notifications; null: all that the site's staff is told",
          }),
        }),
        response: {
          201: record({ channel: Channel, secret: Type.String() }),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      const { url, name, person } = request.body;
      const whose = await webhookOwner(member, person);
      const { channel, secret } = await channels.addWebhook(site, whose, url, name);
      reply.status(201);
      return { channel: channelOut(channel), secret };
    },
  );

  api.patch(
    "/sites/:site/notify/channels/:id",
    {
      schema: {
        summary: "Switch a channel on or off",
        ...ofChannel,
        body: record({ enabled: Type.Boolean() }),
        response: { 200: Answer, ...problems },
      },
    },
    async (request) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      const { params, body } = request;
      return { channel: channelOut(await channels.enable(member, params.id, body.enabled)) };
    },
  );

  api.delete(
    "/sites/:site/notify/channels/:id",
    {
      schema: {
        summary: "Remove a channel",
        ...ofChannel,
        response: { 204: Nothing, ...problems },
      },
    },
    async (request, reply) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      await channels.remove(member, request.params.id);
      return reply.status(204).send(null);
    },
  );

  api.post(
    "/sites/:site/notify/channels/:id/test",
    {
      schema: {
        summary: "Send a test message now; answers how its delivery went",
        ...ofChannel,
        response: { 200: record({ message: Message }), ...problems },
      },
    },
    async (request) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      return { message: messageOut(await channels.test(member, request.params.id)) };
    },
  );

  api.post(
    "/sites/:site/notify/seen",
    {
      schema: {
        summary: "Say that a delivered message was seen; its channel counts as proven from then on",
        ...shared,
        body: record({ message: Id }),
        response: { 200: Answer, ...problems },
      },
    },
    async (request) => {
      const member = await memberOf(request, siteIn(request.params), parts);
      return { channel: channelOut(await channels.seen(member, request.body.message)) };
    },
  );

  // An address that a vendor could set would let outsiders have the relay post to places of their choice.
  async function webhookOwner(member: Member, person: string | null): Promise<PersonId> {
    const isOwn = person === member.person;
    if (!hasRole(member, ...(isOwn ? (["owner", "approver"] as const) : (["owner"] as const)))) {
      throw new SallyportError("forbidden", "webhooks are set by owners, one's own by approvers");
    }
    if (person === null) return siteItself;
    const whose = parsePersonId(person);
    const people = await notifications.people(member.site);
    if (people.persons.some(({ id }) => id === whose)) return whose;
    throw new SallyportError("not_found", `"${whose}" is not of this site`);
  }
}
