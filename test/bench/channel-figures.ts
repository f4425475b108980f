// What one sealed channel carries, beside OpenSSH on the same three places, in turns: a round of ours, a round of theirs.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Installation } from "../support/installation.ts";
import { nodePath, runProcess, startProcess } from "../support/process.ts";
import { medianOf, type Figure, type FigureName } from "./figure.ts";
import type { Driven, Mode } from "./load.ts";
import { startSshPeers } from "./ssh-peers.ts";

const loadFile = join(import.meta.dirname, "load.ts");
const bulkBytes = 128 * 1024 * 1024;
const warmUpBytes = 64 * 1024 * 1024;
const bulkRounds = 5;
const roundTrips = 1_000;
const warmUpTrips = 200;
const echoRounds = 3;
const driveLimitMs = 60_000;

/** The target's id; its device is the load's sink. */
export const sinkTarget = "bench-sink";

/** A place to connect to, at whose other end the sink is. */
export interface Way {
  readonly host: string;
  readonly port: number;
}

/** Starts the load's sink and gives its port. */
export async function startLoadSink(): Promise<AsyncDisposable & { readonly port: number }> {
  const sink = startProcess(nodePath, [loadFile, "sink"]);
  const [port] = await sink.line(/^\d+$/);
  return { port: Number(port), [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose]() };
}

/** All figures of the channel that `isWanted`, by one session of `site` and one set of peers. */
export async function channelFigures(
  site: Installation,
  sinkPort: number,
  isWanted: (name: FigureName) => boolean,
): Promise<Figure[]> {
  await using held = await openWay(site);
  await using peers = await startSshPeers(sinkPort);
  const reverse = { host: "127.0.0.1", port: peers.reversePort };
  const jump = { host: "127.0.0.1", port: peers.jumpPort };
  const figures: Figure[] = [];
  for (const mode of ["up", "down"] as const) {
    const name: FigureName = `channel.${mode}.ratio_reverse_ssh`;
    if (isWanted(name)) figures.push(await ratio(name, mode, held.way, reverse));
  }
  if (isWanted("channel.echo.p50_us") || isWanted("channel.echo.p99_us")) {
    figures.push(...(await echoes(held.way, jump)));
  }
  return figures.filter(({ name }) => isWanted(name as FigureName));
}

/** A vendor's `connect` with an admitted session; the target's port is bound on this machine. */
export async function openWay({
  vendor,
  approver,
}: Installation): Promise<AsyncDisposable & { readonly way: Way; readonly pid: number }> {
  const { job } = await vendor.ask<{ job: string }>(
    "request",
    sinkTarget,
    "--minutes",
    "10",
    "--reason",
    "benchmark",
  );
  const connect = vendor.start(["connect", job, "--json"]);
  try {
    await connect.line(/"event":"waiting"/);
    await approver.do("approve", job, "--yes");
    const [line] = await connect.line(/^.*"event":"connected".*$/);
    const [bound] = (JSON.parse(line) as { ports: { host: string; localPort: number }[] }).ports;
    if (bound === undefined) throw new Error(`no port in ${line}`);
    const way = { host: bound.host, port: bound.localPort };
    return { way, pid: connect.pid, [Symbol.asyncDispose]: () => connect[Symbol.asyncDispose]() };
  } catch (thrown) {
    await connect.end();
    throw thrown;
  }
}

/** The median of the rounds' ratios: each round's two runs are neighbours in time, so a busy machine slows both. */
async function ratio(name: string, mode: "up" | "down", ours: Way, theirs: Way): Promise<Figure> {
  for (const way of [ours, theirs]) await drive(way, mode, warmUpBytes);
  const ratios: number[] = [];
  const peers: number[] = [];
  for (let round = 0; round < bulkRounds; round += 1) {
    const our = await megabytesPerSecond(ours, mode);
    const their = await megabytesPerSecond(theirs, mode);
    ratios.push(our / their);
    peers.push(their);
  }
  const against = { peer: "ssh -R + ssh -J", value: medianOf(peers), unit: "MB/s" };
  return { name, value: medianOf(ratios), unit: "x", against };
}

async function megabytesPerSecond(way: Way, mode: Mode): Promise<number> {
  const { bytes, seconds } = await drive(way, mode, bulkBytes);
  return bytes / 1e6 / seconds;
}

async function echoes(ours: Way, theirs: Way): Promise<Figure[]> {
  for (const way of [ours, theirs]) await drive(way, "echo", warmUpTrips);
  const rounds: { our: readonly number[]; their: readonly number[] }[] = [];
  for (let round = 0; round < echoRounds; round += 1) {
    const { roundTripsUs: our } = await drive(ours, "echo", roundTrips);
    const { roundTripsUs: their } = await drive(theirs, "echo", roundTrips);
    rounds.push({ our, their });
  }
  return ([50, 99] as const).map((percent): Figure => {
    const at = (trips: readonly number[]) =>
      trips[Math.floor((trips.length * percent) / 100)] ?? Number.NaN;
    const against = {
      peer: "ssh -J",
      value: medianOf(rounds.map(({ their }) => at(their))),
      unit: "us",
    };
    const value = medianOf(rounds.map(({ our }) => at(our)));
    return { name: `channel.echo.p${percent}_us`, value, unit: "us", against };
  });
}

export async function drive({ host, port }: Way, mode: Mode, amount: number): Promise<Driven> {
  const { code, stdout, stderr } = await runProcess(
    nodePath,
    [loadFile, "drive", host, `${port}`, mode, `${amount}`],
    { limitMs: driveLimitMs },
  );
  if (code !== 0) throw new Error(`load ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Driven;
}

/** Forgets what the bulk left on the edge's disk. */
export async function dropRecordings(edgeFolder: string): Promise<void> {
  await rm(join(edgeFolder, "recordings/closed"), { recursive: true, force: true });
}
