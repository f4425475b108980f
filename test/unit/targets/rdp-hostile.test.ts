// Remote desktops that attack whoever looks at them: with the right certificate and then garbage, nothing, or bytes without end; one that is killed in the middle.
// Each costs its own desktop, ends with its own fault, and nothing else: the edge's memory, the other desktops and the scratch folder stay as they were.
import { readdirSync, readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { keyEvent } from "../../../edge/targets/rfb/pressed-input.ts";
import { startHostileRdp, type HostileRdpKind } from "../../plant/hostile-rdp.ts";
import { startRdp, type RdpDevice } from "../../plant/rdp.ts";
import { group } from "../../support/group.ts";
import { failureOf } from "../../support/opened-target.ts";
import { viewScreen } from "../../support/screen-viewer.ts";
import { rdpUnderTest } from "./rdp-under-test.ts";

/** What a hostile VNC screen may cost (test/hostile/screen.test.ts). */
const mostGrowthBytes = 64 * 1024 * 1024;
/** And of the edge's thread in the long run (edge/targets/rfb/turn-budget.ts), on which every other session's echo waits. */
const mostShare = 0.25;
const lookMs = 200;

type Hostility = readonly [HostileRdpKind, "nla" | "tls", code: string, told: string];

const broke = "the device broke off before there was a desktop";
const unread = "the device gave no answer to the sign-in that can be read";

const killed = 'device_unreachable: "Press 7": the connection was lost';

/** No more at once than there may be beside another one. */
const hostilities: readonly (readonly Hostility[])[] = [
  [
    ["mute", "nla", "device_unreachable", unread],
    ["mute", "tls", "device_unreachable", broke],
    ["drip", "nla", "device_unreachable", unread],
    ["drip", "tls", "device_unreachable", broke],
    ["cut", "tls", "device_unreachable", broke],
  ],
  [
    ["garbage", "nla", "device_unreachable", unread],
    ["garbage", "tls", "device_unreachable", broke],
    ["endless", "nla", "device_unreachable", unread],
    ["endless", "tls", "device_unreachable", broke],
    // As of a wrong login.
    ["cut", "nla", "device_refused", "the device refused the sign-in"],
  ],
];

await group("targets/rdp, hostile", { timeoutMs: 150_000 }, (test) => {
  for (const round of hostilities) {
    const names = round.map(([kind, security]) => `${kind} (${security})`).join(", ");
    test(`beside an honest desktop, which notices nothing: ${names}`, async () => {
      await using honest = await startRdp({ security: "nla" });
      using desktop = rdpUnderTest(honest);
      const other = await desktop.open({ session: "other" });
      const viewer = await viewScreen(other);
      await viewer.shows(() => honest.screenshot());
      const startedMs = performance.now();
      const startedCpu = process.cpuUsage();
      const before = process.memoryUsage.rss();
      let most = before;
      const look = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), lookMs);
      await Promise.all(
        round.map(async ([kind, security, code, told]) => {
          await using device = await startHostileRdp(kind, security);
          using under = rdpUnderTest({ ...honest, ...device });
          const opened = await under.open({ session: `${kind} ${security}` });
          const { code: failed, message } = await failureOf(opened);
          const { reason } = await opened.vendor.closed;
          const what = `${kind} (${security}): ${message}`;
          assert.equal([failed, reason], [code, `${code}: "Press 7": ${told}`], what);
          assert.not(message.includes(device.password), "the password in a message");
          assert.ok(opened.recordings[0]?.isClosed, what);
          await under.isClean();
        }),
      );
      clearInterval(look);
      const { user, system } = process.cpuUsage(startedCpu);
      const share = (user + system) / 1000 / (performance.now() - startedMs);
      assert.ok(share < mostShare, `${share} of the edge's thread`);
      assert.ok(most - before < mostGrowthBytes, `grown by ${most - before} bytes`);
      await viewer.key(0x61);
      await viewer.until(() => /^key a$/m.test(honest.output()), "its key");
      await viewer.shows(() => honest.screenshot());
      await viewer.leave();
      await desktop.isClean();
    });
  }

  test("a device that is killed in mid-session ends its own desktop, with words, and no other", async () => {
    await using honest = await startRdp({ security: "nla" });
    await using frail = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(honest);
    using under = rdpUnderTest(frail);
    const other = await desktop.open({ session: "other" });
    const otherViewer = await viewScreen(other);
    await otherViewer.shows(() => honest.screenshot());
    const opened = await under.open({ session: "frail" });
    const viewer = await viewScreen(opened);
    await viewer.shows(() => frail.screenshot());
    await viewer.send(keyEvent(true, 0x61));
    process.kill(serverOf(frail), "SIGKILL");
    assert.is((await failureOf(opened)).code, "device_unreachable");
    assert.is((await opened.vendor.closed).reason, killed);
    assert.ok(opened.recordings[0]?.isClosed);
    await under.isClean();
    await otherViewer.key(0x62);
    await otherViewer.until(() => /^key b$/m.test(honest.output()), "its key");
    await otherViewer.leave();
    await desktop.isClean();
  });
});

/** The process that listens for remote desktops. */
function serverOf({ port }: RdpDevice): number {
  const started = `freerdp-shadow-cli\0/port:${port}\0`;
  const isIt = (pid: string): boolean => commandLineOf(pid).startsWith(started);
  return Number(readdirSync("/proc").find((entry) => /^\d+$/.test(entry) && isIt(entry)));
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
