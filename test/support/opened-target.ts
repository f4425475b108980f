// One opening as the session would admit it, over a channel in memory, and the vendor's end of it as tests like to read it.
import { once, EventEmitter } from "node:events";
import { tmpdir } from "node:os";
import type { CloseKind } from "../../shared/channel/channel.ts";
import type { ControlMessage, ControlMessageOf } from "../../shared/channel/messages.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { Ed25519KeyPair } from "../../shared/crypto/suite.ts";
import { nodeCrypto } from "../../shared/crypto/node.ts";
import type { Device } from "../../shared/document/device.ts";
import type { Secret } from "../../shared/document/secret.ts";
import { SallyportError } from "../../shared/errors.ts";
import { parseTargetId } from "../../shared/ids.ts";
import { holdChannel } from "../../edge/targets/held-channel.ts";
import { rightsOfKind } from "../../shared/document/rights.ts";
import { openTarget, type AdmittedOpening } from "../../edge/targets/target.ts";
import { noWebPanels } from "../../edge/web/no-panels.ts";
import { pairedChannels, type PairedChannel } from "./paired-channel.ts";
import { MemoryRecording } from "./memory-recording.ts";

export const testTargetId = parseTargetId("press-7");

export interface TargetUnderTest {
  readonly device: Device;
  readonly secret?: Secret | undefined;
  readonly rights?: readonly string[];
  readonly legacy?: boolean;
  readonly clock?: Clock;
  /** Takes pinned keys alone unless given. */
  readonly judgeKey?: AdmittedOpening["judgeKey"];
  /** The edge's SSH host key; a new one unless given. */
  readonly hostKey?: Ed25519KeyPair;
  /** Whether input passes, under a supervising policy; always unless given. */
  readonly mayInput?: () => boolean;
  readonly recordKeys?: boolean;
  /** The session's id, for streams that have something in common. */
  readonly session?: string;
  /** A folder of the test's own; the system's temporary one unless given. */
  readonly scratch?: string;
  readonly onTouch?: () => void;
  /** Gives a web panel its name; none is to be had unless given. */
  readonly openWeb?: AdmittedOpening["openWeb"];
  /** Called for each new recording before anything passes; may throw. */
  readonly onRecording?: (recording: MemoryRecording) => void;
}

export interface OpenedTarget {
  readonly vendor: VendorProbe;
  /** What `openTarget` gave. */
  readonly served: Promise<void>;
  readonly recordings: readonly MemoryRecording[];
  /** Aborting ends the session. */
  readonly session: AbortController;
}

type OpeningFields<Message = ControlMessageOf<"opening">> = Message extends unknown
  ? Omit<Message, "type" | "target">
  : never;

/** Opens the target; `served` must be awaited or expected to reject by the caller. */
export async function openOn(
  under: TargetUnderTest,
  opening: OpeningFields,
): Promise<OpenedTarget> {
  const [edge, vendor] = pairedChannels();
  const recordings: MemoryRecording[] = [];
  const session = new AbortController();
  const hostKey = under.hostKey ?? (await nodeCrypto.ed25519KeyPair());
  const { device } = under;
  const served = openTarget({
    opening: { type: "opening", target: testTargetId, ...opening } as AdmittedOpening["opening"],
    session: under.session ?? "session",
    target: {
      id: testTargetId,
      name: "Press 7",
      kind: device.kind,
      legacy: under.legacy ?? false,
    },
    rights: under.rights ?? rightsOfKind[device.kind],
    device,
    readSecret: async () => under.secret,
    held: holdChannel(edge),
    judgeKey: under.judgeKey ?? (async ({ isPinned }) => isPinned),
    mayInput: under.mayInput ?? (() => true),
    recordKeys: under.recordKeys ?? false,
    touch: () => under.onTouch?.(),
    openRecording: async (subject) => {
      const recording = new MemoryRecording(subject);
      under.onRecording?.(recording);
      recordings.push(recording);
      return recording;
    },
    openWeb: under.openWeb ?? (async () => Promise.reject(noWebPanels("no web domain"))),
    scratch: under.scratch ?? tmpdir(),
    signal: session.signal,
    hostKey,
    clock: under.clock ?? systemClock,
  });
  // A test that looks at the vendor's end first must not die of the rejection that it expects later.
  served.catch(() => undefined);
  return { vendor: new VendorProbe(vendor), served, recordings, session };
}

/** What the journal gets of a stream that fails; a stream that is served fails the test. */
export async function failureOf({ served }: OpenedTarget): Promise<SallyportError> {
  const failure: unknown = await served.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (failure instanceof SallyportError) return failure;
  throw new Error("the stream was served", { cause: failure });
}

/** The vendor's end: what came is kept, and waited for. */
export class VendorProbe {
  readonly channel: PairedChannel;
  readonly messages: ControlMessage[] = [];
  readonly closed: Promise<{ readonly how: CloseKind; readonly reason: string | undefined }>;
  readonly ended: Promise<void>;
  /** Replaces the keeping of bytes, for bulk. */
  onBytes: (bytes: Uint8Array) => void;
  #isClosed = false;
  readonly #chunks: Uint8Array[] = [];
  readonly #changes = new EventEmitter().setMaxListeners(0);

  constructor(channel: PairedChannel) {
    this.channel = channel;
    this.onBytes = (bytes) => void this.#chunks.push(bytes);
    const changed = (): void => void this.#changes.emit("changed");
    channel.onData = (bytes, settled) => {
      this.onBytes(bytes);
      settled();
      changed();
    };
    channel.onControl = (message) => {
      this.messages.push(message);
      changed();
    };
    channel.onDrain = () => void this.#changes.emit("drain");
    this.closed = new Promise((resolve) => {
      channel.onClose = (how, _error, reason) => {
        this.#isClosed = true;
        resolve({ how, reason });
        this.#changes.emit("drain");
        changed();
      };
    });
    this.ended = new Promise((resolve, reject) => {
      channel.onEnd = resolve;
      void this.closed.then(() => reject(new Error("channel closed without an end")));
    });
    // Not every test waits for it.
    this.ended.catch(() => undefined);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Writes with the channel's back-pressure. */
  async send(bytes: Uint8Array | string): Promise<void> {
    if (!this.channel.write(Buffer.from(bytes))) await this.drained();
  }

  /** The channel takes more, or has closed. */
  async drained(): Promise<void> {
    await once(this.#changes, "drain");
  }

  /** The first message of a type, come or yet to come. */
  async message<Type extends ControlMessage["type"]>(type: Type): Promise<ControlMessageOf<Type>> {
    const isIt = (message: ControlMessage): message is ControlMessageOf<Type> =>
      message.type === type;
    return this.#until(() => this.messages.find(isIt));
  }

  /** The next thing that comes: bytes, a message, the close. */
  async change(): Promise<void> {
    await once(this.#changes, "changed");
  }

  /** Waits until all that came, as text, matches. */
  async text(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(() => pattern.exec(this.bytes.toString()) ?? undefined);
  }

  async #until<Value>(look: () => Value | undefined): Promise<Value> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#isClosed) {
        const { how, reason } = await this.closed;
        throw new Error(`channel was ${how} (${reason}); it brought ${this.bytes.toString()}`);
      }
      await once(this.#changes, "changed");
    }
  }
}
