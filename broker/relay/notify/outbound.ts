// One POST to an address that a person entered: https (or http on this machine), only to addresses that the rules allow, no redirect followed,
// ten seconds, and a small answer. Invariant: the address that was checked is the one that is connected to (attack: a name that resolves to
// a public address when it is looked at and to a private one when it is used).
import { lookup as resolveName, type LookupAddress } from "node:dns";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Clock } from "../../../shared/clock.ts";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import { isLoopback as isOnLoopback } from "../config.ts";
import type { AddressRules } from "./address-rules.ts";

/** A receiver that takes longer is as good as away. */
export const outboundLimitMs = 10_000;
/** What an answer may have to say: nothing of it is used. */
const mostAnswerBytes = 16 * 1024;

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export class Outbound {
  readonly #rules: AddressRules;
  readonly #clock: Clock;

  constructor(rules: AddressRules, clock: Clock) {
    this.#rules = rules;
    this.#clock = clock;
  }

  /** The address, if it may be posted to as far as can be seen without asking a name server; throws `forbidden`. */
  parse(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw new SallyportError("forbidden", "not a web address, expected one like https://…");
    }
    if (url.username !== "" || url.password !== "") {
      throw new SallyportError("forbidden", "address holds a user or password");
    }
    const host = hostOf(url);
    const isLoopback = host === "localhost" || isOnLoopback(host);
    if (url.protocol === "http:" && !isLoopback) {
      throw new SallyportError("forbidden", "address is not https");
    }
    if (isIP(host) !== 0 && !this.#rules.mayReach(host)) throw closedAddress();
    return url;
  }

  /** The answer's status; throws `forbidden` for an address that is closed, `unreachable` if there is no answer, `timeout` when it takes too long. */
  async post({ url, headers, body }: Post, signal: AbortSignal): Promise<number> {
    const checked = this.parse(url.href);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const options: RequestOptions = {
      method: "POST",
      headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
      agent: false,
      signal,
      lookup: this.#lookup,
    };
    const send = checked.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(checked, options, (response) => {
      response.on("error", reject);
      drain(response, () => resolve(response.statusCode ?? 0));
    });
    const failed = (thrown: Error): void => {
      const isOurs = thrown instanceof SallyportError;
      reject(isOurs ? thrown : new SallyportError("unreachable", messageOf(thrown)));
    };
    request.on("error", failed);
    using _limit = this.#clock.setTimer(outboundLimitMs, () => {
      const seconds = outboundLimitMs / 1000;
      reject(new SallyportError("timeout", `no answer within ${seconds} s`, { retryable: true }));
      request.destroy();
    });
    request.end(body);
    try {
      return await promise;
    } finally {
      request.destroy();
    }
  }

  readonly #lookup: LookupFunction = (host, options, done) => {
    resolveName(host, { ...options, all: true }, (fault, addresses: LookupAddress[]) => {
      if (fault) return done(fault, []);
      const open = addresses.filter(({ address }) => this.#rules.mayReach(address));
      const [first] = open;
      if (first === undefined) return done(closedAddress(), []);
      return options.all === true ? done(null, open) : done(null, first.address, first.family);
    });
  };
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

function closedAddress(): SallyportError {
  return new SallyportError(
    "forbidden",
    "address is in a network that is closed to notifications, the operator may open it",
  );
}

function drain(response: IncomingMessage, ended: () => void): void {
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= mostAnswerBytes) return;
    response.destroy();
    ended();
  });
  response.on("end", ended);
}
