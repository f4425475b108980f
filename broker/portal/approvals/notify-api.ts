// The relay's API of notifications as pages use it (broker/README.md): one's ways to be told, duty, hand-over, and the order of asking.
import * as v from "valibot";
import { parsePersonId, parseTargetId, type PersonId } from "../../../shared/ids.ts";
import type { RelayCall } from "../../../shared/site/relay-call.ts";
import type { PageSide } from "../person/page-side.ts";
import { pageRelay } from "../person/relay-fetch.ts";

const kind = v.picklist(["push", "mail", "webhook"]);
const state = v.picklist(["unconfirmed", "unproven", "proven"]);
const flag = v.nullable(v.picklist(["never", "stale"]));
const person = v.pipe(v.string(), v.transform(parsePersonId));
const target = v.pipe(v.string(), v.transform(parseTargetId));

const channel = v.object({
  id: v.string(),
  kind,
  name: v.string(),
  address: v.string(),
  enabled: v.boolean(),
  state,
  person: v.nullable(v.string()),
  addedAt: v.number(),
  provenAt: v.nullable(v.number()),
  lastDeliveredAt: v.nullable(v.number()),
  fault: v.nullable(v.object({ at: v.number(), reason: v.string() })),
});
export type Channel = v.InferOutput<typeof channel>;

const own = v.object({
  vapidPublicKey: v.string(),
  mailFrom: v.nullable(v.string()),
  channels: v.array(channel),
  onDuty: v.boolean(),
  flag,
});
export type OwnNotify = v.InferOutput<typeof own>;

const message = v.object({
  id: v.string(),
  state: v.picklist(["due", "delivered", "failed"]),
  reason: v.nullable(v.string()),
});
export type TestMessage = v.InferOutput<typeof message>;

const reachable = v.object({
  person,
  name: v.string(),
  roles: v.array(v.string()),
  onDuty: v.boolean(),
  channels: v.array(v.object({ kind, state, enabled: v.boolean() })),
  lastDeliveredAt: v.nullable(v.number()),
  flag,
});
export type Reachable = v.InferOutput<typeof reachable>;

const handOver = v.object({ from: person, to: person, note: v.string(), at: v.number() });
export type HandOver = v.InferOutput<typeof handOver>;

const order = v.object({ target, persons: v.array(person), minutes: v.number() });
export type Order = v.InferOutput<typeof order>;

const channelAnswer = v.object({ channel });

/** Calls at one site, for whoever is signed in. */
export class NotifyApi {
  readonly #site: string;

  constructor({ id }: Pick<PageSide, "id">) {
    this.#site = id;
  }

  own(): Promise<OwnNotify> {
    return this.#call("GET", "notify", own);
  }

  async putPush(subscription: PushSubscriptionJSON, name: string): Promise<Channel> {
    const body = { subscription, name };
    return (await this.#call("PUT", "notify/push", channelAnswer, body)).channel;
  }

  /** Sends a code to the address; nothing else goes there until it comes back. */
  async putMail(address: string): Promise<Channel> {
    return (await this.#call("PUT", "notify/mail", channelAnswer, { address })).channel;
  }

  async confirmMail(id: string, code: string): Promise<Channel> {
    const body = { channel: id, code };
    return (await this.#call("POST", "notify/mail/confirm", channelAnswer, body)).channel;
  }

  /** The secret is told this once. */
  addWebhook(
    url: string,
    name: string,
    whose: PersonId | null,
  ): Promise<{ readonly channel: Channel; readonly secret: string }> {
    const answer = v.object({ channel, secret: v.string() });
    return this.#call("POST", "notify/webhooks", answer, { url, name, person: whose });
  }

  async setEnabled(id: string, enabled: boolean): Promise<void> {
    await this.#call("PATCH", `notify/channels/${id}`, channelAnswer, { enabled });
  }

  async remove(id: string): Promise<void> {
    await this.#call("DELETE", `notify/channels/${id}`, v.unknown());
  }

  /** Sends a message now and tells what came of it. */
  async test(id: string): Promise<TestMessage> {
    const answer = v.object({ message });
    return (await this.#call("POST", `notify/channels/${id}/test`, answer, {})).message;
  }

  /** Says that a message was seen: its channel is proven from then on. */
  async seen(messageId: string): Promise<void> {
    await this.#call("POST", "notify/seen", channelAnswer, { message: messageId });
  }

  async setDuty(onDuty: boolean): Promise<void> {
    await this.#call("PUT", "notify/duty", v.unknown(), { onDuty });
  }

  async people(): Promise<Reachable[]> {
    return (await this.#call("GET", "notify/people", v.object({ people: v.array(reachable) })))
      .people;
  }

  async order(): Promise<Order[]> {
    return (await this.#call("GET", "notify/order", v.object({ order: v.array(order) }))).order;
  }

  async setOrder(all: readonly Order[]): Promise<void> {
    await this.#call("PUT", "notify/order", v.unknown(), { order: all });
  }

  async handOver(to: PersonId, note: string): Promise<void> {
    await this.#call("POST", "hand-over", v.unknown(), { to, note });
  }

  async handOvers(): Promise<HandOver[]> {
    return (await this.#call("GET", "hand-over", v.object({ handOvers: v.array(handOver) })))
      .handOvers;
  }

  #call<Schema extends v.GenericSchema>(
    method: RelayCall["method"],
    path: string,
    schema: Schema,
    body?: unknown,
  ): Promise<v.InferOutput<Schema>> {
    const call = { method, path: `/api/sites/${this.#site}/${path}` };
    return pageRelay.call(body === undefined ? call : { ...call, body }, schema);
  }
}
