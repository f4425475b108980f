// What other pages may make a browser do with a panel: nothing but follow a link. Panels of one edge share their registrable domain, so SameSite
// cookies do not keep them apart; browsers say in Sec-Fetch-Site and Origin where a request comes from, and pages cannot change that.
import type { IncomingMessage } from "node:http";

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** TRACE would show the injected login; CONNECT is for proxies. */
const refusedMethods: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

export function mayUseMethod(method: string): boolean {
  return !refusedMethods.has(method.toUpperCase());
}

/** True if the panel's own page, or the person, made the request; or if it follows a link. */
export function isFromPanel({ method = "", headers }: IncomingMessage, origin: string): boolean {
  const site = headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin" || site === "none") {
    const from = headers.origin;
    // A page that sends no referrer has the origin "null"; then only the browser's word on the site counts.
    return from === undefined || from === origin || (from === "null" && site === "same-origin");
  }
  return (
    safeMethods.has(method) &&
    headers["sec-fetch-mode"] === "navigate" &&
    headers["sec-fetch-dest"] === "document"
  );
}

/** True if the panel's own page opens the WebSocket. What is no browser says nothing of its origin. */
export function isSocketFromPanel({ headers }: IncomingMessage, origin: string): boolean {
  const site = headers["sec-fetch-site"];
  return (
    (site === undefined || site === "same-origin") &&
    (headers.origin === undefined || headers.origin === origin)
  );
}

/** A person's step from page to page, as browsers say it; older ones are believed by what they accept. */
export function isNavigation({ method = "", headers }: IncomingMessage): boolean {
  const mode = headers["sec-fetch-mode"];
  if (mode !== undefined) return mode === "navigate";
  return safeMethods.has(method) && headers.accept?.startsWith("text/html") === true;
}

/** A request that may change something. */
export function isUnsafe(method: string): boolean {
  return !safeMethods.has(method) && method !== "OPTIONS";
}
