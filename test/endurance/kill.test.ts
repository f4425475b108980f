// Relay, edge and vendor are killed (kill -9) at seeded points of a busy session, and started again each time. Whatever was acknowledged is still
// there, every file is whole, and no kill lengthens a grant. Set SALLYPORT_TEST_SEED to the printed seed to kill at the same points again.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { group } from "../support/group.ts";
import { grantedJob, holdJob, type HeldJob } from "../support/held-job.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import type { Finished } from "../support/process.ts";
import { BusySession } from "./busy-session.ts";
import {
  assertHolds,
  assertWholeJson,
  headersAtRelay,
  headersAtRunningRelay,
  journalOf,
  startedOf,
} from "./kept-state.ts";
import { seeded, seedOfRun, shuffled } from "./seeded.ts";

const killsOfEach = 20;
const grantedMinutes = 60;
const longestWayBytes = 512 * 1024;

const victims = ["relay", "edge", "vendor"] as const;
type Victim = (typeof victims)[number];

/** A busy session whose parts are killed, with what has to stay true from one kill to the next. */
class KilledSession implements AsyncDisposable {
  readonly #site: Installation;
  readonly #job: string;
  readonly #commands: Promise<Finished>[] = [];
  #busy: BusySession;
  #acknowledged = 0;
  /** The minutes began before this (monotonic clock), and the edge's disk says when. */
  #begun: { readonly beforeMs: number; readonly text: string } | undefined;

  private constructor(site: Installation, job: string, busy: BusySession) {
    this.#site = site;
    this.#job = job;
    this.#busy = busy;
  }

  static async begin(site: Installation): Promise<KilledSession> {
    const job = await grantedJob(site, ["press-hmi", "press-sink"], grantedMinutes);
    const busy = await BusySession.begin(site.vendor, await holdJob(site.vendor, job));
    const session = new KilledSession(site, job, busy);
    session.#begun = { beforeMs: performance.now(), text: startedOf(site.edge.folder) };
    return session;
  }

  /** Lets the session work for a while, kills one of its parts in the middle, and sees to it that all is as it must be. */
  async killInTheMiddle(victim: Victim, wayBytes: number): Promise<void> {
    await this.#busy.echo.advance(wayBytes);
    this.#busy.type();
    const command = this.#busy.command();
    command.catch(() => undefined);
    this.#commands.push(command);
    if (victim === "relay") await this.#killRelay();
    else if (victim === "edge") await this.#killEdge();
    else await this.#killVendor();
    this.#checkMinutes();
  }

  /** Ends the work, and gives what became of every command. */
  async end(): Promise<readonly Finished[]> {
    await this.#busy[Symbol.asyncDispose]();
    return Promise.all(this.#commands);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#busy[Symbol.asyncDispose]();
  }

  async #killRelay(): Promise<void> {
    const { relay, edge } = this.#site;
    const before = headersAtRunningRelay(relay.folder);
    relay.process.signal("SIGKILL");
    await relay.process.exited;
    const after = headersAtRelay(relay.folder);
    assert.ok(after.length >= Math.max(before.length, this.#acknowledged), "acknowledged is kept");
    assert.equal(after.slice(0, before.length), before);
    this.#acknowledged = after.length;
    await relay.restart();
    assertHolds(await journalOf(edge.folder), after);
    // The very same connections go on.
    this.#busy.type();
    await this.#busy.typedBack();
    await this.#busy.echo.advance(longestWayBytes);
  }

  async #killEdge(): Promise<void> {
    const { relay, edge, vendor } = this.#site;
    const before = await journalOf(edge.folder);
    edge.process.signal("SIGKILL");
    await edge.process.exited;
    const acknowledged = headersAtRunningRelay(relay.folder);
    this.#acknowledged = Math.max(this.#acknowledged, acknowledged.length);
    const killed = await journalOf(edge.folder);
    assert.ok(killed.length >= before.length);
    assertHolds(killed, acknowledged);
    await edge.restart();
    const { process } = this.#busy.held;
    const { code } = await process.exited;
    assert.is(code, 255, process.stderr);
    assert.match(process.stderr, /^sallyport: error: session was cut/m);
    assert.not.match(process.stdout, /"event":"ended"/);
    const { code: terminalCode } = await this.#busy.terminal.exited;
    assert.is(terminalCode, 255, this.#busy.terminal.stderr);
    const restarted = await journalOf(edge.folder);
    assertHolds(restarted, acknowledged);
    assert.ok(restarted.slice(killed.length).some(({ header }) => header.event === "edge-started"));
    assertWholeJson(edge.folder);
    await this.#beginAgain(vendor);
  }

  async #killVendor(): Promise<void> {
    const { vendor } = this.#site;
    const { process } = this.#busy.held;
    process.signal("SIGKILL");
    await process.exited;
    const { code } = await this.#busy.terminal.exited;
    assert.is(code, 255, this.#busy.terminal.stderr);
    assert.match(this.#busy.terminal.stderr, /^sallyport: error: session was cut/m);
    assertWholeJson(vendor.home);
    await this.#beginAgain(vendor);
  }

  async #beginAgain(vendor: Installation["vendor"]): Promise<void> {
    await this.#busy[Symbol.asyncDispose]();
    const askedMs = performance.now();
    const held: HeldJob = await holdJob(vendor, this.#job);
    const begun = this.#begun;
    assert.ok(begun);
    const leftMs = held.minutesLeft * 60_000;
    const mostMs = grantedMinutes * 60_000 - (askedMs - begun.beforeMs);
    assert.ok(leftMs <= mostMs, `${leftMs} ms are left, expected at most ${mostMs}`);
    this.#busy = await BusySession.begin(vendor, held);
  }

  #checkMinutes(): void {
    assert.is(startedOf(this.#site.edge.folder), this.#begun?.text, "the minutes began once");
  }
}

/** The whole record of the run verifies, and every recording that was torn says so. */
async function recordIsWhole({ owner, edge, folder, site, auditKey }: Installation): Promise<void> {
  const bundle = join(folder.path, "evidence.tar");
  await owner.do("export", "--out", bundle);
  const args = ["verify", "--site", site, "--audit-key", auditKey, bundle];
  const verified = await owner.run(args, { limitMs: 120_000 });
  assert.is(verified.code, 0, verified.stderr);
  const journal = await journalOf(edge.folder);
  const named = (event: string) => journal.filter(({ header }) => header.event === event);
  const closed = named("recording-closed").map(({ header }) => header.ids["recording"]);
  assert.is(new Set(closed).size, closed.length, "each recording is closed once");
  const torn = named("recording-closed").filter(({ details }) => details?.value["torn"] === true);
  assert.ok(torn.length >= killsOfEach, `${torn.length} torn recordings`);
  assert.is(named("edge-started").length, killsOfEach + 1);
  assert.not.ok(existsSync(join(edge.folder, "recordings/damaged")));
  const left = readdirSync(edge.folder).filter((name) => name.endsWith(".tmp"));
  assert.equal(left, []);
}

await group("kill -9", { timeoutMs: 880_000 }, (test) => {
  const seed = seedOfRun();
  test(`sixty kills in the middle of a busy session lose, tear and lengthen nothing (seed ${seed})`, async () => {
    process.stdout.write(`SALLYPORT_TEST_SEED=${seed}\n`);
    const random = seeded(seed);
    const all = victims.flatMap((victim) => Array.from({ length: killsOfEach }, () => victim));
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), { secondFactor: "waived" });
    await using session = await KilledSession.begin(site);
    for (const [at, victim] of shuffled(all, random).entries()) {
      const wayBytes = Math.floor(random() * longestWayBytes);
      try {
        await session.killInTheMiddle(victim, wayBytes);
      } catch (cause) {
        const where = `kill ${at + 1}, of the ${victim} after ${wayBytes} bytes, seed ${seed}`;
        throw new Error(`${where}: ${String(cause)}`, { cause });
      }
      if (process.env["TEST_VERBOSE"] !== undefined)
        process.stdout.write(`${Math.round(performance.now())} ${at} ${victim}\n`);
    }
    const commands = await session.end();
    assert.ok(commands.some(({ code }) => code === 0));
    await recordIsWhole(site);
  });
});
