// The device's cookies, kept on the edge (RFC 6265): for one origin, so that a Domain is nothing but a wish that is not needed.
// Invariant: names that were set during the injected login, or as HttpOnly, belong to the edge; they never reach the browser, and what the browser
// says under such a name never reaches the device.
import type { Clock } from "../../../shared/clock.ts";

/** RFC 6265 §6.1 asks for 50 of 4,096 bytes; a hostile device gets no more. */
const maxCookies = 64;
const maxCookieBytes = 4096;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly isSecure: boolean;
  /** By the wall clock; undefined: until the panel closes. */
  readonly endsMs: number | undefined;
}

interface ParsedCookie extends Cookie {
  readonly isHttpOnly: boolean;
  readonly sameSite: string | undefined;
  /** Seconds or a date, as the browser gets it. */
  readonly lifetime: string | undefined;
}

export class CookieJar {
  readonly #clock: Clock;
  readonly #cookies = new Map<string, Cookie>();
  readonly #ownNames = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps what a login's answer sets. */
  keep(fields: readonly string[], requestPath: string): void {
    for (const field of fields) {
      const cookie = parseSetCookie(field, requestPath, this.#clock);
      if (cookie !== undefined) this.#take(cookie);
    }
  }

  /** Takes an answer's cookies; gives those that the browser is to have, in its own origin's terms. */
  sort(fields: readonly string[], requestPath: string, isPublicSecure: boolean): string[] {
    const passed: string[] = [];
    for (const field of fields) {
      const cookie = parseSetCookie(field, requestPath, this.#clock);
      if (cookie === undefined) continue;
      if (cookie.isHttpOnly || this.#ownNames.has(cookie.name) || isPrefixed(cookie.name)) {
        this.#take(cookie);
      } else {
        passed.push(forBrowser(cookie, isPublicSecure));
      }
    }
    return passed;
  }

  /** The Cookie field for the device: the jar's, and of the browser's those whose names are not the edge's. */
  fieldFor(target: string, isSecure: boolean, fromBrowser = ""): string {
    const path = target.split("?", 1)[0] ?? "/";
    const nowMs = this.#clock.wallMs();
    const own = [...this.#cookies.values()]
      .filter((cookie) => cookie.endsMs === undefined || cookie.endsMs > nowMs)
      .filter((cookie) => isPathWithin(path, cookie.path) && (isSecure || !cookie.isSecure))
      .sort((one, other) => other.path.length - one.path.length);
    const browser = fromBrowser
      .split(";")
      .map((pair) => pair.trim())
      .filter((pair) => pair !== "" && !this.#isOwn(pair));
    return [...own.map(({ name, value }) => `${name}=${value}`), ...browser].join("; ");
  }

  #isOwn(pair: string): boolean {
    const name = pair.split("=", 1)[0]?.trim() ?? "";
    return this.#ownNames.has(name) || isPrefixed(name);
  }

  #take(cookie: Cookie): void {
    const key = `${cookie.name}\n${cookie.path}`;
    this.#ownNames.add(cookie.name);
    this.#cookies.delete(key);
    if (cookie.endsMs !== undefined && cookie.endsMs <= this.#clock.wallMs()) return;
    this.#cookies.set(key, cookie);
    this.#trim(this.#cookies);
    this.#trim(this.#ownNames);
  }

  #trim(kept: Map<string, unknown> | Set<string>): void {
    const [oldest] = kept.keys();
    if (kept.size > maxCookies && oldest !== undefined) kept.delete(oldest);
  }
}

// `__Host-` and `__Secure-` mean something of the origin that sets them; and the edge's own cookie for the panel is such a one.
function isPrefixed(name: string): boolean {
  return /^__(?:host|secure)-/i.test(name);
}

function parseSetCookie(
  field: string,
  requestPath: string,
  clock: Clock,
): ParsedCookie | undefined {
  if (field.length > maxCookieBytes) return undefined;
  const [pair = "", ...attributes] = field.split(";");
  const [name, value] = split(pair);
  if (name === "" || /\p{Cc}/u.test(field)) return undefined;
  const found = new Map(attributes.map(split).map(([key, text]) => [key.toLowerCase(), text]));
  const asked = found.get("path") ?? "";
  const maxAge = found.get("max-age");
  const expires = found.get("expires");
  const lifetime =
    maxAge !== undefined && /^-?\d+$/.test(maxAge)
      ? `Max-Age=${maxAge}`
      : expires !== undefined && !Number.isNaN(Date.parse(expires))
        ? `Expires=${expires}`
        : undefined;
  return {
    name,
    value,
    path: asked.startsWith("/") ? asked : defaultPath(requestPath),
    isSecure: found.has("secure"),
    isHttpOnly: found.has("httponly"),
    sameSite: /^(?:lax|strict)$/i.exec(found.get("samesite") ?? "")?.[0],
    lifetime,
    endsMs: endOf(lifetime, clock),
  };
}

function endOf(lifetime: string | undefined, clock: Clock): number | undefined {
  if (lifetime === undefined) return undefined;
  const [kind, text] = split(lifetime);
  return kind === "Max-Age" ? clock.wallMs() + Number(text) * 1000 : Date.parse(text);
}

function forBrowser(cookie: ParsedCookie, isPublicSecure: boolean): string {
  const { name, value, path, isSecure, sameSite, lifetime } = cookie;
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...(lifetime === undefined ? [] : [lifetime]),
    ...(isSecure && isPublicSecure ? ["Secure"] : []),
    ...(sameSite === undefined ? [] : [`SameSite=${sameSite}`]),
  ].join("; ");
}

function split(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  return at < 0 ? [text.trim(), ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** RFC 6265 §5.1.4. */
function defaultPath(requestPath: string): string {
  const path = requestPath.split("?", 1)[0] ?? "/";
  const last = path.lastIndexOf("/");
  return last <= 0 ? "/" : path.slice(0, last);
}

/** RFC 6265 §5.1.4. */
function isPathWithin(path: string, prefix: string): boolean {
  return (
    path === prefix ||
    (path.startsWith(prefix) && (prefix.endsWith("/") || path.charAt(prefix.length) === "/"))
  );
}
