// What screens and web panels cost: how long a vendor waits, what a key's way adds, what an edge keeps in memory and on disk. The vendor's side is the
// command's session code in a process of its own, with noVNC's decoders behind it; relay, edge and devices are real processes, recording is on.
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPanels, type Panels } from "../plant/panels.ts";
import { startModbusDevice } from "../plant/plant.ts";
import { startVnc, type VncDevice } from "../plant/vnc.ts";
import { grantedJob, holdJob } from "../support/held-job.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { panelTargets, vncTarget } from "../support/plant-targets.ts";
import { openScreenBridge, type ScreenBridge } from "../support/screen-bridge.ts";
import { openSocketViewer, type SocketViewer } from "../support/socket-viewer.ts";
import { medianOf, type Figure, type FigureName } from "./figure.ts";

const pictureRounds = 7;
const keyRounds = 4;
const keysOfRound = 40;
const askRounds = 4;
const asksOfRound = 50;
/** Screens at once: what a garbage collector does to one is noise beside many. */
const vncScreens = 8;
const rdpScreens = 2;
const settleMs = 5_000;
/** Has one full picture in it, as every minute has in which something changes. */
const recordedMs = 62_000;

/** A panel that changes only when it is typed on, without security: so that a direct viewer is one as well. */
const typedTarget = "typed-panel";
const letter = "a".codePointAt(0) ?? 0;

export const screenFigureNames: readonly FigureName[] = [
  "vnc.first_picture_ms",
  "rdp.first_picture_ms",
  "http.first_byte_added_ms",
  "vnc.key_to_picture_added_ms",
  "vnc.session_mb",
  "rdp.session_mb",
  "vnc.recording_mb_per_hour",
];

/** All figures of screens and web panels that are wanted, on an installation of their own. */
export async function* screenFigures(
  isWanted: (name: FigureName) => boolean,
): AsyncGenerator<Figure> {
  await using press = await startModbusDevice();
  await using panels = await startPanels(press.port);
  await using typed = await startVnc({ security: "None" });
  await using site = await startInstallation(
    [...panelTargets(panels), { ...vncTarget(typed), id: typedTarget }],
    { secondFactor: "waived" },
  );
  const targets = ["press-panel", "press-desktop", typedTarget];
  await using bridge = await openScreenBridge(site, targets, 30);
  if (isWanted("vnc.first_picture_ms")) yield await firstPicture(bridge, "vnc");
  if (isWanted("rdp.first_picture_ms")) yield await firstPicture(bridge, "rdp");
  if (isWanted("vnc.key_to_picture_added_ms")) yield await keyToPicture(bridge, typed);
  if (isWanted("http.first_byte_added_ms")) yield await firstByte(site, panels);
  if (isWanted("vnc.session_mb")) yield await memoryOf(site, bridge, "vnc", vncScreens);
  if (isWanted("rdp.session_mb")) yield await memoryOf(site, bridge, "rdp", rdpScreens);
  if (isWanted("vnc.recording_mb_per_hour")) yield await recordingOf(site, bridge);
}

const targetOf = { vnc: "press-panel", rdp: "press-desktop" } as const;

/** From the vendor's wish to the whole picture, in an admitted session. */
async function firstPicture(bridge: ScreenBridge, kind: "vnc" | "rdp"): Promise<Figure> {
  const tookMs: number[] = [];
  for (let round = 0; round < pictureRounds; round += 1) {
    const startedMs = performance.now();
    await using viewer = await bridge.view(targetOf[kind]);
    await viewer.hasPicture();
    tookMs.push(performance.now() - startedMs);
  }
  return figure(`${kind}.first_picture_ms`, medianOf(tookMs), "ms");
}

/** From a key to the end of the update that shows it, less the same with a viewer that is connected to the device itself. */
async function keyToPicture(bridge: ScreenBridge, device: VncDevice): Promise<Figure> {
  await using ours = await bridge.view(typedTarget);
  await using direct = await openSocketViewer(device.port);
  await Promise.all([ours.hasPicture(), direct.hasPicture()]);
  const ourMs: number[] = [];
  const directMs: number[] = [];
  await typeOn(ours, keysOfRound);
  await typeOn(direct, keysOfRound);
  for (let round = 0; round < keyRounds; round += 1) {
    ourMs.push(...(await typeOn(ours, keysOfRound)));
    directMs.push(...(await typeOn(direct, keysOfRound)));
  }
  const against = { peer: "a direct viewer", value: medianOf(directMs), unit: "ms" };
  const value = medianOf(ourMs) - medianOf(directMs);
  return { name: "vnc.key_to_picture_added_ms", value, unit: "ms", against };
}

async function typeOn(viewer: SocketViewer, keys: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let key = 0; key < keys; key += 1) {
    // The last update is over, and the device is quiet.
    await sleep(20);
    const before = viewer.updates;
    const startedMs = performance.now();
    viewer.key(letter + (key % 26));
    await viewer.until(() => viewer.updates > before, "an update");
    tookMs.push(performance.now() - startedMs);
  }
  return tookMs;
}

/** To the first byte of a small file of the web panel over a connection that stands: by `sallyport connect`, less the same at the device itself. */
async function firstByte(site: Installation, { web }: Panels): Promise<Figure> {
  await using held = await holdJob(site.vendor, await grantedJob(site, ["press-web"], 10));
  const at = held.at("press-web");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const secureAgent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const path = "/panel/press.svg";
  const direct = { host: web.host, port: web.port, agent: secureAgent, rejectUnauthorized: false };
  const cookie = await signInDirectly(direct, web);
  const ask = {
    our: () => http.get({ host: at.host, port: at.port, path, agent }),
    direct: () => https.get({ ...direct, path, headers: { cookie } }),
  };
  const tookMs = { our: [] as number[], direct: [] as number[] };
  for (let round = 0; round <= askRounds; round += 1) {
    for (const way of ["our", "direct"] as const) {
      for (let asked = 0; asked < asksOfRound; asked += 1) {
        const startedMs = performance.now();
        const [answer] = (await once(ask[way](), "response")) as [http.IncomingMessage];
        const first = performance.now() - startedMs;
        if (answer.statusCode !== 200) throw new Error(`${way} was answered ${answer.statusCode}`);
        answer.resume();
        await once(answer, "end");
        // The first round warms up.
        if (round > 0) tookMs[way].push(first);
      }
    }
  }
  agent.destroy();
  secureAgent.destroy();
  const against = { peer: "the device itself", value: medianOf(tookMs.direct), unit: "ms" };
  const value = medianOf(tookMs.our) - medianOf(tookMs.direct);
  return { name: "http.first_byte_added_ms", value, unit: "ms", against };
}

/** A session of the direct way's own: the edge has the other one. */
async function signInDirectly(
  direct: https.RequestOptions,
  { login, password }: Panels["web"],
): Promise<string> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const form = new URLSearchParams({ from: "panel", user: login, password });
  const asked = https.request({ ...direct, method: "POST", path: "/login", headers });
  asked.end(form.toString());
  const [answer] = (await once(asked, "response")) as [http.IncomingMessage];
  answer.resume();
  await once(answer, "end");
  const cookies = answer.headers["set-cookie"] ?? [];
  return cookies.map((each) => each.split(";", 1)[0]).join("; ");
}

/** What one more screen adds to the memory of the edge and of all that it started (PSS: what is shared is counted once). */
async function memoryOf(
  { edge }: Installation,
  bridge: ScreenBridge,
  kind: "vnc" | "rdp",
  screens: number,
): Promise<Figure> {
  await using viewers = new AsyncDisposableStack();
  // Code and pools of the first one stay.
  await viewers.use(await bridge.view(targetOf[kind])).hasPicture();
  await sleep(settleMs);
  const before = memoryOfTree(edge.process.pid);
  for (let screen = 0; screen < screens; screen += 1) {
    await viewers.use(await bridge.view(targetOf[kind])).hasPicture();
  }
  await sleep(settleMs);
  const bytes = (memoryOfTree(edge.process.pid) - before) / screens;
  return figure(`${kind}.session_mb`, bytes / 1024 / 1024, "MB");
}

function memoryOfTree(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const below = readdirSync(`/proc/${pid}/task`)
    .map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim())
    .concat(children)
    .flatMap((line) => line.split(" "))
    .filter((child) => child !== "");
  const [, kibibytes] = /^Pss:\s+(\d+)/m.exec(readRollup(pid)) ?? [];
  const own = Number(kibibytes ?? 0) * 1024;
  return [...new Set(below)].reduce((sum, child) => sum + memoryOfTree(Number(child)), own);
}

function readRollup(pid: number): string {
  return readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
}

/** What the press's panel, with its clock and values that change twice a second, writes on the edge's disk. */
async function recordingOf({ edge }: Installation, bridge: ScreenBridge): Promise<Figure> {
  const folder = join(edge.folder, "recordings");
  await using viewer = await bridge.view(targetOf.vnc);
  await viewer.hasPicture();
  const before = sizeOf(folder);
  await sleep(recordedMs);
  const bytes = sizeOf(folder) - before;
  return figure("vnc.recording_mb_per_hour", (bytes / 1e6) * (3_600_000 / recordedMs), "MB/h");
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function figure(name: FigureName, value: number, unit: string): Figure {
  return { name, value, unit, against: null };
}
