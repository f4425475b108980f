// The sealed channel as its users see it (shared/protocol.md, "The sealed channel"): one end-to-end encrypted stream of bytes and control
// messages in both directions, in order, exactly once, over as many transports as it takes.
// Invariant: only a sealed end ends it; a transport that closes, however politely, is a cut.
import type { RecordCipherName } from "../crypto/suite.ts";
import type { Purpose } from "../document/proof.ts";
import type { SallyportError } from "../errors.ts";
import type { ChannelId } from "../ids.ts";
import type { ControlMessage } from "./messages.ts";

/** `ended`: both directions ended, all of it acknowledged. `aborted`: one side said so under the seal. `cut`: neither. */
export type CloseKind = "ended" | "aborted" | "cut";

/**
 * One end of a sealed channel. Whoever gets a channel sets its callbacks in the same turn; delivery starts after that. Callbacks must not throw.
 * Nothing is called after `onClose`, and all calls are without effect then.
 */
export interface Channel {
  readonly id: ChannelId;
  readonly purpose: Purpose;
  readonly cipher: RecordCipherName;
  /** Of the session's `open` handshake: what proof and attestation bind. The same on all channels of a session, in all epochs. */
  readonly transcriptHash: Uint8Array;
  /** 0 at first; each resumption adds one. */
  readonly epoch: number;
  /** Bytes that were written and not yet acknowledged, with the overhead of their items. */
  readonly unacknowledgedBytes: number;

  /** Sends a message in order with the data. */
  sendControl(message: ControlMessage): void;
  /**
   * Takes all bytes (they are free for reuse when it returns). False: at the bound of unacknowledged data, or the transport is full:
   * do not read the source before `onDrain`. Throws `channel_bound` when that is ignored for another whole window.
   */
  write(bytes: Uint8Array): boolean;
  /** Ends this direction after all that was written. */
  end(): void;
  /**
   * Ends both directions at once; what is on its way is lost. `reason` is shown to the other side, whose `onClose` gets an error of code
   * `refused` if it was not let in, else `channel_aborted`.
   */
  abort(reason: string, as?: "refused"): void;

  onControl: (message: ControlMessage) => void;
  /** Bytes in memory of their own. Call `settled` once the write to their destination has settled: that is what is acknowledged. */
  onData: (bytes: Uint8Array, settled: () => void) => void;
  onDrain: () => void;
  /** The other side's end, after all of its data was handed over. */
  onEnd: () => void;
  /** The transport is lost; writes are kept up to the bound. */
  onAway: () => void;
  /** Resumed over a new transport; nothing was lost or doubled. */
  onBack: () => void;
  /** Exactly once. `reason` is what the other side, or `abort` here, said. */
  onClose: (how: CloseKind, error?: SallyportError, reason?: string) => void;
}
