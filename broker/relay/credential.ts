// What a request shows to be somebody: the cookie of the relay's own pages, or a bearer's token; never one in place of the other.
// Invariant: a cookie counts only where the relay's own page made the request. Attacks: a form or script of another site, a page on a sibling
// name (same-site, so that SameSite alone lets it through), an upgrade from a foreign page (WebSockets know no same-origin policy).
import type { IncomingMessage } from "node:http";
import { SallyportError } from "../../shared/errors.ts";
import { bearerTokenOf } from "./upgrade-answer.ts";

/** `__Host-`: browsers take it only with Secure and Path=/ and without Domain, so no sibling name can set or shadow it. */
const cookieName = "__Host-sallyport";
const attributes = "Path=/; Secure; HttpOnly; SameSite=Strict";

export interface Credential {
  readonly token: string | undefined;
  /** Whether it came as a page's cookie. */
  readonly isPage: boolean;
  /** The page asked by itself, without a person: it does not count as use. */
  readonly isBackground: boolean;
}

/** What a request of the API shows; throws `forbidden` for one that only claims to be of our own pages. */
export function credentialOf(request: IncomingMessage, url: string): Credential {
  const { headers } = request;
  if (headers["sallyport-page"] === undefined) {
    return { token: bearerTokenOf(request), isPage: false, isBackground: false };
  }
  const { origin } = headers;
  const isOwnPage =
    headers["sallyport-page"] === "1" &&
    headers["sec-fetch-site"] === "same-origin" &&
    (origin === undefined || origin === url);
  if (!isOwnPage) throw foreignPage(url);
  return {
    token: cookieOf(request),
    isPage: true,
    isBackground: headers["sallyport-background"] === "1",
  };
}

/** What an upgrade shows; throws `forbidden` for a cookie that a foreign page brings. Browsers can set no header there, but tell the origin. */
export function upgradeCredentialOf(request: IncomingMessage, url: string): Credential {
  const bearer = bearerTokenOf(request);
  const cookie = cookieOf(request);
  if (bearer !== undefined || cookie === undefined) {
    return { token: bearer, isPage: false, isBackground: false };
  }
  if (request.headers.origin !== url) throw foreignPage(url);
  return { token: cookie, isPage: true, isBackground: false };
}

/** The field that gives a page its sign-in. */
export function signedInCookie(token: string, lifeSeconds: number): string {
  return `${cookieName}=${token}; Max-Age=${lifeSeconds}; ${attributes}`;
}

/** The field that takes it away. */
export const signedOutCookie = `${cookieName}=; Max-Age=0; ${attributes}`;

function cookieOf(request: IncomingMessage): string | undefined {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  const values = pairs
    .filter((pair) => pair.startsWith(`${cookieName}=`))
    .map((pair) => pair.slice(cookieName.length + 1));
  // Two of one name: somebody tries to shadow ours, so neither counts.
  return values.length === 1 && /^[A-Za-z0-9_-]{43}$/.test(values[0] ?? "") ? values[0] : undefined;
}

function foreignPage(url: string): SallyportError {
  return new SallyportError(
    "forbidden",
    `request does not come from this relay's own pages at ${url}`,
  );
}
