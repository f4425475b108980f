// How the API shows notifications: a channel, a delivery, and the order in which approvers are asked.
import Type, { type Static } from "typebox";
import { siteItself, type ChannelRow } from "../store/channel-rows.ts";
import type { DeliveryRow } from "../store/notice-rows.ts";
import { Count, Person, record, Seconds } from "./fields.ts";

const ChannelKind = Type.Union([
  Type.Literal("push"),
  Type.Literal("mail"),
  Type.Literal("webhook"),
]);
const ChannelState = Type.Union(
  [Type.Literal("unconfirmed"), Type.Literal("unproven"), Type.Literal("proven")],
  {
    description:
      "unconfirmed: a mail address whose code was not given; unproven: no message was confirmed as seen",
  },
);
export const Id = Type.String({ maxLength: 64 });
export const Name = Type.String({ minLength: 1, maxLength: 60 });

export const ChannelSummary = record({
  kind: ChannelKind,
  state: ChannelState,
  enabled: Type.Boolean(),
});

export const Channel = record({
  id: Id,
  kind: ChannelKind,
  name: Type.String(),
  address: Type.String({ description: "a mail address; of push and webhooks the host alone" }),
  enabled: Type.Boolean(),
  state: ChannelState,
  person: Type.Union([Person, Type.Null()], { description: "null: the site's own webhook" }),
  addedAt: Seconds,
  provenAt: Type.Union([Seconds, Type.Null()]),
  lastDeliveredAt: Type.Union([Seconds, Type.Null()]),
  fault: Type.Union([record({ at: Seconds, reason: Type.String() }), Type.Null()]),
});

export const Message = record({
  id: Id,
  at: Seconds,
  person: Type.Union([Person, Type.Null()]),
  channel: ChannelKind,
  text: Type.String(),
  link: Type.String({ description: "path of the portal" }),
  state: Type.Union([Type.Literal("due"), Type.Literal("delivered"), Type.Literal("failed")]),
  tries: Count,
  deliveredAt: Type.Union([Seconds, Type.Null()]),
  nextAt: Type.Union([Seconds, Type.Null()]),
  reason: Type.Union([Type.String(), Type.Null()]),
});

export const Flag = Type.Union([Type.Literal("never"), Type.Literal("stale"), Type.Null()], {
  description:
    "an approver whom no message has ever reached, or none for 30 days; null: neither, or no approver",
});

export const Order = record({
  target: Type.String({ maxLength: 32 }),
  persons: Type.Array(Person, { minItems: 1, maxItems: 100, uniqueItems: true }),
  minutes: Type.Integer({ minimum: 1, maximum: 240, description: "until the next is asked" }),
});

function stateOf({ confirmed, provenAt }: ChannelRow): Static<typeof ChannelState> {
  if (!confirmed) return "unconfirmed";
  return provenAt === undefined ? "unproven" : "proven";
}

export function channelSummary(row: ChannelRow): Static<typeof ChannelSummary> {
  return { kind: row.kind, state: stateOf(row), enabled: row.enabled };
}

/** A channel in an answer. The path of a push or webhook address is as good as a password, and stays here. */
export function channelOut(row: ChannelRow): Static<typeof Channel> {
  const { id, kind, name, address, enabled, person, addedAt, provenAt, deliveredAt, fault } = row;
  return {
    id,
    kind,
    name,
    address: kind === "mail" ? address : new URL(address).host,
    enabled,
    state: stateOf(row),
    person: person === siteItself ? null : person,
    addedAt,
    provenAt: provenAt ?? null,
    lastDeliveredAt: deliveredAt ?? null,
    fault: fault ?? null,
  };
}

export function messageOut(row: DeliveryRow): Static<typeof Message> {
  const { id, message, channelKind, state, tries, deliveredAt, nextAt, reason } = row;
  const { at, person, text, link } = message;
  return {
    id,
    at,
    person: person === siteItself ? null : person,
    channel: channelKind,
    text,
    link,
    state,
    tries,
    deliveredAt: deliveredAt ?? null,
    nextAt: state === "due" ? (nextAt ?? null) : null,
    reason: reason ?? null,
  };
}
