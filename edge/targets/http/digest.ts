// HTTP Digest access authentication: which challenge is taken and what answers it (RFC 7616; RFC 2617 for devices that offer no qop). Pure but for
// the client's nonce. Quality of protection `auth` or none: `auth-int` would need a whole upload before its first byte, and no browser speaks it.
import { createHash, randomBytes } from "node:crypto";
import type { Challenge } from "./challenges.ts";

/**
 * Best first. MD5 is what nearly every device of this kind has, and may stand here: the answer hides the password from who listens only as well as
 * the password is hard to guess, whatever the hash; known collisions of MD5 do not help to forge one; and what these devices offer beside it is
 * Basic, the password in clear. A device that shows its pinned certificate is spoken to inside TLS in any case.
 */
const algorithms = [
  { name: "sha-256-sess", hash: "sha256", isSession: true },
  { name: "sha-256", hash: "sha256", isSession: false },
  { name: "md5-sess", hash: "md5", isSession: true },
  { name: "md5", hash: "md5", isSession: false },
] as const;
type Algorithm = (typeof algorithms)[number];

/** Of realm, nonce and opaque each: what a device sends is sent back with every request. */
const maxValueLength = 1024;
const cnonceBytes = 16;

/** A Digest challenge that can be answered; texts are latin1, a sign for a byte. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: Algorithm;
  /** As the device wrote it; undefined where it named none, which is MD5. */
  readonly algorithmName: string | undefined;
  readonly hasQop: boolean;
  /** The device names UTF-8, so that it reads RFC 7616's `username*`. */
  readonly isUtf8: boolean;
  /** The password was right, and the nonce is over. */
  readonly isStale: boolean;
}

/** The strongest challenge that can be answered; undefined if there is none. */
export function digestChallengeOf(challenges: readonly Challenge[]): DigestChallenge | undefined {
  const usable = challenges.flatMap((each) => usableChallenge(each) ?? []);
  const rank = ({ algorithm }: DigestChallenge): number => algorithms.indexOf(algorithm);
  return usable.toSorted((one, other) => rank(one) - rank(other))[0];
}

function usableChallenge({ scheme, parameters }: Challenge): DigestChallenge | undefined {
  if (scheme !== "digest") return undefined;
  const realm = parameters.get("realm");
  const nonce = parameters.get("nonce");
  const opaque = parameters.get("opaque");
  const algorithmName = parameters.get("algorithm");
  const algorithm = algorithms.find(({ name }) => name === (algorithmName ?? "md5").toLowerCase());
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  if ([realm, nonce, opaque ?? ""].some(({ length }) => length > maxValueLength)) return undefined;
  const qop = parameters.get("qop");
  const hasQop = qop !== undefined;
  if (
    hasQop &&
    !qop
      .toLowerCase()
      .split(/[ \t,]+/)
      .includes("auth")
  )
    return undefined;
  // A session key is made with the client's nonce, which is not sent without qop.
  if (!hasQop && algorithm.isSession) return undefined;
  return {
    realm,
    nonce,
    opaque,
    algorithm,
    algorithmName,
    hasQop,
    isUtf8: parameters.get("charset")?.toLowerCase() === "utf-8",
    isStale: parameters.get("stale")?.toLowerCase() === "true",
  };
}

export interface DigestLoginName {
  readonly login: string;
  readonly password: string;
}

export interface DigestRequest {
  readonly method: string;
  /** As in the request line. */
  readonly target: string;
  readonly cnonce: string;
  /** How many requests were made under the nonce, this one among them. */
  readonly count: number;
}

/** The value of `response`, in hexadecimal (RFC 7616 §3.4.1; §3.4.6 for no qop). */
export function digestResponse(
  challenge: DigestChallenge,
  { login, password }: DigestLoginName,
  { method, target, cnonce, count }: DigestRequest,
): string {
  const { realm, nonce, algorithm, hasQop } = challenge;
  const hash = (...parts: readonly (string | Buffer)[]): string => {
    const made = createHash(algorithm.hash);
    parts.forEach((part, at) => made.update(at === 0 ? "" : ":").update(latin1(part)));
    return made.digest("hex");
  };
  const who = hash(Buffer.from(login), realm, Buffer.from(password));
  const key = algorithm.isSession ? hash(who, nonce, cnonce) : who;
  const what = hash(method, target);
  return hasQop ? hash(key, nonce, countText(count), cnonce, "auth", what) : hash(key, nonce, what);
}

/** Answers one challenge, for as many requests as the device takes under its nonce. */
export class DigestCredential {
  readonly challenge: DigestChallenge;
  readonly #who: DigestLoginName;
  readonly #cnonce = randomBytes(cnonceBytes).toString("hex");
  #count = 0;

  constructor(challenge: DigestChallenge, who: DigestLoginName) {
    this.challenge = challenge;
    this.#who = who;
  }

  /** The Authorization field of one request (RFC 7616 §3.4), as latin1; the next one counts further. */
  authorization(method: string, target: string): string {
    this.#count += 1;
    const { realm, nonce, opaque, algorithmName, hasQop } = this.challenge;
    const asked = { method, target, cnonce: this.#cnonce, count: this.#count };
    const response = digestResponse(this.challenge, this.#who, asked);
    const parts = [
      this.#userName(),
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(target)}`,
      `response="${response}"`,
      ...(algorithmName === undefined ? [] : [`algorithm=${algorithmName}`]),
      ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
      ...(hasQop ? [`qop=auth, nc=${countText(this.#count)}, cnonce="${this.#cnonce}"`] : []),
    ];
    return `Digest ${parts.join(", ")}`;
  }

  // Devices older than RFC 7616 know no `username*`; they get UTF-8 as curl and browsers send it.
  #userName(): string {
    const { login } = this.#who;
    const isPlain = /^[ -~]*$/.test(login);
    const isQuotable = isPlain || (!this.challenge.isUtf8 && !/\p{Cc}/u.test(login));
    if (isQuotable) return `username=${quoted(Buffer.from(login).toString("latin1"))}`;
    return `username*=UTF-8''${percentEncoded(login)}`;
  }
}

function latin1(part: string | Buffer): Buffer {
  return typeof part === "string" ? Buffer.from(part, "latin1") : part;
}

function countText(count: number): string {
  return count.toString(16).padStart(8, "0");
}

/** RFC 9110 §5.6.4. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** RFC 8187 §3.2.1: what is no attr-char is written as its bytes. */
function percentEncoded(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const sign = String.fromCharCode(byte);
      if (/[A-Za-z0-9!#$&+.^_`|~-]/.test(sign)) return sign;
      return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
