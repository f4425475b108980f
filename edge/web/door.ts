// The door of one web panel (shared/protocol.md, "Web panels"): a ticket, once and soon, becomes a cookie; with the cookie a request goes on to the
// panel, without it nothing does. Invariants: the cookie never reaches the device; both die with the opening.
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../shared/clock.ts";
import { isSameToken, makeToken } from "./tokens.ts";
import type { WebHandler } from "./panel.ts";

/** From the portal's message to the form that it posts. */
export const ticketLifeMs = 60_000;
export const cookieName = "__Host-sallyport";
/** Everything under it is ours and none of the device's. */
export const reservedPath = "/.sallyport/";
export const enterPath = "/.sallyport/enter";

export interface DoorOptions {
  /** `<name>.<label>.<domain>`. */
  readonly host: string;
  readonly port: number;
  /** Where a browser goes once it is in. */
  readonly start: string;
  readonly panel: WebHandler;
  readonly clock: Clock;
}

export class Door {
  readonly host: string;
  /** As the Host field has it. */
  readonly authority: string;
  readonly origin: string;
  readonly start: string;
  readonly panel: WebHandler;
  readonly ticket = makeToken();
  readonly #cookie = makeToken();
  readonly #clock: Clock;
  readonly #untilMs: number;
  #isUsed = false;

  constructor({ host, port, start, panel, clock }: DoorOptions) {
    this.host = host;
    this.authority = port === 443 ? host : `${host}:${port}`;
    this.origin = `https://${this.authority}`;
    this.start = start;
    this.panel = panel;
    this.#clock = clock;
    this.#untilMs = clock.monotonicMs() + ticketLifeMs;
  }

  /** The Set-Cookie that a ticket gives; undefined for a wrong, late or used one. */
  enter(ticket: string): string | undefined {
    const isRight = isSameToken(ticket, this.ticket);
    if (!isRight || this.#isUsed || this.#clock.monotonicMs() >= this.#untilMs) return undefined;
    this.#isUsed = true;
    // Lax: the way from the form to the start page is a navigation that another site's page began.
    return `${cookieName}=${this.#cookie}; Secure; HttpOnly; SameSite=Lax; Path=/`;
  }

  /** Whether the request has the cookie, which is taken out of it. */
  takeCookie(request: IncomingMessage): boolean {
    let isIn = false;
    // Node builds these two from `rawHeaders` when they are first read, and counts on its length: so they are read before it is changed.
    const { headers, headersDistinct, rawHeaders } = request;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      if (rawHeaders[at]?.toLowerCase() !== "cookie") continue;
      const others: string[] = [];
      for (const pair of (rawHeaders[at + 1] ?? "").split(";")) {
        const [name = "", ...value] = pair.split("=");
        if (name.trim() !== cookieName) others.push(pair.trim());
        else if (isSameToken(value.join("=").trim(), this.#cookie)) isIn = true;
      }
      if (others.length > 0) rawHeaders[at + 1] = others.join("; ");
      else {
        rawHeaders.splice(at, 2);
        at -= 2;
      }
    }
    const left = rawHeaders.filter((_, at) => at % 2 === 1 && isCookieAt(rawHeaders, at));
    if (left.length > 0) {
      headers.cookie = left.join("; ");
      headersDistinct["cookie"] = left;
    } else {
      delete headers.cookie;
      delete headersDistinct["cookie"];
    }
    return isIn;
  }
}

function isCookieAt(rawHeaders: readonly string[], valueAt: number): boolean {
  return rawHeaders[valueAt - 1]?.toLowerCase() === "cookie";
}
