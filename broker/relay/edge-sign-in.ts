// How an edge proves its key to this relay: it signs a nonce, for its control connection and for each tunnel (shared/protocol.md, "Control
// and tunnels"). Invariant: a nonce serves one edge, once, for a minute.
import type { Clock } from "../../shared/clock.ts";
import type { EdgeSignInPurpose } from "../../shared/control.ts";
import { edgeIdOf, edgeSignInMessage, parseEdgeCredential } from "../../shared/control.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { Nonces } from "./nonces.ts";

/** How long a nonce may be answered. */
export const nonceLifeMs = 60_000;

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
  const nonces = new Nonces(nonceLifeMs, clock);
  return {
    relay,
    issue: (edge) => nonces.issue(edge),
    async check(credentialText, purpose) {
      let credential;
      try {
        credential = parseEdgeCredential(credentialText);
      } catch {
        return undefined;
      }
      const { publicKey, nonce, signature } = credential;
      const edge = await edgeIdOf(publicKey);
      if (!nonces.isOurs(edge, nonce)) return undefined;
      const message = edgeSignInMessage(relay, purpose, nonce);
      if (!(await verify(publicKey, message, signature))) return undefined;
      return nonces.spend(edge, nonce) ? edge : undefined;
    },
  };
}
