// The edge, wired: link → gate → session → target, with vault, recording and journal beside it. The only place that constructs.
// Invariant: what cannot be written down does not happen: a journal that fails ends every session and then the process.
import { join } from "node:path";
import { acceptChannels } from "../shared/channel/acceptor.ts";
import { fromBase64Url } from "../shared/bytes.ts";
import type { Clock } from "../shared/clock.ts";
import { nodeCrypto } from "../shared/crypto/node.ts";
import { messageOf } from "../shared/errors.ts";
import type { DocumentHash, TargetId } from "../shared/ids.ts";
import { ChangedDevices } from "./changed-devices.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Chores } from "./chores.ts";
import type { Claim, Home } from "./claim.ts";
import { listenConsole, type AnswerConsole } from "./console-socket.ts";
import { Consumption } from "./consumption.ts";
import { Devices } from "./devices.ts";
import { makeFolder } from "./durable-file.ts";
import type { ReadingAdmission } from "./gate.ts";
import { openHome } from "./home.ts";
import { openIdentity } from "./identity.ts";
import { Inbox } from "./inbox.ts";
import { introduce, openIntroduction } from "./introduction.ts";
import { Jobs } from "./jobs.ts";
import { makeCheckpoint, openJournal, type Journal } from "./journal.ts";
import { kindsLine, readKinds } from "./kinds.ts";
import { openControlLink, type ControlLink, type LinkState } from "./link/control-link.ts";
import { openTunnels } from "./link/tunnels.ts";
import { openUplink, type Uplink } from "./link/uplink.ts";
import { openArchive } from "./record/archive.ts";
import { openRecordings } from "./recording.ts";
import { Refusals } from "./refusals.ts";
import { openKeyFile } from "./sealed-file.ts";
import { emptyScratch } from "./scratch.ts";
import { Sessions } from "./sessions.ts";
import type { Situation } from "./situation.ts";
import { answerConsole, statusOf } from "./status.ts";
import { parseStopScope, Stops } from "./stops.ts";
import { EdgeTime } from "./time.ts";
import { Trust } from "./trust.ts";
import { openVault } from "./vault.ts";
import { Watchers } from "./watchers.ts";
import { WebPanels } from "./web/web-panels.ts";

const suite = nodeCrypto;
const warnPercent = 80;
/** No target's interlock is wired to this edge yet. */
const noInterlocks: ReadonlySet<TargetId> = new Set();

export interface EdgeOptions {
  readonly version: string;
  readonly state: string;
  readonly claim: Claim | undefined;
  readonly proxy: URL | undefined;
  /** PEM of authorities to trust beside the platform's. */
  readonly authority: string | undefined;
  readonly idleLimitMs: number;
  readonly recordingQuotaBytes: number;
  readonly clock: Clock;
  readonly bootId: string;
  readonly isTimeProven: () => boolean;
  readonly log: (line: string) => void;
}

export interface Edge extends AsyncDisposable {
  /** Aborted when the edge can write down nothing more: its sessions are over, and the process should end. */
  readonly failed: AbortSignal;
}

/** Brings an edge up from its state folder. Resolves when it serves; the link to the relay heals by itself from then on. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  await makeFolder(options.state);
  // Before anything is read or written: two processes on one state folder would damage its journal.
  const answering = Promise.withResolvers<AnswerConsole>();
  const console = await listenConsole(options.state, async function* (asked, gone) {
    yield* (await answering.promise)(asked, gone);
  });
  try {
    return await bringUp(options, console, (answer) => answering.resolve(answer));
  } catch (thrown) {
    answering.promise.catch((fault: unknown) => options.log(`not started: ${messageOf(fault)}`));
    answering.reject(thrown);
    await console[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function bringUp(
  options: EdgeOptions,
  console: AsyncDisposable,
  answerWith: (answer: AnswerConsole) => void,
): Promise<Edge> {
  const { state, claim, clock: machineClock, bootId, log } = options;
  const at = (name: string): string => join(state, name);
  const home = await openHome(at("home.json"), claim);
  const { site } = home;
  const keyFile = at("key");
  const sealingKey = await openKeyFile(keyFile, suite);
  const identity = await openIdentity(suite, at("identity.sealed"), sealingKey);
  const { edge, sign } = identity;

  const scratch = await emptyScratch(at("scratch"));

  const jumps = Promise.withResolvers<Journal>();
  const time = await EdgeTime.open({
    path: at("time.json"),
    clock: machineClock,
    bootId,
    isProven: options.isTimeProven,
    onJump: ({ byMs }) => {
      jumps.promise
        .then((opened) => opened.append("clock-jumped", {}, { byMs }))
        .catch((fault: unknown) => log(`jump of the clock not journaled: ${messageOf(fault)}`));
    },
  });
  const clock: Clock = {
    wallMs: () => time.reading().wallMs,
    monotonicMs: () => machineClock.monotonicMs(),
    setTimer: (delayMs, act) => machineClock.setTimer(delayMs, act),
  };
  const journal = await openJournal({ folder: at("journal"), clock, bootId, suite });
  jumps.resolve(journal);
  const archive = await openArchive(at("archive"));
  const consumption = await Consumption.open(at("consumption"));
  const refusals = new Refusals({ journal, clock, log });
  // What nearly everything stands on.
  const ground = { suite, site, edge, sign, journal, archive, refusals, time, clock, log };
  const stops = await Stops.open({ ...ground, path: at("stops.json") });
  const trust = await Trust.open({
    ...ground,
    path: at("trust.json"),
    scopeOfStop: (entry) => stops.scopeOf(entry),
  });
  const vault = await openVault({ suite, path: at("vault.sealed"), keyFile });
  const changedDevices = new ChangedDevices(clock);
  const devices = new Devices({ ...ground, vault, sealing: identity.sealing, changedDevices });
  const recordings = await openRecordings({
    ...ground,
    folder: at("recordings"),
    edgeKeys: identity.sealing,
    get auditKey() {
      const audit = trust.situation()?.manifest.audit;
      return audit ? fromBase64Url(audit.xwing) : undefined;
    },
    quotaBytes: options.recordingQuotaBytes,
    warnPercent,
    onSpaceLow: (used, quota) => log(`recordings fill ${used} of ${quota} bytes`),
  });

  const situation = (): Situation | undefined => {
    const trusted = trust.situation();
    return (
      trusted && {
        ...trusted,
        stops: stops.running(),
        interlocks: noInterlocks,
        occupations: sessions.occupations(),
        time: time.reading(),
      }
    );
  };
  const jobs = new Jobs({
    ...ground,
    consumption,
    situation,
    held: () => trust.held(),
    onRequest() {
      inbox.retry().catch((fault: unknown) => log(`not tried again: ${messageOf(fault)}`));
    },
    async onGrant({ payload }) {
      if (payload.replaces !== null) await stops.grantReplaced(payload.request);
      sessions.rejudge();
    },
    onRollback(grant) {
      log(
        `ALARM: the journal lacks what this edge signed; its state was put back (grant ${grant})`,
      );
      refusals
        .report("rollback-found", { document: grant }, {})
        .catch((fault: unknown) => log(messageOf(fault)));
    },
  });
  await jobs.prune();

  const manifestHash = () => trust.situation()?.manifestHash ?? (site as string as DocumentHash);
  const checkpoint = () => makeCheckpoint({ ...ground, manifest: manifestHash() });
  const kinds = await readKinds();
  let link: LinkState = "connecting";
  const statusSource = {
    ...ground,
    version: options.version,
    bootId,
    trust,
    stops,
    recordings,
    changedDevices,
    link: () => link,
    kinds: () => kinds,
    sessions: () => sessions.summaries(),
  };
  const sessions: Sessions = new Sessions({
    ...ground,
    trust,
    jobs,
    recordings,
    devices,
    changedDevices,
    watchers: new Watchers(clock),
    consumption,
    situation,
    hostKey: identity.sshHost,
    idleLimitMs: options.idleLimitMs,
    openTarget: async (admitted) =>
      (await import("./targets/target.ts")).openTarget({ ...admitted, scratch }),
    openWeb: (panel, start) => webPanels.openPanel(panel, start),
    probeDevice: async (...asked) =>
      (await import("./targets/probe.ts")).probeDevice(...asked, scratch),
    evidence: () => ({ ...ground, recordings, manifest: manifestHash() }),
    status: (admission: ReadingAdmission) => statusOf(statusSource, admission),
  });
  const webPanels: WebPanels = await WebPanels.open({
    ...ground,
    path: at("web.sealed"),
    sealingKey,
    isOffered: () =>
      trust
        .situation()
        ?.manifest.targets.some(
          ({ edge: owner, rights }) => owner === edge && rights.includes("browser"),
        ) ?? false,
    link: () => control,
  });
  trust.onChange = () => {
    sessions.rejudge();
    webPanels.renew();
  };
  stops.onChange = () => sessions.rejudge();

  const acceptor = acceptChannels({
    ...ground,
    gate: sessions,
    edge: { id: edge, signingKey: identity.signing.privateKey },
  });

  log(kindsLine(kinds));
  await journal.append("edge-started", {}, { version: options.version });
  const uplink = openHomeUplink(options, home, clock);
  // Until a manifest names this edge, a relay takes its introduction from it and nothing else.
  const isListed = () => trust.situation()?.manifest.edges.some(({ id }) => id === edge) ?? false;
  const signs = {
    publicKey: identity.signing.publicKey,
    sign: (message: Uint8Array) => suite.ed25519Sign(identity.signing.privateKey, message),
  };
  const tunnels = openTunnels({
    ...ground,
    ...signs,
    uplink,
    onTransport: (transport) => acceptor.accept(transport),
    onWeb: (connection, rest) => webPanels.accept(connection, rest),
  });
  const inbox: Inbox = await Inbox.open({
    ...ground,
    path: at("inbox.json"),
    trust,
    jobs,
    devices,
    sessions,
    stops,
    sendReceipt: (receipt) => control?.sendReceipt(receipt),
  });
  let control: ControlLink | undefined;
  const connect = (): void => {
    control = openControlLink({
      ...ground,
      ...signs,
      uplink,
      presence: { version: options.version, bootId, timeProven: options.isTimeProven },
      journal: {
        length: () => (isListed() ? journal.length : 0),
        headersFrom: (from, count) => journal.headersFrom(from, count),
      },
      documentsRead: () => inbox.read(),
      isAwaited: () => sessions.summaries().length > 0,
      onDial: (dial, relayName) => tunnels.dial(dial.label, dial.nonces, relayName),
      onDocument: (document) => inbox.take(document),
      async onStop({ stop, scope, id, by }) {
        const named = parseStopScope(scope, id);
        if (named !== undefined)
          await stops.begin(`relay ${stop}`, named, "relay", by ?? undefined);
      },
      web: webPanels,
      isOwnRelay: (name) =>
        [...home.relays, ...(trust.situation()?.manifest.relays ?? [])].some(
          (relay) => relay.name === name,
        ),
      onRelayTime: (relayAt) => time.suggest(relayAt),
      onState(now, detail) {
        link = now;
        log(`link ${now}${detail === "" ? "" : `: ${detail}`}`);
      },
    });
  };
  const checkpoints = new Checkpoints({
    ...ground,
    isProven: options.isTimeProven,
    makeCheckpoint: checkpoint,
    publish(envelope) {
      if (isListed()) control?.sendCheckpoint(envelope);
    },
    onGrowth: () => control?.journalGrew(),
  });
  const ended = new AbortController();
  if (isListed()) connect();
  else {
    const introduction = await openIntroduction({
      ...ground,
      path: at("introduction.json"),
      claim,
      identity,
      nowAt: time.seconds(),
      makeCheckpoint: checkpoint,
    });
    // Before it is introduced, a relay would know neither the edge nor its site.
    void introduce({ ...ground, uplink, introduction, signal: ended.signal }).then(() => {
      if (!ended.signal.aborted) connect();
    });
  }
  await inbox.answerAgain();
  answerWith((asked, gone) => answerConsole(statusSource, asked, gone));

  const chores = new Chores({
    ...ground,
    trust,
    webPanels,
    isBusy: () => sessions.summaries().length > 0,
  });
  const failed = new AbortController();
  const onJournalFailed = (): void => {
    log(`journal failed: ${messageOf(journal.failed.reason)}`);
    void sessions.endAll("edge-failing").then(() => failed.abort(journal.failed.reason));
  };
  if (journal.failed.aborted) onJournalFailed();
  journal.failed.addEventListener("abort", onJournalFailed);

  return {
    failed: failed.signal,
    async [Symbol.asyncDispose]() {
      ended.abort();
      journal.failed.removeEventListener("abort", onJournalFailed);
      chores[Symbol.dispose]();
      await console[Symbol.asyncDispose]();
      await sessions.endAll("edge-failing");
      acceptor.close("the edge stops");
      tunnels.close();
      webPanels[Symbol.dispose]();
      checkpoints[Symbol.dispose]();
      await control?.close();
      stops[Symbol.dispose]();
      refusals[Symbol.dispose]();
      await time.save();
      await journal[Symbol.asyncDispose]();
    },
  };
}

function openHomeUplink(
  { proxy, authority }: EdgeOptions,
  { relays: [relay] }: Home,
  clock: Clock,
): Uplink {
  const authorities = [relay?.authority, authority].filter((pem) => typeof pem === "string");
  return openUplink({
    relay: new URL(relay?.url ?? ""),
    clock,
    ...(proxy && { proxy }),
    ...(authorities.length > 0 && { extraCa: authorities.join("\n") }),
  });
}
