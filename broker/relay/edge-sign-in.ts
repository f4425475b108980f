// How an edge proves its key to this relay: it signs a nonce, for its control connection and for each tunnel (shared/protocol.md, "Control
// and tunnels"). Invariant: a nonce serves one edge, once, for a minute. Nonces are authenticated instead of stored, so asking for them
// costs no memory; only spent ones are remembered, and those took a valid signature.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../shared/clock.ts";
import type { EdgeSignInPurpose } from "../../shared/control.ts";
import { edgeIdOf, edgeSignInMessage, parseEdgeCredential } from "../../shared/control.ts";
import type { EdgeId } from "../../shared/ids.ts";

/** How long a nonce may be answered. */
export const nonceLifeMs = 60_000;

const randomPartBytes = 12;
const timePartBytes = 8;
const macBytes = 16;

export interface EdgeSignInOptions {
  /** This relay's name, as manifests list it. */
  readonly relay: string;
  /** Ed25519. */
  readonly verify: (
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ) => Promise<boolean>;
  readonly clock: Clock;
}

export interface EdgeSignIn {
  /** The relay's name that enters the signed message. */
  readonly relay: string;
  /** A fresh nonce for one sign-in of `edge`. */
  issue(edge: EdgeId): string;
  /** The edge whose key made this credential for one of its own nonces; undefined for any fault. Spends the nonce. */
  check(credentialText: string, purpose: EdgeSignInPurpose): Promise<EdgeId | undefined>;
}

export function createEdgeSignIn({ relay, verify, clock }: EdgeSignInOptions): EdgeSignIn {
  const secret = randomBytes(32);
  const spent = new Map<string, number>();

  const mac = (edge: EdgeId, body: Uint8Array): Buffer =>
    createHmac("sha256", secret).update(edge).update(body).digest().subarray(0, macBytes);

  const isOurs = (edge: EdgeId, nonce: string): boolean => {
    const bytes = Buffer.from(nonce, "base64url");
    if (bytes.length !== randomPartBytes + timePartBytes + macBytes) return false;
    const body = bytes.subarray(0, -macBytes);
    if (!timingSafeEqual(bytes.subarray(-macBytes), mac(edge, body))) return false;
    return clock.monotonicMs() <= body.readDoubleBE(randomPartBytes);
  };

  const spend = (nonce: string): boolean => {
    const nowMs = clock.monotonicMs();
    for (const [old, endsMs] of spent) {
      if (endsMs > nowMs) break;
      spent.delete(old);
    }
    if (spent.has(nonce)) return false;
    spent.set(nonce, nowMs + nonceLifeMs);
    return true;
  };

  return {
    relay,
    issue(edge) {
      const body = Buffer.alloc(randomPartBytes + timePartBytes);
      randomBytes(randomPartBytes).copy(body);
      body.writeDoubleBE(clock.monotonicMs() + nonceLifeMs, randomPartBytes);
      return Buffer.concat([body, mac(edge, body)]).toString("base64url");
    },
    async check(credentialText, purpose) {
      let credential;
      try {
        credential = parseEdgeCredential(credentialText);
      } catch {
        return undefined;
      }
      const { publicKey, nonce, signature } = credential;
      const edge = await edgeIdOf(publicKey);
      if (!isOurs(edge, nonce)) return undefined;
      const message = edgeSignInMessage(relay, purpose, nonce);
      if (!(await verify(publicKey, message, signature))) return undefined;
      return spend(nonce) ? edge : undefined;
    },
  };
}
