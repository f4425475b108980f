// Every way out of a desktop: what is killed, what dies of its limit, how many there may be; and that nothing stays behind on the edge.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import * as assert from "uvu/assert";
import { startChild } from "../../../edge/targets/rdp/child.ts";
import { maxDesktops } from "../../../edge/targets/rdp.ts";
import { startRdp, type RdpDevice } from "../../plant/rdp.ts";
import { group } from "../../support/group.ts";
import { failureOf, type OpenedTarget } from "../../support/opened-target.ts";
import { nodePath, runProcess, startProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { viewScreen, type ScreenViewer } from "../../support/screen-viewer.ts";
import { processesIn, rdpUnderTest } from "./rdp-under-test.ts";

const mebibyte = 1024 * 1024;
const noise = new URL("../../plant/noise-panel.tcl", import.meta.url).pathname;
const desktopProcess = new URL("rdp-desktop-process.ts", import.meta.url).pathname;
const stopped = 'internal: the desktop of "Press 7" was stopped on the edge';

async function ended(opened: OpenedTarget): Promise<void> {
  opened.session.abort("over");
  await opened.served;
}

/** What counts against RLIMIT_DATA. */
function dataBytes(pid: number): number {
  const [, kibibytes] =
    /^VmData:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}

async function goesOn(viewer: ScreenViewer, device: RdpDevice): Promise<void> {
  await viewer.key(0x61);
  await viewer.until(() => /^key a$/m.test(device.output()), "its key");
  await viewer.shows(() => device.screenshot());
}

await group("targets/rdp, ends", { timeoutMs: 150_000 }, (test) => {
  for (const victim of ["xfreerdp", "Xvnc"]) {
    test(`kill -9 of ${victim} ends that desktop, says so, and leaves nothing`, async () => {
      await using device = await startRdp({ security: "nla" });
      using desktop = rdpUnderTest(device);
      const opened = await desktop.open();
      await opened.vendor.message("opened");
      const pid = desktop.processes().find(({ name }) => name === victim)?.pid;
      process.kill(Number(pid), "SIGKILL");
      // Never as if the device had gone, whose connection is another one.
      assert.is((await failureOf(opened)).code, "internal");
      const { how, reason } = await opened.vendor.closed;
      assert.is(how, "aborted");
      assert.is(reason, stopped);
      assert.ok(opened.recordings[0]?.isClosed);
      await desktop.isClean();
    });
  }

  test("kill -9 of the edge leaves no process", async () => {
    await using device = await startRdp({ security: "nla" });
    using folder = temporaryFolder();
    const edge = startProcess(nodePath, [desktopProcess], {
      env: { DESKTOP: JSON.stringify({ ...device, scratch: folder.path }) },
    });
    await edge.line(/^opened$/, 30_000);
    assert.is(processesIn(folder.path).length, 2);
    process.kill(edge.pid, "SIGKILL");
    await edge.exited;
    for (let wait = 0; wait < 40 && processesIn(folder.path).length > 0; wait += 1) await delay(50);
    assert.equal(processesIn(folder.path), []);
  });

  test("a process that wants more memory than its limit dies; one that keeps within it does not", async () => {
    using folder = temporaryFolder();
    const run = async (megabytes: number) => {
      const program = `my $x = "a" x (${megabytes} * 1024 * 1024); exit 7`;
      await using child = startChild("perl", ["-e", program], {
        cwd: folder.path,
        env: {},
        limits: { dataBytes: 96 * mebibyte, fileBytes: 0 },
      });
      return await child.exited;
    };
    assert.equal(await run(16), { code: 7, signal: null });
    assert.is.not((await run(256)).code, 7);
  });

  test("a display that wants more than its memory limit dies and ends its desktop alone; the other one goes on", async () => {
    await using device = await startRdp({ security: "nla" });
    await using restless = await startRdp({ security: "nla", program: ["wish", noise] });
    using greedy = rdpUnderTest(restless);
    using modest = rdpUnderTest(device);
    const other = await modest.open({ session: "other" });
    const otherViewer = await viewScreen(other);
    await otherViewer.shows(() => device.screenshot());
    const opened = await greedy.open();
    await (await viewScreen(opened)).hasPicture();
    const pid = Number(greedy.processes().find(({ name }) => name === "Xvnc")?.pid);
    // The real limit, as if it had grown so far already: what changes from picture to picture has no room any more.
    const { code, stderr } = await runProcess("prlimit", [
      "--pid",
      `${pid}`,
      `--data=${dataBytes(pid)}`,
    ]);
    assert.is(code, 0, stderr);
    assert.is((await failureOf(opened)).code, "internal");
    assert.is((await opened.vendor.closed).reason, stopped);
    assert.ok(opened.recordings[0]?.isClosed);
    await greedy.isClean();
    await goesOn(otherViewer, device);
    await ended(other);
    await modest.isClean();
  });

  test("a device whose picture outgrows the display's memory is told as that, and costs no other desktop; one of 3840x2160 has room", async () => {
    await using device = await startRdp({ security: "nla" });
    await using vast = await startRdp({ security: "nla", size: "6000x4500" });
    await using large = await startRdp({ security: "nla", size: "3840x2160" });
    using modest = rdpUnderTest(device);
    const other = await modest.open({ session: "other" });
    const otherViewer = await viewScreen(other);
    await otherViewer.shows(() => device.screenshot());
    using greedy = rdpUnderTest(vast);
    const opened = await greedy.open();
    assert.is((await failureOf(opened)).code, "internal");
    assert.is(
      (await opened.vendor.closed).reason,
      'internal: "Press 7": its picture is larger than the edge can hold',
    );
    assert.ok(opened.recordings[0]?.isClosed);
    await greedy.isClean();
    using roomy = rdpUnderTest(large);
    const shown = await roomy.open({ session: "large" });
    await (await viewScreen(shown)).hasPicture();
    await ended(shown);
    await roomy.isClean();
    await goesOn(otherViewer, device);
    await ended(other);
    await modest.isClean();
  });

  test(`${maxDesktops} desktops at once, and no seventh; twenty opened and closed leave nothing`, async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    let opened = 0;
    const round = async (count: number): Promise<void> => {
      const all = await Promise.all(
        Array.from({ length: count }, async (_, index) =>
          desktop.open({ session: `session ${index}` }),
        ),
      );
      for (const { vendor } of all) await vendor.message("opened");
      opened += count;
      if (count === maxDesktops) {
        const refused = await desktop.open({ session: "one more" });
        assert.is((await failureOf(refused)).code, "rate_limited");
        assert.match(
          (await refused.vendor.closed).reason ?? "",
          /6 desktops are open on this edge/,
        );
      }
      await Promise.all(all.map(ended));
      await desktop.isClean();
    };
    await round(2);
    const files = readdirSync("/proc/self/fd").length;
    const bytes = process.memoryUsage().rss;
    for (const count of [maxDesktops, maxDesktops, maxDesktops]) await round(count);
    assert.is(opened, 20);
    // The last pipes close in a later turn than their processes.
    const opens = (): number => readdirSync("/proc/self/fd").length;
    for (let wait = 0; wait < 40 && opens() > files; wait += 1) await delay(50);
    assert.ok(opens() <= files, `${opens()} files are open, before ${files}`);
    const grown = process.memoryUsage().rss - bytes;
    assert.ok(grown < 64 * mebibyte, `grown by ${grown} bytes`);
  });
});
