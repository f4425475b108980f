// Screens while parts of their chain die (kill -9): a relay that comes back is not noticed by who looks, and every other death ends the screen in order:
// the vendor's side is told, the device is let go of, the recording is closed (torn where the edge itself died), and no process is left.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { graceMs } from "../../edge/session.ts";
import { keyEvent, pointerEvent } from "../../edge/targets/rfb/pressed-input.ts";
import type { JournalEntry } from "../../shared/record/journal-entry.ts";
import { pictureDifference, type DisplayAddress } from "../plant/picture.ts";
import { startRdp } from "../plant/rdp.ts";
import { startVnc, type VncDevice } from "../plant/vnc.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { rdpTarget, vncTarget } from "../support/plant-targets.ts";
import { runProcess, type Finished, type RunningProcess } from "../support/process.ts";
import { openScreenBridge } from "../support/screen-bridge.ts";
import type { SocketViewer } from "../support/socket-viewer.ts";
import { journalOf } from "./kept-state.ts";

const limitMs = 60_000;
const lookMs = 100;
/** A line that is cut is seen at once where nothing else has died; the rest is the machine's. */
const letGoMs = 10_000;
const shift = 0xffe1;
const letter = (text: string): number => text.codePointAt(0) ?? 0;

await group("screens whose parts die", { timeoutMs: 400_000 }, (test) => {
  test("a relay that dies and comes back, twice: the same screen goes on, keys arrive, the picture is right, nobody is asked again", async () => {
    await using device = await startVnc();
    await using site = await startInstallation([vncTarget(device)], { secondFactor: "waived" });
    await using bridge = await openScreenBridge(site, ["press-panel"]);
    await using viewer = await bridge.view("press-panel");
    await viewer.hasPicture();
    for (const [round, key] of ["a", "b"].entries()) {
      await site.relay.restart();
      await bridge.process.line(/"event":"back"/, limitMs, round);
      viewer.key(letter(key));
      await device.program.line(new RegExp(`^key ${key}$`), limitMs);
      await shows(viewer, device);
    }
    const admitted = await entries(site, "session-admitted");
    assert.is(admitted.length, 1, "one session");
    assert.is((await entries(site, "recording-opened")).length, 1, "one recording");
  });

  test("the edge dies: the vendor is told, the device is let go of, the recording is torn, and the next session opens", async () => {
    await using device = await startVnc();
    await using site = await startInstallation([vncTarget(device)], { secondFactor: "waived" });
    await using bridge = await openScreenBridge(site, ["press-panel"]);
    await using viewer = await bridge.view("press-panel");
    await viewer.hasPicture();
    await sleep(2_000); // What was flushed is kept: a second of it at most is not.
    await site.edge.restart();
    await bridge.process.line(/"event":"ended"/, limitMs);
    await viewer.closed;
    await device.server.line(/Connections: closed/, limitMs);
    const [closed] = await entries(site, "recording-closed");
    assert.is(closed?.details?.value["torn"], true);
    await using again = await openScreenBridge(site, ["press-panel"]);
    await using anew = await again.view("press-panel");
    await anew.hasPicture();
    await shows(anew, device);
  });

  test("the device's server dies: the screen closes with words for the vendor, the session stays, the recording is whole", async () => {
    await using device = await startVnc();
    await using site = await startInstallation([vncTarget(device)], { secondFactor: "waived" });
    await using bridge = await openScreenBridge(site, ["press-panel"]);
    await using viewer = await bridge.view("press-panel");
    await viewer.hasPicture();
    device.server.signal("SIGKILL");
    const [closed] = await bridge.process.line(/^.*"event":"closed".*$/, limitMs);
    assert.match(closed, /closed its screen|broke off|lost/);
    await viewer.closed;
    const [recorded] = await entries(site, "recording-closed");
    assert.is.not(recorded?.details?.value["torn"], true);
    assert.is(bridge.process.count(/"event":"ended"/), 0, "the session goes on");
  });

  test("the vendor's side dies: the approver's end lets go of the device and closes the recording", async () => {
    await using device = await startVnc();
    await using site = await startInstallation([vncTarget(device)], { secondFactor: "waived" });
    await using bridge = await openScreenBridge(site, ["press-panel"]);
    await using viewer = await bridge.view("press-panel");
    await viewer.hasPicture();
    bridge.process.signal("SIGKILL");
    await bridge.process.exited;
    await site.approver.do("end", bridge.job, "--yes");
    await device.server.line(/Connections: closed/, limitMs);
    const [recorded] = await entries(site, "recording-closed");
    assert.is.not(recorded?.details?.value["torn"], true);
  });

  test("the edge dies with a desktop open: its display and its client die with it", async () => {
    await using device = await startRdp({ security: "nla" });
    await using site = await startInstallation([rdpTarget(device)], { secondFactor: "waived" });
    await using bridge = await openScreenBridge(site, ["press-desktop"]);
    await using viewer = await bridge.view("press-desktop");
    await viewer.hasPicture();
    const below = descendantsOf(site.edge.process.pid);
    assert.ok(below.length >= 2, `a display and a client: ${below.map(commandOf).join()}`);
    site.edge.process.signal("SIGKILL");
    await site.edge.process.exited;
    await until(
      () => below.every((pid) => !isRunning(pid)),
      `end of ${below.map(commandOf).join()}`,
    );
  });

  test("a relay that dies and stays away: what is held down is let go of at once, both sessions end at their limit, and leave whole recordings and nothing else", async () => {
    await using panel = await startVnc();
    await using desktop = await startRdp({ security: "nla" });
    const targets = [vncTarget(panel), rdpTarget(desktop)];
    await using site = await startInstallation(targets, { secondFactor: "waived" });
    const { address } = await desktop.screen();
    const devices = [
      { target: "press-panel", printed: () => panel.program.stdout, display: panel.screen.address },
      { target: "press-desktop", printed: () => desktop.output(), display: address },
    ];
    await using bridges = new AsyncDisposableStack();
    const processes: RunningProcess[] = [];
    const holds = devices.map(async ({ target, printed, display }) => {
      const bridge = bridges.use(await openScreenBridge(site, [target]));
      processes.push(bridge.process);
      const viewer = bridges.use(await bridge.view(target));
      await viewer.hasPicture();
      viewer.send(pointerEvent(0, 300, 300), pointerEvent(1, 300, 300), keyEvent(true, shift));
      await until(() => /^press 1 /m.test(printed()), `press in ${printed()}`);
      await until(() => /^key Shift_L$/m.test(printed()), `Shift in ${printed()}`);
      await presses(display, "q");
      await until(() => /^key Q$/m.test(printed()), `held Shift in ${printed()}`);
      assert.not.match(printed(), /^release 1 /m);
    });
    await Promise.all(holds);
    site.relay.process.signal("SIGKILL");
    await site.relay.process.exited;
    const diedMs = performance.now();
    for (const { target, printed, display } of devices) {
      await until(() => /^release 1 /m.test(printed()), `release on ${target}`);
      await presses(display, "z");
      await until(() => /^key [zZ]$/m.test(printed()), `z on ${target}`);
      assert.match(printed(), /^key z$/m, `without Shift on ${target}`);
    }
    const tookMs = performance.now() - diedMs;
    assert.ok(tookMs < letGoMs, `let go of after ${tookMs} ms`);

    const closed = async () =>
      (await journalOf(site.edge.folder)).filter(({ header }) => header.event === "session-ended");
    await until(async () => (await closed()).length === 2, "end of both", graceMs + limitMs);
    assert.ok(performance.now() - diedMs > graceMs - limitMs, "they waited for the relay");
    await Promise.all(processes.map((running) => running.line(/"event":"ended"/, limitMs)));
    const recordings = await entries(site, "recording-closed");
    assert.is(recordings.length, 2);
    for (const { details } of recordings) assert.is.not(details?.value["torn"], true);
    const left = (): string[] => [
      ...descendantsOf(site.edge.process.pid).map(commandOf),
      ...readdirSync(join(site.edge.folder, "scratch")),
    ];
    await until(() => left().length === 0, "end of all that belonged to them");
    await site.relay.restart();
    // Alone it would dial again within a minute.
    await site.edge.restart("SIGTERM");
    for (const { header } of recordings) await isReadable(site, header);
  });

  test("a recording that finds no room ends the screen, and the device is let go of", async () => {
    const noise = new URL("../plant/noise-panel.tcl", import.meta.url).pathname;
    await using device = await startVnc({ program: ["wish", noise] });
    await using site = await startInstallation([vncTarget(device)], {
      secondFactor: "waived",
      edgeEnv: { SALLYPORT_EDGE_RECORDINGS_MEGABYTES: "16" },
    });
    await using bridge = await openScreenBridge(site, ["press-panel"]);
    await using viewer = await bridge.view("press-panel");
    await viewer.closed;
    await device.server.line(/Connections: closed/, limitMs);
    assert.ok(viewer.updates > 0, "until then it was shown");
    const [ended] = await entries(site, "opening-ended");
    assert.match(JSON.stringify(ended?.details?.value), /disk_full|recording_failed/);
    const again = await bridge.view("press-panel").then(
      () => "opened",
      (thrown: unknown) => String(thrown),
    );
    assert.is.not(again, "opened", "nothing opens that cannot be recorded");
  });
});

async function shows(viewer: SocketViewer, device: VncDevice): Promise<void> {
  await until(async () => {
    // A pointer is drawn into neither; what the device draws may be on its way.
    return pictureDifference(viewer.picture, await device.screen.picture()) < 0.0005;
  }, "the device's picture");
}

/** The journal's entries of that event; waits for the first one. */
async function entries({ edge }: Installation, event: string): Promise<readonly JournalEntry[]> {
  let found: readonly JournalEntry[] = [];
  await until(async () => {
    found = (await journalOf(edge.folder)).filter(({ header }) => header.event === event);
    return found.length > 0;
  }, event);
  return found;
}

async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  withinMs = limitMs,
): Promise<void> {
  const lateMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > lateMs) throw new Error(`no ${what} in ${withinMs} ms`);
    await sleep(lookMs);
  }
}

/** At the device's own keyboard. */
async function presses(display: DisplayAddress, key: string): Promise<void> {
  const { code, stderr } = await runProcess("xdotool", ["key", key], { env: display });
  assert.is(code, 0, stderr);
}

/** Plays the recording of that entry by the command, once the edge is back: it is closed, and holds pictures. */
async function isReadable({ owner }: Installation, header: JournalEntry["header"]): Promise<void> {
  const { recording } = header.ids as { recording?: string };
  assert.ok(recording, JSON.stringify(header));
  let played: Finished | undefined;
  await until(async () => (played = await owner.run(["play", recording])).code === 0, "reading");
  assert.ok((played?.stdout.length ?? 0) > 20_000, `${played?.stdout.length} characters`);
}

function descendantsOf(pid: number): number[] {
  const own = readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" "))
    .filter((text) => /^\d+$/.test(text.trim()))
    .map(Number);
  return own.flatMap((child) => [child, ...descendantsOf(child)]);
}

function commandOf(pid: number): string {
  return existsSync(`/proc/${pid}/comm`) ? readFileSync(`/proc/${pid}/comm`, "utf8").trim() : "";
}

// In a container nobody may reap what has ended already.
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
