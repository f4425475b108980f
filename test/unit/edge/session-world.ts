// One session of the gate's small site, with real journal, accounts and time, a turned clock, and a channel and a target that note what they are told.
import * as assert from "uvu/assert";
import { join } from "node:path";
import { ChangedDevices } from "../../../edge/changed-devices.ts";
import { Consumption } from "../../../edge/consumption.ts";
import { Devices } from "../../../edge/devices.ts";
import type { Job } from "../../../edge/grant-line.ts";
import { openJournal } from "../../../edge/journal.ts";
import { openArchive } from "../../../edge/record/archive.ts";
import { openRecordings } from "../../../edge/recording.ts";
import type { SessionCaller } from "../../../edge/admission-record.ts";
import { Session } from "../../../edge/session.ts";
import type { SessionWorld } from "../../../edge/session-world.ts";
import type { Situation } from "../../../edge/situation.ts";
import type { AdmittedOpening } from "../../../edge/targets/target.ts";
import { EdgeTime } from "../../../edge/time.ts";
import { openVault } from "../../../edge/vault.ts";
import { Watchers } from "../../../edge/watchers.ts";
import type { AskedOpening, EdgeChannel, Keep } from "../../../shared/channel/admission.ts";
import type { ControlMessage, ControlMessageOf } from "../../../shared/channel/messages.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import type { Device } from "../../../shared/document/device.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { ChannelId, EdgeId, SiteId } from "../../../shared/ids.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import * as site from "./gate-world.ts";

/** A channel that keeps what was said on it. */
export class NotedChannel implements EdgeChannel {
  readonly id: ChannelId;
  readonly purpose = "session";
  readonly cipher = "aes-256-gcm";
  readonly transcriptHash = new Uint8Array(32);
  readonly epoch = 0;
  readonly unacknowledgedBytes = 0;
  readonly said: ControlMessage[] = [];
  readonly kept: Keep[] = [];
  abortedWith: string | undefined;
  isEnded = false;
  onControl = (_message: ControlMessage): void => undefined;
  onData = (_bytes: Uint8Array, settled: () => void): void => settled();
  onDrain = (): void => undefined;
  onEnd = (): void => undefined;
  onAway = (): void => undefined;
  onBack = (): void => undefined;
  onClose: EdgeChannel["onClose"] = () => undefined;
  readonly #waiters: (() => void)[] = [];

  constructor(id: string) {
    this.id = id as ChannelId;
  }

  get session(): EdgeChannel {
    return this;
  }

  keep(keep: Keep): void {
    this.kept.push(keep);
  }

  sendControl(message: ControlMessage): void {
    this.said.push(message);
    for (const wake of this.#waiters.splice(0)) wake();
  }

  write(): boolean {
    return true;
  }

  end(): void {
    this.isEnded = true;
  }

  abort(reason: string): void {
    this.abortedWith ??= reason;
  }

  /** The next message of a type that was not taken yet. */
  async hears<Type extends ControlMessage["type"]>(type: Type): Promise<ControlMessageOf<Type>> {
    for (;;) {
      const at = this.said.findIndex((message) => message.type === type);
      const [found] = at === -1 ? [] : this.said.splice(at, 1);
      if (found !== undefined) return found as ControlMessageOf<Type>;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }
}

const device: Device = { kind: "tcp", host: "127.0.0.1", ports: [502] };

class KnownDevices extends Devices {
  isDamaged = false;

  override async device(): Promise<Device> {
    if (this.isDamaged) throw new SallyportError("record_invalid", "sealed for another key");
    return device;
  }
}

/** A target whose streams last until they are ended or told to fail. */
export interface NotedStream {
  readonly admitted: Omit<AdmittedOpening, "scratch">;
  readonly fail: (why: Error) => void;
}

export async function openSessionWorld() {
  const folder = temporaryFolder();
  const clock = new TurnedClock(site.nowAt * 1000);
  const { bootId } = site;
  const time = await EdgeTime.open({
    path: join(folder.path, "time.json"),
    clock,
    bootId,
    isProven: () => true,
    onJump: () => undefined,
  });
  const suite = nodeCrypto;
  const journal = await openJournal({ folder: join(folder.path, "journal"), clock, bootId, suite });
  const sealing = await suite.xwingKeyPair();
  const vault = await openVault({
    path: join(folder.path, "vault"),
    keyFile: join(folder.path, "key"),
    suite,
  });
  // Recordings name site and edge by real ids; the gate's small site has words for them.
  const id = toBase64Url(new Uint8Array(32));
  const ground = { suite, clock, journal, site: id as SiteId, edge: id as EdgeId };
  const state = {
    job: site.jobWith() as Job | undefined,
    change: {} as Partial<Situation>,
    logged: [] as string[],
    streams: [] as NotedStream[],
  };
  const sessions = new Set<Session>();
  const openConsumption = () => Consumption.open(join(folder.path, "consumption"));
  let consumption = await openConsumption();
  await consumption.extendLine(site.hash("the-request"), site.hash("grant-1"), null);

  const changedDevices = new ChangedDevices(clock);
  const devices = new KnownDevices({ ...ground, vault, sealing, changedDevices });

  const watchers = new Watchers(clock);
  const world: SessionWorld = {
    watchers,
    journal,
    recordings: await openRecordings({
      ...ground,
      folder: join(folder.path, "recordings"),
      edgeKeys: sealing,
      auditKey: undefined,
      quotaBytes: 1_000_000,
      warnPercent: 80,
      onSpaceLow: () => undefined,
    }),
    devices,
    changedDevices,
    hostKey: await suite.ed25519KeyPair(),
    clock,
    archive: await openArchive(join(folder.path, "archive")),
    get consumption() {
      return consumption;
    },
    time,
    idleLimitMs: 3 * site.hour * 1000,
    situation: () =>
      site.situationWith({
        time: time.reading(),
        occupations: [...sessions].flatMap((session) => session.occupations()),
        ...state.change,
      }),
    job: (request) => state.job && { ...state.job, consumed: consumption.of(request) },
    onOccupation: () => undefined,
    log: (line) => state.logged.push(line),
    openWeb: async () => Promise.reject(new Error("no web panels here")),
    async openTarget(admitted) {
      const failure = Promise.withResolvers<void>();
      state.streams.push({ admitted, fail: failure.reject });
      const ended = new Promise<void>((resolve) => {
        if (admitted.signal.aborted) resolve();
        admitted.signal.addEventListener("abort", () => resolve());
      });
      await Promise.race([ended, failure.promise]);
    },
  };

  return {
    world,
    devices,
    clock,
    state,
    journal,
    open(channel: NotedChannel, change: Partial<SessionCaller> = {}): Session {
      const session = new Session(world, {
        channel,
        purpose: "session",
        transcript: site.transcript,
        proof: site.proofWith(),
        attestation: site.attestationWith(),
        request: site.hash("the-request"),
        ...change,
      });
      sessions.add(session);
      session.onEnded = () => void sessions.delete(session);
      return session;
    },
    /** What a kill and a new start leave of the accounts. */
    async restartAccounts(): Promise<void> {
      consumption = await openConsumption();
    },
    changed(change: Partial<Situation>): void {
      Object.assign(state.change, change);
      for (const session of sessions) session.rejudge();
    },
    granted(job: Job): void {
      state.job = job;
      for (const session of sessions) session.rejudge();
    },
    async events(): Promise<string[]> {
      const found: string[] = [];
      for await (const { header } of journal.entriesFrom(0)) found.push(header.event);
      return found;
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) await session.end("closed");
      await journal[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

export type OpenedWorld = Awaited<ReturnType<typeof openSessionWorld>>;

/** A vendor's wish for a stream on a session's channel. */
export function asking(
  session: NotedChannel,
  target = "hmi",
  id = "stream-1",
): AskedOpening & { readonly channel: NotedChannel } {
  return {
    session,
    channel: new NotedChannel(id),
    opening: {
      type: "opening",
      mode: "exec",
      target: site.target(target),
      command: "date",
      terminal: null,
    },
  };
}

/** A session that was let in. */
export async function admitted(edge: OpenedWorld, channel = new NotedChannel("session-1")) {
  const session = edge.open(channel);
  const verdict = await session.begin();
  assert.ok("verdict" in verdict && verdict.verdict === "admitted", JSON.stringify(verdict));
  return { channel, session, verdict };
}

/** One that has a stream. */
export async function running(edge: OpenedWorld) {
  const opened = await admitted(edge);
  const asked = asking(opened.channel);
  assert.equal(await opened.session.open(asked), { admitted: true });
  const [stream] = edge.state.streams;
  assert.ok(stream);
  return { ...opened, asked, stream };
}
