// What a request says to the device: as the browser said it, but in the device's own terms, with the login, and without anything that is between
// browser and edge alone (RFC 9110 §7.6.1) or that a vendor could use to be taken for somebody else.
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { CookieJar } from "./cookie-jar.ts";
import { originText, type Origin } from "./origins.ts";

/** Of one connection, or of proxies. */
const hopFields: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Written anew here. */
const ownFields: ReadonlySet<string> = new Set([
  "accept-encoding",
  "authorization",
  "content-length",
  "cookie",
  "host",
  "origin",
  "referer",
]);

/** Attack: a device that trusts addresses or paths from a proxy in front of it. */
const proxyFields =
  /^(?:x-forwarded-.*|forwarded|via|x-real-ip|x-client-ip|client-ip|true-client-ip|x-original-url|x-rewrite-url)$/;

export interface RequestTerms {
  readonly device: Origin;
  readonly publicOrigin: Origin;
  readonly jar: CookieJar;
  /** The field that signs in, if one does. */
  readonly credential: Readonly<Record<string, string>>;
  /** True where the vendor may sign in himself, because the edge does not. */
  readonly passesAuthorization: boolean;
}

/** Fields for the device. */
export function requestFields(request: IncomingMessage, terms: RequestTerms): OutgoingHttpHeaders {
  const { headers } = request;
  const { device, publicOrigin, jar, credential, passesAuthorization } = terms;
  const fields: OutgoingHttpHeaders = { host: device.authority };
  const named = namedByConnection(headers.connection);
  for (const [name, value = []] of Object.entries(request.headersDistinct)) {
    if (hopFields.has(name) || ownFields.has(name) || proxyFields.test(name)) continue;
    if (named.has(name)) continue;
    // A plain device has nothing to upgrade to but another port, which is not this panel.
    if (name === "upgrade-insecure-requests" && device.scheme === "http") continue;
    fields[name] = value.length === 1 ? value.join() : value;
  }
  const { origin, referer, authorization } = headers;
  if (origin !== undefined) fields["origin"] = origin === "null" ? "null" : originText(device);
  const from = inDeviceTerms(referer, device, publicOrigin);
  if (from !== undefined) fields["referer"] = from;
  if (passesAuthorization && authorization !== undefined) fields["authorization"] = authorization;
  fields["accept-encoding"] = encodingsFor(request);
  const length = headers["content-length"];
  if (length !== undefined) fields["content-length"] = length;
  const cookies = jar.fieldFor(request.url ?? "/", device.scheme === "https", headers.cookie);
  if (cookies !== "") fields["cookie"] = cookies;
  for (const [name, value] of Object.entries(credential)) {
    delete fields[name.toLowerCase()];
    fields[name] = value;
  }
  return fields;
}

/** True if the request has a body to be sent on. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  return encoding !== undefined || (length !== undefined && length !== "0");
}

/** The names that a Connection field takes for its own connection. */
export function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? "").split(",").map((name) => name.trim().toLowerCase()));
}

export function isHopField(name: string): boolean {
  return hopFields.has(name);
}

// Pictures and films are not rewritten, so they may come in whatever the browser takes; gzip is what the edge can open.
function encodingsFor({ headers }: IncomingMessage): string {
  const asked = headers["accept-encoding"] ?? "";
  const isMedia = /^(?:image|font|audio|video|track)$/.test(String(headers["sec-fetch-dest"]));
  if (isMedia) return asked;
  return /\bgzip\b/i.test(asked) ? "gzip" : "identity";
}

function inDeviceTerms(
  referer: string | undefined,
  device: Origin,
  publicOrigin: Origin,
): string | undefined {
  const own = originText(publicOrigin);
  if (referer === undefined || !(referer === own || referer.startsWith(`${own}/`)))
    return undefined;
  return `${originText(device)}${referer.slice(own.length)}`;
}
