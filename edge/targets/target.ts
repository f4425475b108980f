// A target turns a channel into the device's protocol, injects the secret and records what passes (design: "A target"). This file is the contract
// of every kind, and the only way in: the session hands over what the gate admitted, and gets the end or one typed failure back.
import type { Opening } from "../../shared/channel/messages.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Ed25519KeyPair } from "../../shared/crypto/suite.ts";
import type { Device } from "../../shared/document/device.ts";
import type { Secret } from "../../shared/document/secret.ts";
import { messageOf, SallyportError, type ErrorCode } from "../../shared/errors.ts";
import type { TargetId } from "../../shared/ids.ts";
import type { RecordingSubject as Subject, StreamRecording } from "../recording.ts";
import type { OpenedWeb, WebHandler } from "../web/panel.ts";
import { DeviceError, toldOf } from "./device-error.ts";
import type { HeldChannel } from "./held-channel.ts";

/** What a target needs of a recording; it closes what it opened. */
export type Recording = Pick<StreamRecording, "write" | "drained" | "event" | "close" | "failed">;
/** What one stream's recording is about, as far as the target knows it. */
export type RecordingSubject = Pick<Subject, "kind" | "title" | "columns" | "rows">;

/** What a device shows of itself before anybody signs in to it, its SSH host key or its certificate, beside what its document pins. */
export interface SeenKey {
  /** As a document pins it: a host key's line as OpenSSH has it, a certificate's fingerprint. */
  readonly shown: string;
  /** `SHA256:…` of a host key, `AA:BB:…` of a certificate: what a grant names. */
  readonly fingerprint: string;
  /** As `shown`. */
  readonly pinned: readonly string[];
  /** Fingerprints of `pinned`. */
  readonly pins: readonly string[];
  readonly isPinned: boolean;
}

/** One stream to one device. Only the session makes one, from what the gate admitted. */
export interface AdmittedOpening {
  readonly opening: Opening;
  /** The session's id: what its streams to one target have in common, such as a desktop's drive. */
  readonly session: string;
  readonly target: {
    readonly id: TargetId;
    readonly name: string;
    readonly kind: string;
    readonly legacy: boolean;
  };
  readonly rights: readonly string[];
  readonly device: Device;
  /** Opens the vault's secret now; whoever asks forgets it after use. */
  readonly readSecret: () => Promise<Secret | undefined>;
  /** Whether to sign in to a device that shows this key. Resolves after what it decides is written down. */
  readonly judgeKey: (seen: SeenKey) => Promise<boolean>;
  /** False while a supervising policy has nobody who watches: then input is dropped. Asked for each piece of input. */
  readonly mayInput: () => boolean;
  /** Whether keys pressed on a screen are recorded. */
  readonly recordKeys: boolean;
  /** The vendor did something: puts off the idle limit. Recordings of kind `screen` and `web` do not do that by themselves. */
  readonly touch: () => void;
  /** Held since the channel was admitted, so that nothing is lost until the device is reached. */
  readonly held: HeldChannel;
  /** Rejects when nothing can be recorded; then nothing opens. Mode `ssh` opens one for each inner session. */
  readonly openRecording: (subject: RecordingSubject) => Promise<Recording>;
  /** Gives a web panel a name of its own; rejects with what the vendor may know where there is none to be had. Whoever opens it closes it. */
  readonly openWeb: (panel: WebHandler) => Promise<OpenedWeb>;
  /** A folder of 0700 for what lives no longer than a stream; whoever puts something there takes it away, the edge's start what a kill left. */
  readonly scratch: string;
  /** The session's end. Its reason, if a string, is what the vendor is told. */
  readonly signal: AbortSignal;
  /** The edge's SSH host key, as the manifest has it. */
  readonly hostKey: Ed25519KeyPair;
  readonly clock: Clock;
}

/** One protocol. `open` resolves when the device's side of the stream is over and every recording closed; rejects with a SallyportError. */
export interface TargetKind {
  open(admitted: AdmittedOpening): Promise<void>;
}

// Kinds load when they are first opened: an idle edge holds none of their libraries.
const kinds: ReadonlyMap<string, () => Promise<TargetKind>> = new Map([
  ["tcp", async () => (await import("./tcp.ts")).tcp],
  ["ssh", async () => (await import("./ssh.ts")).ssh],
  ["rdp", async () => (await import("./rdp.ts")).rdp],
  ["vnc", async () => (await import("./vnc.ts")).vnc],
  ["http", async () => (await import("./http.ts")).webPanel],
]);

/** What the journal has to know although the vendor has left, or the session has ended. */
const toldAlways: ReadonlySet<ErrorCode> = new Set(["recording_failed", "device_changed"]);

/**
 * Serves one admitted opening to its end: resolves when stream and channel have closed (also by
 * `signal`). On a failure the channel is aborted with `<code>: <what the vendor may know>`, and the rejection is for the journal.
 */
export async function openTarget(admitted: AdmittedOpening): Promise<void> {
  const { held, signal, target } = admitted;
  const { channel } = held;
  const onEnd = (): void => {
    const why: unknown = signal.reason;
    channel.abort(typeof why === "string" ? why : "ended by the edge");
  };
  if (signal.aborted) onEnd();
  signal.addEventListener("abort", onEnd);
  try {
    const load = kinds.get(target.kind);
    if (load === undefined || admitted.device.kind !== target.kind) {
      throw refused(admitted, `target of kind "${target.kind}" with a "${admitted.device.kind}"`);
    }
    const kind = await load();
    await kind.open(admitted);
    await held.closed;
  } catch (thrown) {
    if (signal.aborted || held.gone.aborted) {
      if (!(thrown instanceof SallyportError && toldAlways.has(thrown.code))) return;
    }
    const failure =
      thrown instanceof SallyportError
        ? thrown
        : new SallyportError("internal", messageOf(thrown), { cause: thrown });
    channel.abort(toldOf(failure));
    throw failure;
  } finally {
    signal.removeEventListener("abort", onEnd);
  }
}

/** One refusal for unknown and forbidden; the journal gets `why`. */
export function refused({ target }: AdmittedOpening, why: string): DeviceError {
  return new DeviceError("refused", `${why} on target "${target.id}"`, "not granted");
}

/** Throws `refused` unless the grant has the right. */
export function requireRight(admitted: AdmittedOpening, right: string): void {
  if (!admitted.rights.includes(right)) throw refused(admitted, `no right "${right}"`);
}
