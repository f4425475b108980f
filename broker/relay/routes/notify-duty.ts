// Who is on duty, who takes over, and in which order approvers are asked.
import Type, { type Static } from "typebox";
import { SallyportError } from "../../../shared/errors.ts";
import { parsePersonId, parseTargetId, type PersonId } from "../../../shared/ids.ts";
import { wallSeconds } from "../../../shared/clock.ts";
import { memberOf, type Api, type ApiParts } from "./parts.ts";
import type { Member } from "../directory.ts";
import { flagsOf } from "../notify/silence.ts";
import type { SitePeople } from "../notify/site-people.ts";
import type { OrderRow } from "../store/watch-rows.ts";
import { hasRole, isStaff } from "../visibility.ts";
import { Person, problems, record, Seconds, signedIn, siteIn, SiteParams } from "./fields.ts";
import { ChannelSummary, channelSummary, Flag, Order } from "./notify-fields.ts";

/** A site has at most a thousand targets. */
const mostOrders = 1000;
const mostHandOvers = 20;

const Orders = record({ order: Type.Array(Order, { maxItems: mostOrders }) });
const HandOver = record({
  from: Person,
  to: Person,
  note: Type.String({ maxLength: 1000, description: "for people of the site; in no message" }),
  at: Seconds,
});

export function notifyDutyRoutes(api: Api, parts: ApiParts): void {
  const { notifications, store, clock } = parts;
  const { watch, channels, notices } = store;
  const shared = { security: signedIn, params: SiteParams };

  api.put(
    "/sites/:site/notify/duty",
    {
      schema: {
        summary: "Go on or off duty; for approvers",
        ...shared,
        body: record({ onDuty: Type.Boolean() }),
        response: { 200: record({ onDuty: Type.Boolean() }), ...problems },
      },
    },
    async (request) => {
      const { site, person } = await approverIn(request);
      const { onDuty } = request.body;
      await notifications.setDuty(site, person, onDuty);
      const event = onDuty ? "went-on-duty" : "went-off-duty";
      const at = wallSeconds(clock);
      await store.accounts.audit(site, { at, person, event, details: {} });
      return { onDuty };
    },
  );

  api.post(
    "/sites/:site/hand-over",
    {
      schema: {
        summary: "Go off duty and put another approver on duty, who is told",
        ...shared,
        body: record({ to: Person, note: Type.String({ maxLength: 1000 }) }),
        response: { 200: record({ handOver: HandOver }), ...problems },
      },
    },
    async (request) => {
      const { site, person: from } = await approverIn(request);
      const { note } = request.body;
      const to = parsePersonId(request.body.to);
      const people = await notifications.people(site);
      if (to === from || !people.with("approver").includes(to)) {
        throw new SallyportError("not_found", `"${to}" is not another approver of this site`);
      }
      const at = await notifications.handOver(site, from, to, note);
      await store.accounts.audit(site, { at, person: from, event: "handed-over", details: { to } });
      return { handOver: { from, to, note, at } };
    },
  );

  api.get(
    "/sites/:site/hand-over",
    {
      schema: {
        summary: "The newest hand-overs with their notes; for approvers and owners",
        ...shared,
        response: { 200: record({ handOvers: Type.Array(HandOver) }), ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      if (!hasRole(member, "approver", "owner")) {
        throw new SallyportError("forbidden", "hand-overs are for approvers and owners");
      }
      return { handOvers: await watch.handOvers(site, mostHandOvers) };
    },
  );

  api.get(
    "/sites/:site/notify/order",
    {
      schema: {
        summary:
          "In which order approvers are asked, by target; a target that is not here asks all",
        ...shared,
        response: { 200: Orders, ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      requireStaff(await memberOf(request, site, parts));
      return { order: (await watch.orders(site)).map(orderOut) };
    },
  );

  api.put(
    "/sites/:site/notify/order",
    {
      schema: {
        summary: "Set the order for all targets; for owners",
        ...shared,
        body: Orders,
        response: { 200: Orders, ...problems },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const { person, ...member } = await memberOf(request, site, parts);
      if (!hasRole({ person, ...member }, "owner")) {
        throw new SallyportError("forbidden", "the order of asking is set by owners");
      }
      const orders = ordersIn(request.body.order, await notifications.people(site));
      await watch.replaceOrders(site, orders);
      await notifications.rulesChanged(site);
      const at = wallSeconds(clock);
      const details = { targets: orders.length };
      await store.accounts.audit(site, { at, person, event: "asking-order-set", details });
      return { order: orders.map(orderOut) };
    },
  );

  api.get(
    "/sites/:site/notify/people",
    {
      schema: {
        summary: "Who is on duty; for owners and auditors also how each can be reached",
        ...shared,
        response: {
          200: record({
            people: Type.Array(
              record({
                person: Person,
                name: Type.String(),
                roles: Type.Array(Type.String()),
                onDuty: Type.Boolean(),
                channels: Type.Array(ChannelSummary),
                lastDeliveredAt: Type.Union([Seconds, Type.Null()]),
                flag: Flag,
              }),
            ),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const site = siteIn(request.params);
      const member = await memberOf(request, site, parts);
      requireStaff(member);
      const seesAll = hasRole(member, "owner", "auditor");
      const people = await notifications.people(site);
      const flags = await flagsOf(people, site, notices, clock);
      const lastDelivered = await notices.lastDelivered(site);
      const offDuty = await watch.offDuty(site);
      const ways = Map.groupBy(await channels.ofSite(site), (channel) => channel.person);
      return {
        people: people.persons.map(({ id, roles }) => ({
          person: id,
          name: people.nameOf(id),
          roles: [...roles],
          onDuty: roles.includes("approver") && !offDuty.has(id),
          channels: seesAll ? (ways.get(id) ?? []).map(channelSummary) : [],
          lastDeliveredAt: seesAll ? (lastDelivered.get(id) ?? null) : null,
          flag: seesAll ? (flags.get(id) ?? null) : null,
        })),
      };
    },
  );

  async function approverIn(
    request: Parameters<typeof memberOf>[0] & { readonly params: { readonly site: string } },
  ): Promise<Member> {
    const member = await memberOf(request, siteIn(request.params), parts);
    if (hasRole(member, "approver")) return member;
    throw new SallyportError("forbidden", "duty is for approvers");
  }
}

function requireStaff(member: Member): void {
  if (isStaff(member)) return;
  throw new SallyportError("forbidden", "who is asked is for owners, approvers and auditors");
}

function ordersIn(given: readonly Static<typeof Order>[], people: SitePeople): OrderRow[] {
  const seen = new Set<string>();
  return given.map(({ target: named, persons, minutes }) => {
    const target = parseTargetId(named);
    if (seen.has(target)) throw new SallyportError("conflict", `target "${target}" stands twice`);
    seen.add(target);
    if (!people.hasTarget(target)) {
      throw new SallyportError("not_found", `target "${target}" is not of this site`);
    }
    const approvers = people.approversOf([target]);
    const stranger = persons.find((person) => !approvers.some((item) => item === person));
    if (stranger !== undefined) {
      throw new SallyportError("conflict", `"${stranger}" does not approve on "${target}"`);
    }
    return { target, persons: persons as PersonId[], minutes };
  });
}

function orderOut({ target, persons, minutes }: OrderRow): Static<typeof Order> {
  return { target, persons: [...persons], minutes };
}
