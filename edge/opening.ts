// One stream of a session to one target: from what the vendor asked to its end, with what is written down on the way.
// Invariant: minutes are running and the opening is journaled, both on the disk, before the device is touched.
import type { AskedOpening as Asked, EdgeChannel } from "../shared/channel/admission.ts";
import type { Opening } from "../shared/channel/messages.ts";
import type { Clock } from "../shared/clock.ts";
import type { Ed25519KeyPair } from "../shared/crypto/suite.ts";
import { messageOf, SallyportError } from "../shared/errors.ts";
import type { ChangedDevices } from "./changed-devices.ts";
import type { Devices } from "./devices.ts";
import type { OpeningAdmission } from "./gate.ts";
import type { Journal } from "./journal.ts";
import type { Recordings } from "./recording.ts";
import { JudgedKeys } from "./judged-keys.ts";
import { toldReason, type RefusalReason } from "./refusal.ts";
import type { RecordingId } from "../shared/record/recording-file.ts";
import type { Occupation } from "./situation.ts";
import { holdChannel, type HeldChannel } from "./targets/held-channel.ts";
import type { AdmittedOpening } from "./targets/target.ts";
import type { Supervision, Watchers } from "./watchers.ts";
import type { OpenedWeb, WebHandler } from "./web/panel.ts";

/** What openings need of the edge. */
export interface OpeningWorld {
  readonly journal: Journal;
  readonly recordings: Recordings;
  readonly devices: Devices;
  readonly changedDevices: ChangedDevices;
  readonly watchers: Watchers;
  readonly hostKey: Ed25519KeyPair;
  readonly clock: Clock;
  /** Targets load with the first opening, not with the edge. */
  readonly openTarget: (admitted: Omit<AdmittedOpening, "scratch">) => Promise<void>;
  /** `start`: the path to which a browser is sent once it is in. */
  readonly openWeb: (panel: WebHandler, start: string) => Promise<OpenedWeb>;
}

/** Which rights let a mode in; the target holds the stream to those that were granted. */
const rightsOf: Readonly<Record<Opening["mode"], readonly string[]>> = {
  terminal: ["terminal"],
  exec: ["exec"],
  ssh: ["terminal", "exec", "files"],
  tcp: ["connect"],
  screen: ["control", "view", "resize", "clipboard-in", "clipboard-out"],
  web: ["browser"],
  file: ["files"],
};

/** Modes whose input can be withheld while nobody watches; a protocol's bytes cannot. */
const supervisedModes: ReadonlySet<Opening["mode"]> = new Set(["terminal", "screen"]);

/** True if a supervising policy can hold for it. */
export function canBeSupervised(opening: Opening): boolean {
  return supervisedModes.has(opening.mode);
}

/** The rights of which an opening needs one. */
export function rightsFor(opening: Opening): readonly string[] {
  return rightsOf[opening.mode];
}

/** An admitted stream, from before its device is reached until its channel is closed. */
export class OpenStream {
  readonly occupation: Occupation;
  readonly opening: Opening;
  readonly channel: EdgeChannel;
  readonly #session: string;
  /** Before the verdict: what the vendor sends from then on must find somebody who keeps it. */
  readonly #held: HeldChannel;
  readonly #ended = new AbortController();
  #supervision: Supervision | undefined;
  readonly #admission: OpeningAdmission;
  readonly #keys: JudgedKeys;

  constructor(asked: Asked, admission: OpeningAdmission) {
    this.#session = asked.session.id;
    this.opening = asked.opening;
    this.channel = asked.channel;
    this.#held = holdChannel(asked.channel);
    this.#admission = admission;
    const { person, request, target } = admission;
    this.occupation = { person, request, target: target.id };
    this.#keys = new JudgedKeys(this.#ids(), admission);
  }

  /** Ends the stream; the vendor is told why. */
  end(reason: RefusalReason): void {
    this.#ended.abort(toldReason(reason));
  }

  /** Journals the opening; from then on it is one. */
  async begin({ journal }: OpeningWorld): Promise<void> {
    await journal.append("opening-admitted", this.#ids(), { opening: this.opening });
  }

  /** Journals that what was admitted is not served after all. */
  async withdraw({ journal }: OpeningWorld, reason: RefusalReason): Promise<void> {
    const details = { code: "refused", message: reason };
    await journal.append("opening-ended", this.#ids(), details);
  }

  /** Goes on under the gate's newer word; ends if a right that lets its mode do what it does, or the acceptance of what its device shows, is no more. */
  follow(admission: OpeningAdmission): void {
    this.#keys.follow(admission);
    const { rights } = this.#admission;
    const hasLostRight = rightsFor(this.opening).some(
      (right) => rights.includes(right) && !admission.rights.includes(right),
    );
    if (hasLostRight || this.#keys.isLost) this.end("right-missing");
  }

  /** Serves the stream to its end. Resolves with the failure, if there was one, after it was journaled. */
  async serve(world: OpeningWorld, touch: () => void): Promise<SallyportError | undefined> {
    const failure = await this.#run(world, touch);
    const details = failure && { code: failure.code, message: failure.message };
    await world.journal.append("opening-ended", this.#ids(), details);
    return failure;
  }

  async #run(world: OpeningWorld, touch: () => void): Promise<SallyportError | undefined> {
    const { target, rights, person, grant, policy } = this.#admission;
    const { devices, recordings, hostKey, clock } = world;
    const mayInput = (): boolean => !policy.supervised || this.#supervision?.isWatched === true;
    try {
      const device = await devices.device(target);
      if (device === undefined) {
        this.channel.abort(toldReason("device-missing"));
        return new SallyportError("not_found", `no device document for target "${target.id}"`);
      }
      await world.openTarget({
        opening: this.opening,
        session: this.#session,
        target,
        rights,
        device,
        readSecret: () => devices.secret(target.id),
        judgeKey: (seen) => this.#keys.judge(world, seen),
        held: this.opening.mode === "terminal" ? withheld(this.#held, mayInput) : this.#held,
        mayInput,
        recordKeys: policy.recordKeys,
        touch,
        openRecording: async (stream) => {
          const session = this.#session;
          const subject = { session, target: target.id, person, grant, ...stream };
          const recording = await recordings.open(subject);
          if (policy.supervised) this.#supervise(world.watchers, recording.id);
          return selfMoving.has(stream.kind) ? recording : touching(recording, touch);
        },
        openWeb: (panel) => world.openWeb(panel, device.kind === "http" ? device.start : "/"),
        signal: this.#ended.signal,
        hostKey,
        clock,
      });
      return undefined;
    } catch (thrown) {
      // Without effect where the target has told the vendor already.
      this.channel.abort(toldReason("edge-failing"));
      return thrown instanceof SallyportError
        ? thrown
        : new SallyportError("internal", messageOf(thrown), { cause: thrown });
    } finally {
      this.#supervision?.[Symbol.dispose]();
    }
  }

  // The vendor sees why nothing happens, before it does not happen.
  #supervise(watchers: Watchers, recording: RecordingId): void {
    const tell = (isWatched: boolean): void =>
      this.channel.sendControl({ type: "supervised", isWatched });
    this.#supervision?.[Symbol.dispose]();
    this.#supervision = watchers.supervise(recording, this.#admission.person, tell);
    tell(this.#supervision.isWatched);
  }

  #ids(): Readonly<Record<string, string>> {
    const { id } = this.#admission.target;
    return { session: this.#session, target: id, channel: this.channel.id };
  }
}

/** Kinds of recordings that go on by themselves, such as a panel's clock: only what the vendor does is work there. */
const selfMoving: ReadonlySet<string> = new Set(["screen", "web"]);

type Recording = Awaited<ReturnType<AdmittedOpening["openRecording"]>>;

// Whatever passes a stream passes its recording: the one place to see that somebody is at work.
function touching(recording: Recording, touch: () => void): Recording {
  return {
    failed: recording.failed,
    write(direction, bytes) {
      touch();
      return recording.write(direction, bytes);
    },
    drained: () => recording.drained(),
    event: (name, details) => recording.event(name, details),
    close: () => recording.close(),
  };
}

// What is typed while nobody watches is not kept for later: it would act on a machine that has moved on.
function withheld(held: HeldChannel, mayInput: () => boolean): HeldChannel {
  return {
    ...held,
    attach: (consumer) =>
      held.attach({
        onData: (bytes, settled) => (mayInput() ? consumer.onData(bytes, settled) : settled()),
        onEnd: () => consumer.onEnd(),
        onDrain: () => consumer.onDrain(),
        onControl: (message) => {
          if (message.type !== "signal" || mayInput()) consumer.onControl(message);
        },
      }),
  };
}
