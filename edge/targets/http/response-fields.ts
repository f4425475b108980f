// What an answer says to the browser: as the device said it, in the panel's own terms, and without whatever reaches beyond this one panel, its time
// or its origin; and what the panel's page may not ask of the browser.
import type { IncomingMessage } from "node:http";
import type { Addresses } from "./addresses.ts";
import type { CookieJar } from "./cookie-jar.ts";
import type { Origin } from "./origins.ts";
import { isHopField, namedByConnection } from "./request-fields.ts";

/** They would outlive the panel, leave its origin, or clear the cookie by which its browser is known. */
const droppedFields: ReadonlySet<string> = new Set([
  "alt-svc",
  "clear-site-data",
  "content-security-policy-report-only",
  "cross-origin-opener-policy",
  "expect-ct",
  "feature-policy",
  "nel",
  "origin-agent-cluster",
  "origin-trial",
  "permissions-policy",
  "public-key-pins",
  "public-key-pins-report-only",
  "report-to",
  "reporting-endpoints",
  "service-worker-allowed",
  "set-cookie",
  "set-cookie2",
  "set-login",
  "strict-transport-security",
]);

const addressFields: ReadonlySet<string> = new Set([
  "access-control-allow-origin",
  "content-location",
  "link",
  "location",
  "sourcemap",
]);

/** A question that is the edge's to answer; and Digest's `rspauth`, from which a password could be guessed at leisure (RFC 7616 §3.5). */
const loginFields: ReadonlySet<string> = new Set(["www-authenticate", "authentication-info"]);

/** What is no longer true of a body that is written anew. */
const bodyFields: ReadonlySet<string> = new Set([
  "accept-ranges",
  "content-digest",
  "content-length",
  "content-md5",
  "digest",
  "repr-digest",
]);

/** Passkeys, payment and every device of the vendor's own: a panel has no business with them. */
const permissions = [
  "publickey-credentials-get",
  "publickey-credentials-create",
  "identity-credentials-get",
  "otp-credentials",
  "payment",
  "usb",
  "serial",
  "hid",
  "bluetooth",
  "camera",
  "microphone",
  "geolocation",
  "midi",
  "display-capture",
]
  .map((name) => `${name}=()`)
  .join(", ");

export interface ResponseTerms {
  readonly addresses: Addresses;
  readonly publicOrigin: Origin;
  readonly jar: CookieJar;
  /** Of the request: a cookie without Path belongs to its folder. */
  readonly target: string;
  /** The body is written anew. */
  readonly isRewritten: boolean;
  /** True where the edge signs in: the browser is not to ask the vendor. */
  readonly hidesChallenge: boolean;
}

/** Names and values for the browser, in order; a name may come more than once. */
export function responseFields(answer: IncomingMessage, terms: ResponseTerms): [string, string][] {
  const { addresses, publicOrigin, jar, target, isRewritten, hidesChallenge } = terms;
  const isSecure = publicOrigin.scheme === "https";
  const named = namedByConnection(answer.headers.connection);
  const fields: [string, string][] = [];
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
    const [name = "", value = ""] = answer.rawHeaders.slice(at, at + 2);
    const key = name.toLowerCase();
    if (isHopField(key) || named.has(key) || droppedFields.has(key)) continue;
    if (isRewritten && bodyFields.has(key)) continue;
    if (hidesChallenge && loginFields.has(key)) continue;
    if (key === "content-security-policy") {
      fields.push([name, policyFor(addresses.rewritePolicy(value), isSecure)]);
    } else if (key === "refresh") fields.push([name, refreshFor(addresses, value)]);
    else fields.push([name, addressFields.has(key) ? addresses.rewriteField(value) : value]);
  }
  const cookies = jar.sort(answer.headers["set-cookie"] ?? [], target, isSecure);
  fields.push(...cookies.map((cookie): [string, string] => ["Set-Cookie", cookie]));
  fields.push(
    ["Content-Security-Policy", "frame-ancestors 'self'"],
    ["Permissions-Policy", permissions],
    ["Cross-Origin-Opener-Policy", "same-origin"],
    ["Cross-Origin-Resource-Policy", "same-origin"],
    // Panels of one edge share a domain: neither may take itself for it.
    ["Origin-Agent-Cluster", "?1"],
  );
  if (answer.headers["referrer-policy"] === undefined) {
    fields.push(["Referrer-Policy", "same-origin"]);
  }
  return fields;
}

// On this machine's loopback address nothing answers to TLS.
function policyFor(policy: string, isSecure: boolean): string {
  return isSecure ? policy : policy.replace(/;?\s*upgrade-insecure-requests\b/gi, "");
}

/** `5; url=http://…`. */
function refreshFor(addresses: Addresses, value: string): string {
  return value.replace(
    /(url\s*=\s*)(.*)$/i,
    (_found, head: string, address: string) => head + addresses.rewriteField(address),
  );
}
