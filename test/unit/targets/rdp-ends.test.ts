// Every way out of a desktop: what is killed, what dies of its limit, how many there may be; and that nothing stays behind on the edge.
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import * as assert from "uvu/assert";
import { startChild } from "../../../edge/targets/rdp/child.ts";
import { maxDesktops } from "../../../edge/targets/rdp.ts";
import { startRdp } from "../../plant/rdp.ts";
import { group } from "../../support/group.ts";
import { failureOf, type OpenedTarget } from "../../support/opened-target.ts";
import { nodePath, startProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { viewScreen } from "../../support/screen-viewer.ts";
import { processesIn, rdpUnderTest } from "./rdp-under-test.ts";

const mebibyte = 1024 * 1024;
const desktopProcess = new URL("rdp-desktop-process.ts", import.meta.url).pathname;

async function ended(opened: OpenedTarget): Promise<void> {
  opened.session.abort("over");
  await opened.served;
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
      const { code } = await failureOf(opened);
      assert.ok(code === "internal" || code === "device_unreachable", code);
      const { how, reason } = await opened.vendor.closed;
      assert.is(how, "aborted");
      assert.match(reason ?? "", /Press 7/);
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

  test("a desktop whose process dies ends alone; the other one goes on", async () => {
    await using device = await startRdp({ security: "nla" });
    using greedy = rdpUnderTest(device);
    using modest = rdpUnderTest(device);
    const other = await modest.open({ session: "other" });
    const otherViewer = await viewScreen(other);
    await otherViewer.shows(() => device.screenshot());
    const opened = await greedy.open();
    await opened.vendor.message("opened");
    const pid = greedy.processes().find(({ name }) => name === "xfreerdp")?.pid;
    process.kill(Number(pid), "SIGKILL");
    await failureOf(opened);
    await greedy.isClean();
    await otherViewer.key(0x61);
    await otherViewer.until(() => /^key a$/m.test(device.output()), "its key");
    await otherViewer.shows(() => device.screenshot());
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
