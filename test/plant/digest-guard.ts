// The server's side of HTTP Digest for devices that lighttpd is not like: without qop, with session keys, with nonces that are over soon, with several
// challenges. Written from RFC 7616 and RFC 2617 alone; its own test holds it against curl.
import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface DigestGuardOptions {
  readonly login: string;
  readonly password: string;
  readonly realm?: string;
  /** As it stands in the challenge; none means MD5. */
  readonly algorithm?: string;
  /** As it stands in the challenge; null for RFC 2617's old way. */
  readonly qop?: string | null;
  readonly opaque?: string;
  readonly charset?: string;
  /** Requests that one nonce is good for. */
  readonly usesPerNonce?: number;
  /** False for devices that do not say that a nonce is over. */
  readonly tellsStale?: boolean;
}

export type Judged = "right" | "wrong" | "stale" | "nothing";

export interface DigestGuard {
  /** What a request's Authorization is worth. */
  judge(request: IncomingMessage): Judged;
  /** A challenge with a nonce of its own, for an answer of 401. */
  challenge(after: Judged): string;
  /** All nonces are over, as after a restart of the device. */
  forget(): void;
  /** How often a wrong password came. */
  readonly wrongs: () => number;
}

export function digestGuard(options: DigestGuardOptions): DigestGuard {
  const { login, password, realm = "press", qop = "auth", usesPerNonce = 1_000_000 } = options;
  const { opaque, charset, tellsStale = true, algorithm } = options;
  const uses = new Map<string, Set<number>>();
  let wrongs = 0;
  const hash = (text: string): string =>
    createHash(/sha-256/i.test(algorithm ?? "") ? "sha256" : "md5")
      .update(text)
      .digest("hex");
  const judge = ({ headers, method = "", url = "" }: IncomingMessage): Judged => {
    const said = fieldsOf(Buffer.from(headers.authorization ?? "", "latin1").toString());
    if (said === undefined) return "nothing";
    const { nonce = "", nc = "", cnonce = "", response } = said;
    const isSaid =
      said["username"] === login &&
      said["realm"] === realm &&
      said["uri"] === url &&
      said["opaque"] === opaque &&
      said["algorithm"]?.toLowerCase() === algorithm?.toLowerCase() &&
      (qop === null ? said["qop"] === undefined : said["qop"] === "auth");
    const first = hash(`${login}:${realm}:${password}`);
    const key = /-sess$/i.test(algorithm ?? "") ? hash(`${first}:${nonce}:${cnonce}`) : first;
    const what = hash(`${method}:${url}`);
    const right =
      qop === null ? `${key}:${nonce}:${what}` : `${key}:${nonce}:${nc}:${cnonce}:auth:${what}`;
    if (!isSaid || response !== hash(right)) {
      wrongs += 1;
      return "wrong";
    }
    const counts = uses.get(nonce);
    const count = qop === null ? (counts?.size ?? 0) + 1 : Number.parseInt(nc, 16);
    // A count that came already is somebody's replay.
    if (counts === undefined || counts.size >= usesPerNonce || counts.has(count)) return "stale";
    counts.add(count);
    return "right";
  };
  return {
    judge,
    challenge(after) {
      const nonce = randomBytes(18).toString("base64");
      uses.set(nonce, new Set());
      return [
        `Digest realm="${realm}"`,
        `nonce="${nonce}"`,
        ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
        ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
        ...(charset === undefined ? [] : [`charset=${charset}`]),
        ...(qop === null ? [] : [`qop="${qop}"`]),
        ...(after === "stale" && tellsStale ? ["stale=true"] : []),
      ].join(", ");
    },
    forget: () => uses.clear(),
    wrongs: () => wrongs,
  };
}

function fieldsOf(text: string): Partial<Record<string, string>> | undefined {
  if (!text.startsWith("Digest ")) return undefined;
  const found = text.slice(7).matchAll(/([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))/g);
  return Object.fromEntries(
    [...found].map(([, name = "", quoted, plain]) => [
      name,
      plain ?? (quoted ?? "").replaceAll(/\\(.)/g, "$1"),
    ]),
  );
}
