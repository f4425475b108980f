// A person's side of one site, whatever it runs in: who one is there, the verified view, the relay, and how to prove it to an edge.
// Commands and pages each make one; everything in this folder works with it.
import type { Clock } from "../clock.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import type { Checkpoint } from "../document/checkpoint.ts";
import type { Envelope } from "../document/envelope.ts";
import type { Held } from "../document/held.ts";
import type { Proof } from "../document/proof.ts";
import type { Verified } from "../document/verify.ts";
import type { EdgeId, PersonId, SiteId } from "../ids.ts";
import type { FrameTransport } from "../transport.ts";
import type { Closing } from "./closing.ts";
import type { Notices } from "./memory.ts";
import type { SiteRelay } from "./relay-client.ts";
import type { SiteView } from "./site-view.ts";

export interface Side {
  readonly id: SiteId;
  readonly me: PersonId;
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  /** Aborted when the person gives up: long work ends in order. */
  readonly signal: AbortSignal;
  readonly notices: Notices;
  readonly relay: SiteRelay;
  readonly view: SiteView;
  /** The view as of now. */
  readonly held: Held;
  now(): number;
  edgeName(id: EdgeId): string;
  /** The newest checkpoint of an edge that was ever seen here. */
  checkpoint(edge: EdgeId): Promise<Verified<Checkpoint> | undefined>;
  /** Makes ready what signs proofs, before an edge is dialled that waits for one. */
  readyToProve(): Promise<void>;
  /** Signs a proof with a key that fits its purpose. */
  prove(proof: Proof): Promise<Envelope>;
  /** Whether proofs for this purpose are signed by a person's touch, for which the edge is asked to wait. */
  asksForTouch(purpose: Proof["purpose"]): boolean;
  /** A fresh transport to the edge. */
  dial(edge: EdgeId): Promise<FrameTransport>;
  /** The error of a session or stream that closed before its work was done; `ending` is what the edge said last of why. */
  faultOf(closing: Closing, ending: string | undefined): Error;
}
