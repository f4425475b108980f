// A browser's tab at a relay under test: it keeps the cookie as browsers do, and says of each request what a browser would say of where it came from.
import { connect as connectPlain } from "node:net";
import { connect } from "node:tls";
import { generateSync } from "otplib";
import * as assert from "uvu/assert";
import { signEnvelope, type SignPae } from "../../../shared/document/envelope.ts";
import type { PaperSite } from "../document/paper-site.ts";
import { signerOf } from "../document/paper-site.ts";
import { json, relayName, type Answer, type RunningRelay } from "./running-relay.ts";

/** What differs from a request of the relay's own page; a null takes a field away. */
export type Fields = Readonly<Record<string, string | null>>;

export class RelayPage {
  readonly relay: RunningRelay;
  /** `name=value`, as the browser sends it. */
  cookie: string | undefined;
  /** The last Set-Cookie. */
  setCookie: string | undefined;

  constructor(relay: RunningRelay) {
    this.relay = relay;
  }

  /** A tab in which the key of a name signed in. */
  static async signedIn(relay: RunningRelay, name: string): Promise<RelayPage> {
    const page = new RelayPage(relay);
    const answer = await page.signIn(await signerOf(name));
    assert.is(answer.status, 201, answer.body.message);
    return page;
  }

  async call(method: string, path: string, body?: unknown, fields: Fields = {}): Promise<Answer> {
    const all: Fields = {
      "sallyport-page": "1",
      "sec-fetch-site": "same-origin",
      ...(method !== "GET" && { origin: this.relay.url }),
      ...(this.cookie !== undefined && { cookie: this.cookie }),
      ...fields,
    };
    const headers = Object.entries(all).flatMap(([name, value]): [string, string][] =>
      value === null ? [] : [[name, value]],
    );
    const answer = await this.relay.call(method, path, { body, headers: new Map(headers) });
    this.#keep(answer.headers.getSetCookie());
    return answer;
  }

  /** Answers a fresh nonce under any signer's key. */
  async signIn(signer: SignPae, more: object = {}, fields: Fields = {}): Promise<Answer> {
    const envelope = await this.signInDocument(signer);
    return this.call("POST", "/sign-in", { envelope, ...more }, fields);
  }

  async signInDocument(signer: SignPae): Promise<unknown> {
    this.relay.clock.advanceMs(2000); // the limit of strangers refills
    const { body } = await this.relay.call("POST", "/sign-in/nonce");
    const issuedAt = Math.floor(this.relay.clock.wallMs() / 1000);
    const payload = { relay: relayName, nonce: body.nonce, person: null, site: null, issuedAt };
    return json(await signEnvelope("sign-in", payload, [signer]));
  }

  async signInByPassword(name: string, password: string, code: string): Promise<Answer> {
    this.relay.clock.advanceMs(2000);
    return this.call("POST", "/sign-in/password", { name, password, code });
  }

  /** Enrols and confirms a second factor; returns its seed. */
  async enrol(site: PaperSite, code?: string): Promise<string> {
    const path = `/sites/${site.id}/totp`;
    const enrolled = await this.call("POST", path, code === undefined ? {} : { code });
    assert.is(enrolled.status, 201, enrolled.body.message);
    const { secret } = enrolled.body;
    const confirmed = await this.call("POST", `${path}/confirm`, {
      code: this.freshCodeOf(secret),
    });
    assert.is(confirmed.status, 204, confirmed.body.message);
    return secret;
  }

  /** The seed's code of the next half minute, unused so far. */
  freshCodeOf(secret: string): string {
    this.relay.clock.advanceMs(30_000);
    return this.codeOf(secret);
  }

  codeOf(secret: string): string {
    return generateSync({ secret, epoch: Math.floor(this.relay.clock.wallMs() / 1000) });
  }

  async status(path = "/session"): Promise<number> {
    return (await this.call("GET", path)).status;
  }

  #keep([setCookie]: readonly string[]): void {
    if (setCookie === undefined) return;
    this.setCookie = setCookie;
    const [pair = ""] = setCookie.split(";");
    this.cookie = /Max-Age=0(;|$)/.test(setCookie) ? undefined : pair;
  }
}

/** Status and code of the answer to an upgrade to a channel with these fields. */
export async function askForChannel(
  relay: RunningRelay,
  edge: string,
  fields: Fields,
): Promise<readonly [status: string, code: string]> {
  const url = new URL(relay.url);
  const isSecure = url.protocol === "https:";
  const address = { port: Number(url.port), host: url.hostname };
  const socket = isSecure ? connect({ ...address, ca: relay.authority }) : connectPlain(address);
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value ?? ""}\r\n`);
  socket.end(
    `GET /channel/${edge} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${lines.join("")}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: sallyport.v1\r\n\r\n`,
  );
  const answer = Buffer.concat(await socket.toArray()).toString();
  const { code } = JSON.parse(answer.split("\r\n\r\n")[1] ?? "{}") as { code: string };
  return [answer.slice(9, 12), code];
}
