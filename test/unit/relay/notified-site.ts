// A relay with the paper site whose people have phones: what every test of notifications starts from.
import * as assert from "uvu/assert";
import type { Envelope } from "../../../shared/document/envelope.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { keyIdOf } from "../../../shared/document/keys.ts";
import { verifyRequest } from "../../../shared/document/request.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import { keyOf, PaperSite, paperAt, signed, suite } from "../document/paper-site.ts";
import { PushService, type PushContent, type Pushed } from "./push-service.ts";
import { RunningRelay, type Answer } from "./running-relay.ts";

/** On the one target with the policy that one approver satisfies. */
export const hmi = { id: "hmi", rights: ["terminal", "exec"] } as never;
export const secretReason = "reason-that-nobody-is-told";

/** Of this machine's time, longer than any delivery takes; and what the relay's clock is turned on by then. */
const patienceMs = 3_000;
const retryMs = 60_000;

/** What notifications' routes answer, all in one. */
export interface NotifyBody {
  readonly code: string;
  readonly message: string & MessageBody;
  readonly channel: ChannelBody;
  readonly channels: readonly ChannelBody[];
  readonly messages: readonly MessageBody[];
  readonly secret: string;
  readonly vapidPublicKey: string;
  readonly mailFrom: string | null;
  readonly onDuty: boolean;
  readonly flag: string | null;
  readonly order: readonly { target: string; persons: string[]; minutes: number }[];
  readonly people: readonly {
    person: string;
    onDuty: boolean;
    channels: { kind: string; state: string }[];
    flag: string | null;
  }[];
  readonly told: readonly { person: string; name: string; at: number; state: string }[];
  readonly next: { person: string; name: string; at: number } | null;
  readonly everyoneAt: number | null;
  readonly answered: boolean;
  readonly reachable: number;
  readonly handOvers: readonly { from: string; to: string; note: string; at: number }[];
}

interface ChannelBody {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly address: string;
  readonly enabled: boolean;
  readonly state: string;
  readonly person: string | null;
  readonly lastDeliveredAt: number | null;
  readonly fault: { at: number; reason: string } | null;
}

interface MessageBody {
  readonly id: string;
  readonly text: string;
  readonly link: string;
  readonly person: string | null;
  readonly channel: string;
  readonly state: string;
  readonly tries: number;
  readonly nextAt: number | null;
  readonly reason: string | null;
}

export type NotifyAnswer = Omit<Answer, "body"> & { readonly body: NotifyBody };

export class NotifiedSite implements AsyncDisposable {
  readonly relay: RunningRelay;
  readonly site: PaperSite;
  readonly push: PushService;
  readonly #tokens = new Map<string, string>();
  #requests = 0;

  private constructor(relay: RunningRelay, site: PaperSite, push: PushService) {
    this.relay = relay;
    this.site = site;
    this.push = push;
  }

  /** With a phone for each of the names; edges need a secure relay. */
  static async start(
    names: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
    change?: (manifest: Manifest) => Manifest,
    isSecure = false,
  ): Promise<NotifiedSite> {
    const networks = { SALLYPORT_RELAY_NOTIFY_NETWORKS: "127.0.0.0/8" };
    const relay = await RunningRelay.start(isSecure, { ...networks, ...environment });
    const site = await PaperSite.make(change);
    await relay.register(site);
    const world = new NotifiedSite(relay, site, await PushService.start());
    for (const name of names) await world.phone(name);
    return world;
  }

  async token(name: string): Promise<string> {
    const token = this.#tokens.get(name) ?? (await this.relay.signIn(name));
    this.#tokens.set(name, token);
    return token;
  }

  /** Lets so much time pass that messages are told one by one again. */
  calm(): void {
    this.relay.clock.advanceMs(11 * 60_000);
  }

  /** After hours of the clock, everybody signs in anew. */
  forgetSignIns(): void {
    this.#tokens.clear();
  }

  /** Calls a route of the site as somebody. */
  async as(name: string, method: string, path: string, body?: unknown): Promise<NotifyAnswer> {
    this.relay.clock.advanceMs(200); // the limit of one person refills
    const token = await this.token(name);
    const call = { token, ...(body !== undefined && { body }) };
    const answer = await this.relay.call(method, `/sites/${this.site.id}${path}`, call);
    return answer as unknown as NotifyAnswer;
  }

  /** Subscribes a browser of that name for a person, by default of the same name. */
  async phone(name: string, browser = name): Promise<ChannelBody> {
    const subscription = this.push.subscribe(browser);
    const answer = await this.as(name, "PUT", "/notify/push", { subscription, name: "phone" });
    assert.is(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.channel;
  }

  /** The first message that a browser got and that is so. */
  async told(browser: string, expected: RegExp = /./): Promise<PushContent> {
    // A delivery that failed on a busy machine is tried again by the clock, which nobody turns while they wait.
    const again = setInterval(() => this.relay.clock.advanceMs(retryMs), patienceMs);
    try {
      const pushed = await this.push.pushed.first(
        (item) => item.browser === browser && expected.test(item.content.body),
      );
      return pushed.content;
    } finally {
      clearInterval(again);
    }
  }

  /** All that a browser got so far. */
  heard(browser: string): readonly Pushed[] {
    return this.push.pushed.items.filter((item) => item.browser === browser);
  }

  /** Drops a document as somebody; answers its hash. */
  async drop(name: string, envelope: Envelope): Promise<string> {
    const answer = await this.relay.drop(this.site, await this.token(name), envelope);
    assert.is(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.hash;
  }

  /** A request by vera, dropped; answers it with its hash. */
  async request(change: object = {}): Promise<{ envelope: Envelope; hash: string }> {
    const envelope = await this.requestEnvelope(change);
    return { envelope, hash: await this.drop("vera", envelope) };
  }

  async requestEnvelope(change: object = {}): Promise<Envelope> {
    this.#requests += 1;
    const nonce = toBase64Url(new Uint8Array(16).fill(this.#requests));
    const key = await keyIdOf(suite, await keyOf("vera"));
    const issuedAt = Math.floor(this.relay.clock.wallMs() / 1000);
    const payload = await this.site.request({
      key,
      nonce,
      targets: [hmi],
      reason: secretReason,
      ticket: "ticket-that-nobody-is-told",
      windows: null,
      issuedAt,
      startBeforeAt: issuedAt + 3 * 3600,
      waitUntilAt: issuedAt + 3600,
      ...change,
    });
    return signed("request", payload, "vera");
  }

  /** A grant of a request, signed by the names. */
  async grantEnvelope(
    envelope: Envelope,
    change: object,
    ...names: readonly string[]
  ): Promise<Envelope> {
    const request = await verifyRequest(envelope, this.site.held());
    return signed("grant", { ...(await this.site.grant(request)), ...change }, ...names);
  }

  /** Grants a request, signed by somebody and dropped. */
  async grant(envelope: Envelope, name: string): Promise<string> {
    return this.drop(name, await this.grantEnvelope(envelope, {}, name));
  }

  /** Denies a request. */
  async deny(hash: string, name: string): Promise<string> {
    const payload = { site: this.site.id, request: hash, reason: secretReason, issuedAt: paperAt };
    return this.drop(name, await signed("deny", payload, name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay[Symbol.asyncDispose]();
    await this.push[Symbol.asyncDispose]();
  }
}
