// The relay dies (kill -9) and is started again while bytes are on their way: a channel resumes through the new process, and its ends see a pause,
// never a gap (shared/protocol.md, "Resumption"). Everything is the vendor's own tools over real processes.
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { bulkBytes, bulkHash } from "../plant/sink.ts";
import { startPlant, type Plant } from "../plant/plant.ts";
import { group } from "../support/group.ts";
import { grantedJob, holdJob, ownSshConfig, type LocalAddress } from "../support/held-job.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { startProcess, type RunningProcess } from "../support/process.ts";

const fileBytes = 50_000_000;
/** Slow enough that every restart falls into the middle. */
const kilobytesPerSecond = 20_000;
const transferLimitMs = 120_000;
const restartAt = [0.2, 0.5, 0.8];
const backLimitMs = 60_000;
const lookEveryMs = 10;

interface Surroundings extends AsyncDisposable {
  readonly plant: Plant;
  readonly site: Installation;
}

async function surroundings(): Promise<Surroundings> {
  await using started = new AsyncDisposableStack();
  const plant = started.use(await startPlant());
  const site = started.use(
    await startInstallation(plantTargets(plant), { secondFactor: "waived" }),
  );
  const ending = started.move();
  return { plant, site, [Symbol.asyncDispose]: () => ending.disposeAsync() };
}

/** Resolves once `amount` has reached `wanted`; rejects when `over` says why it never will. */
async function untilReached(
  amount: () => number,
  wanted: number,
  over: () => string | undefined,
): Promise<void> {
  while (amount() < wanted) {
    const end = over();
    if (end !== undefined) throw new Error(`it ended at ${amount()} of ${wanted}: ${end}`);
    await sleep(lookEveryMs);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest("hex");
}

/** Copies with rsync and kills the relay while the copy grows. */
async function rsyncThroughRestarts(
  { relay, vendor }: Installation,
  config: string,
  [from, to]: readonly [string, string],
  growing: string,
): Promise<void> {
  await using rsync = startProcess(
    "rsync",
    ["--inplace", "--whole-file", `--bwlimit=${kilobytesPerSecond}`]
      .concat(["-e", `ssh -F ${config}`])
      .concat([from, to]),
    { env: { ...vendor.env } },
  );
  let over: string | undefined;
  void rsync.exited.then(() => (over = rsync.stderr));
  for (const part of restartAt) {
    await untilReached(
      () => sizeOf(growing),
      fileBytes * part,
      () => over,
    );
    await relay.restart();
  }
  const limit = setTimeout(() => rsync.signal("SIGKILL"), transferLimitMs);
  const { code } = await rsync.exited;
  clearTimeout(limit);
  assert.is(code, 0, rsync.stderr);
}

/** Sends `order` to the sink, then `parts`, and gives what comes back. */
function exchange(
  { host, port }: LocalAddress,
  order: string,
  parts: Iterable<Buffer>,
): { readonly moved: () => number; readonly answer: Promise<Buffer> } {
  const socket = net.connect({ host, port, allowHalfOpen: true });
  const received: Buffer[] = [];
  let moved = 0;
  const answer = (async () => {
    socket.write(`${order}\n`);
    const sending = (async () => {
      for (const part of parts) {
        if (!socket.write(part)) {
          await new Promise((resolve) => socket.once("drain", resolve));
        }
        moved += part.length;
      }
      socket.end();
    })();
    for await (const chunk of socket) {
      received.push(chunk as Buffer);
      moved += (chunk as Buffer).length;
    }
    await sending;
    return Buffer.concat(received);
  })();
  return { moved: () => moved, answer };
}

/** The session's own channel was away, and is back a little later than the one that carried the bytes. */
async function comesBack(held: RunningProcess): Promise<void> {
  const away = held.count(/"event":"away"/);
  assert.ok(away > 0, held.stdout);
  await held.line(/"event":"back"/, backLimitMs, away - 1);
}

/** Types a line and waits for its echo; the echo of every line before it stands before it. */
async function typeLine(terminal: RunningProcess, line: string): Promise<void> {
  terminal.stdin.write(`${line}\r`);
  await terminal.line(new RegExp(`^${line}$`), backLimitMs);
}

await group("relay restarts", { timeoutMs: 300_000 }, (test) => {
  test("rsync through the vendor's own ssh finishes with equal hashes both ways, whether the tunnel joins a held session or opens its own", async () => {
    await using world = await surroundings();
    const { site, plant } = world;
    const sent = site.folder.file("sent.bin", randomBytes(fileBytes));
    const remote = join(plant.ssh.home, "received.bin");
    const back = join(site.folder.path, "back.bin");
    const job = await grantedJob(site, ["press-hmi"], 30);
    {
      await using held = await holdJob(site.vendor, job);
      const config = await ownSshConfig(site, "press-hmi");
      await rsyncThroughRestarts(site, config, [sent, `press-hmi:${remote}`], remote);
      await comesBack(held.process);
    }
    assert.is(await hashOf(remote), await hashOf(sent));
    const config = await ownSshConfig(site, "press-hmi");
    await rsyncThroughRestarts(site, config, [`press-hmi:${remote}`, back], back);
    assert.is(await hashOf(back), await hashOf(sent));
  });

  test("a terminal loses no character, and bulk bytes over TCP arrive whole both ways", async () => {
    await using world = await surroundings();
    const { site } = world;
    const job = await grantedJob(site, ["press-hmi", "press-sink"], 30);
    await using held = await holdJob(site.vendor, job);
    await using terminal = site.vendor.start(["ssh", "press-hmi"]);
    terminal.stdin.write("stty -echo; echo rea''dy; cat\r");
    await terminal.line(/ready$/, backLimitMs);

    const typed: string[] = [];
    const typing = new AbortController();
    const typist = (async () => {
      for (let count = 0; !typing.signal.aborted; count += 1) {
        const line = `${count} ${randomBytes(12).toString("hex")}`;
        typed.push(line);
        await typeLine(terminal, line);
      }
    })();
    const give = exchange(held.at("press-sink"), `give ${fileBytes}`, []);
    const take = exchange(held.at("press-sink"), "take", bulkBytes(fileBytes));
    for (const part of restartAt) {
      await untilReached(
        () => Math.min(give.moved(), take.moved()),
        fileBytes * part,
        () => undefined,
      );
      await site.relay.restart();
    }
    const given = await give.answer;
    assert.is(createHash("sha256").update(given).digest("hex"), bulkHash(fileBytes));
    assert.is((await take.answer).toString(), `${bulkHash(fileBytes)}\n`);
    typing.abort();
    await typist;
    const lines = terminal.stdout.split(/\r?\n/).filter((line) => /^\d+ [0-9a-f]{24}$/.test(line));
    assert.equal(lines, typed, "each line once and in order");
    await comesBack(held.process);
  });

  test("bytes that are typed while the relay is away arrive when it is back", async () => {
    await using world = await surroundings();
    const { site } = world;
    const job = await grantedJob(site, ["press-hmi"], 30);
    await using held = await holdJob(site.vendor, job);
    await using terminal = site.vendor.start(["ssh", "press-hmi"]);
    terminal.stdin.write("stty -echo; echo rea''dy; cat\r");
    await terminal.line(/ready$/, backLimitMs);
    site.relay.process.signal("SIGKILL");
    await held.process.line(/"event":"away"/, backLimitMs);
    terminal.stdin.write("typed while away\r");
    await site.relay.restart();
    await terminal.line(/^typed while away$/, backLimitMs);
    assert.is(terminal.count(/typed while away/), 1);
  });
});
