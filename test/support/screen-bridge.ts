// A vendor's session as a process whose screens are ports of this machine: what speaks RFB to them stands where the vendor's page stands, behind the
// whole chain of relay, edge and device. No browser is needed to look at a screen many times, for long, or while parts of the chain are killed.
import type { Installation } from "./installation.ts";
import { grantedJob } from "./held-job.ts";
import { nodePath, startProcess, type RunningProcess } from "./process.ts";
import { openSocketViewer, type SocketViewer } from "./socket-viewer.ts";

const openLimitMs = 60_000;
const file = new URL("screen-bridge-process.ts", import.meta.url).pathname;

export interface ScreenBridge extends AsyncDisposable {
  readonly job: string;
  /** Prints a line of JSON for each event: `away`, `back`, `warning`, `closed` (a screen), `ended` (the session). */
  readonly process: RunningProcess;
  /** Where a first line `TARGET WIDTH HEIGHT` opens that target's screen. */
  readonly port: number;
  /** Opens a target's screen and greets it; the picture comes later. */
  view(target: string): Promise<SocketViewer>;
}

/** Asks for a job on the targets, has it approved, and holds its session. */
export async function openScreenBridge(
  site: Installation,
  targets: readonly string[],
  minutes = 10,
): Promise<ScreenBridge> {
  const job = await grantedJob(site, targets, minutes);
  const running = startProcess(nodePath, [file, job], { env: { ...site.vendor.env } });
  try {
    const [line] = await running.line(/^.*"event":"listening".*$/, openLimitMs);
    const { port } = JSON.parse(line) as { port: number };
    return {
      job,
      process: running,
      port,
      view: (target) => openSocketViewer(port, `${target} 800 600\n`),
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    };
  } catch (cause) {
    await running.end();
    throw cause;
  }
}
