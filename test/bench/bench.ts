// `npm run bench`: the product's figures, measured on a whole installation of real processes, beside OpenSSH where it does the same work.
// What each figure means stands in README.md of this folder. `--json` prints one line of JSON per figure; `--only TEXT` measures those whose
// name has it.
import net from "node:net";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startPlant } from "../plant/plant.ts";
import { startInstallation, type Installation, type TargetToAdd } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { channelFigures, dropRecordings, sinkTarget, startLoadSink } from "./channel-figures.ts";
import { hostileEcho } from "./hostile-figures.ts";
import { figureNames, jsonLine, tableLine, type Figure, type FigureName } from "./figure.ts";
import { signingLoad } from "./page-figures.ts";
import { portalFigureNames, portalFigures } from "./portal-figures.ts";
import { screenFigureNames, screenFigures } from "./screen-figures.ts";
import { approveToPrompt, deviceTarget, endOfSession, shellTarget } from "./session-figures.ts";

/** After a start, garbage of the start is collected and the link is quiet. */
const settleMs = 5_000;

const { values } = parseArgs({ options: { json: { type: "boolean" }, only: { type: "string" } } });
const wanted = figureNames.filter((name) => name.includes(values.only ?? ""));
const isWanted = (name: FigureName): boolean => wanted.includes(name);
/** Measured without the installation that the others share. */
const apartNames: readonly string[] = ["signing.load_kb", "vnc.hostile_echo_p99_ratio"];
const wantsScreens = wanted.some((name) => screenFigureNames.includes(name));
const wantsInstallation = wanted.some(
  (name) => !apartNames.includes(name) && !screenFigureNames.includes(name),
);
const wantsPortal = wanted.some((name) => portalFigureNames.includes(name));
const wantsChannel = wanted.some((name) => name.startsWith("channel."));

if (wanted.length === 0) {
  process.stderr.write(`no figure has "${values.only}" in its name: ${figureNames.join(", ")}\n`);
  process.exit(64);
}
if (isWanted("signing.load_kb")) print(await signingLoad());
if (wantsInstallation) await measure();
if (isWanted("vnc.hostile_echo_p99_ratio")) print(await hostileEcho());
if (wantsScreens) for await (const each of screenFigures(isWanted)) print(each);

async function measure(): Promise<void> {
  await using sink = await startLoadSink();
  await using plant = await startPlant();
  await using device = await startDevice();
  const targets = [
    ...plantTargets(plant).filter(({ id }) => id === shellTarget),
    tcpTarget(sinkTarget, sink.port),
    tcpTarget(deviceTarget, device.port),
  ];
  await using site = await startInstallation(targets, {
    secondFactor: "waived",
    signingPage: true,
  });
  if (wantsChannel) for (const each of await channelFigures(site, sink.port, isWanted)) print(each);
  await dropRecordings(site.edge.folder);
  if (isWanted("session.approve_to_prompt_ms")) print(await approveToPrompt(site));
  if (isWanted("session.end_ms")) print(await endOfSession(site, device.server));
  if (wantsPortal)
    for await (const each of portalFigures(site, device.server, isWanted)) print(each);
  if (isWanted("edge.rss_idle_mb")) print(await idleMemory(site));
}

function print(figure: Figure): void {
  process.stdout.write(`${values.json === true ? jsonLine(figure) : tableLine(figure)}\n`);
}

function tcpTarget(id: string, port: number): TargetToAdd {
  const device = ["--host", "127.0.0.1", "--port", `${port}`];
  return { id, name: id, kind: "tcp", rights: ["connect"], device };
}

/** A device in this process, so that one clock sees its connection and the vendor's. */
async function startDevice(): Promise<AsyncDisposable & { server: net.Server; port: number }> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return { server, port, [Symbol.asyncDispose]: async () => void server.close() };
}

/** Resident memory of an edge that has just been started again, admitted and connected, with nobody on it. */
async function idleMemory({ edge }: Installation): Promise<Figure> {
  await edge.restart("SIGTERM");
  await sleep(settleMs);
  const status = readFileSync(`/proc/${edge.process.pid}/status`, "utf8");
  const kibibytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
  return { name: "edge.rss_idle_mb", value: kibibytes / 1024, unit: "MB", against: null };
}
