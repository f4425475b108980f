// What the edge's side of a channel asks its gate, and what the gate may answer (shared/protocol.md, "Admission").
// Invariant: until a verdict admits it, a channel delivers nothing, and holds no more than 16 KiB for no more than 10 s, or 120 s while a person is asked.
import type { Purpose } from "../document/proof.ts";
import type { SallyportError } from "../errors.ts";
import type { Channel } from "./channel.ts";
import type { ControlMessageOf, Flight, Opening } from "./messages.ts";

/** How long a channel that has lost its transport may be resumed. */
export interface Keep {
  /** After each loss, at most so long. */
  readonly awayMs: number;
  /** And never past this moment of the monotonic clock (the grant's end, or the end of waiting). */
  readonly untilMonotonicMs: number;
}

/** A channel as the edge holds it. */
export interface EdgeChannel extends Channel {
  /** The `open` channel of the session; itself, on an `open` channel. When that closes, all further ones are aborted. */
  readonly session: EdgeChannel;
  /** Changes how long the session and all its channels may be resumed: for *admitted* after *waiting*, and for an extension. */
  keep(keep: Keep): void;
}

export interface AskedOpen {
  /** Callbacks are to be set before the verdict is given. */
  readonly channel: EdgeChannel;
  readonly purpose: Purpose;
  readonly flight: Flight;
  /** Texts of manifest envelopes, in order, that came after the verdict `manifest-needed`. */
  readonly manifests: readonly string[];
}

/** *Admitted* and *waiting* are sent for the gate, once its verdict is given. */
export type Verdict =
  | {
      readonly verdict: "admitted";
      readonly message: ControlMessageOf<"admitted">;
      readonly keep: Keep;
    }
  | {
      readonly verdict: "waiting";
      readonly message: ControlMessageOf<"waiting">;
      readonly keep: Keep;
    }
  | { readonly verdict: "manifest-needed"; readonly message: ControlMessageOf<"manifest-needed"> }
  | { readonly verdict: "refused"; readonly reason: string };

export interface AskedOpening {
  readonly session: EdgeChannel;
  /** Callbacks are to be set before the verdict is given. Whoever admits it says `opened` on it once the device is reached. */
  readonly channel: EdgeChannel;
  readonly opening: Opening;
}

export type OpeningVerdict =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly reason: string };

/** The gate as the channel sees it. A rejected promise closes the channel as an internal fault. */
export interface ChannelGate {
  onOpen(asked: AskedOpen): Promise<Verdict>;
  onOpening(asked: AskedOpening): Promise<OpeningVerdict>;
  /** Whether this channel may still go on; asked at every resumption. */
  onResume(channel: EdgeChannel): Promise<boolean>;
  /** A transport that did not come to a verdict: to be counted, not answered. */
  onRejected(why: SallyportError): void;
}
