// What can be wrong with a device, an edge, a relay or a code, and what the vendor then reads: an exit code, one line that says what happened,
// one that says what to do next. Addresses, logins and pins stand in the edge's journal alone, and secrets nowhere.
import { once } from "node:events";
import net from "node:net";
import * as assert from "uvu/assert";
import { startPlant, type Plant } from "../plant/plant.ts";
import { group } from "../support/group.ts";
import { askedJob, grantedJob, holdJob, type HeldJob } from "../support/held-job.ts";
import { startInstallation, type Installation, type TargetToAdd } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { freePort } from "../support/port.ts";
import { nodePath, runProcess, startProcess, type Finished } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { smallDisk } from "../unit/record/small-disk.ts";
import { journalOf } from "../endurance/kept-state.ts";

const limitMs = 60_000;
const typeEveryMs = 300;
const wrongPassword = "tulip-arrow-wrong";
const diskBytes = 96 * 1024 * 1024;
/** Less than recordings leave to the journal and the vault. */
const spareBytes = 8 * 1024 * 1024;

/** A port whose host does not answer at all: a listener that never accepts and whose queue is full, so that every further SYN is dropped. */
async function startBlackHole(): Promise<{ readonly port: number } & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const script = `require("node:net").createServer().listen({ host: "127.0.0.1", port: 0, backlog: 1 }, function () {
    console.log("listens on " + this.address().port);
  });`;
  const listener = started.use(startProcess(nodePath, ["-e", script]));
  const port = Number((await listener.line(/^listens on (\d+)$/))[1]);
  listener.signal("SIGSTOP");
  // The kernel completes as many connections as the queue holds; of four, the last ones wait.
  const sockets = Array.from({ length: 4 }, () => net.connect({ host: "127.0.0.1", port }));
  started.defer(() => {
    for (const socket of sockets) socket.destroy();
    listener.signal("SIGCONT");
  });
  for (const socket of sockets) socket.on("error", () => socket.destroy());
  await Promise.any(sockets.map((socket) => once(socket, "connect")));
  const ending = started.move();
  return { port, [Symbol.asyncDispose]: () => ending.disposeAsync() };
}

async function otherHostKey(): Promise<string> {
  using folder = temporaryFolder();
  const file = folder.file("other");
  await runProcess("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  const { stdout } = await runProcess("cat", [`${file}.pub`]);
  return stdout.trim();
}

/** The plant's targets, and four that something is wrong with. */
async function faultyTargets(plant: Plant, silentPort: number): Promise<readonly TargetToAdd[]> {
  const sound = plantTargets(plant);
  const [hmi] = sound;
  assert.ok(hmi);
  const tcp = (id: string, name: string, port: number): TargetToAdd => ({
    id,
    name,
    kind: "tcp",
    rights: ["connect"],
    device: ["--host", "127.0.0.1", "--port", `${port}`],
  });
  return [
    hmi,
    { ...hmi, id: "changed-hmi", name: "Replaced HMI", hostKeys: [await otherHostKey()] },
    { ...hmi, id: "locked-hmi", name: "Relocked HMI", password: wrongPassword },
    tcp("closed-plc", "Switched-off controller", await freePort()),
    tcp("silent-plc", "Unplugged controller", silentPort),
  ];
}

/** One error line, which says what to do next or has a hint, no secret, no address, no stack. */
function isClear(
  { code, stderr }: Finished,
  expected: { readonly code: number; readonly error: RegExp; readonly hint?: RegExp },
  { ssh }: Plant,
): void {
  assert.is(code, expected.code, stderr);
  const errors = stderr.match(/^sallyport: error: .*$/gm) ?? [];
  assert.is(errors.length, 1, stderr);
  assert.match(errors[0] ?? "", expected.error);
  const hints = (stderr.match(/^sallyport: hint: .*$/gm) ?? []).join("\n");
  if (expected.hint) assert.match(hints, expected.hint);
  for (const hidden of [ssh.password ?? "", wrongPassword, ssh.login, `:${ssh.port}`, "    at "]) {
    assert.not.ok(hidden !== "" && stderr.includes(hidden), `"${hidden}" in ${stderr}`);
  }
}

/** Connects to a TCP target that cannot be reached; resolves with the line that tells it. */
async function failsToConnect(held: HeldJob, target: string): Promise<string> {
  const before = held.process.count(/"event":"opening-failed"/);
  const socket = net.connect(held.at(target));
  socket.on("error", () => socket.destroy());
  const [line] = await held.process.line(/^.*"event":"opening-failed".*$/, limitMs, before);
  if (!socket.closed) await once(socket, "close");
  assert.match(line, `"target":"${target}"`);
  assert.match(line, /"hints":\["ask the site whether it is on/);
  return line;
}

async function journaled(site: Installation, target: string): Promise<readonly string[]> {
  const entries = await journalOf(site.edge.folder);
  return entries
    .filter(({ header }) => header.event === "opening-ended" && header.ids["target"] === target)
    .map(({ details }) => JSON.stringify(details?.value ?? {}));
}

await group("device faults", { timeoutMs: 240_000 }, (test) => {
  test("a device that is away, changed or refuses is told clearly, journaled with its address, and harms nothing else", async () => {
    await using plant = await startPlant();
    await using silent = await startBlackHole();
    const targets = await faultyTargets(plant, silent.port);
    await using site = await startInstallation(targets, { secondFactor: "waived" });
    const { vendor, owner, edge } = site;
    const job = await grantedJob(
      site,
      targets.map(({ id }) => id),
      30,
    );
    await using held = await holdJob(vendor, job);
    const run = (target: string) => vendor.run(["ssh", target, "--", "true"], { limitMs });

    isClear(
      await run("changed-hmi"),
      { code: 76, error: /"Replaced HMI" is not the device/, hint: /replaced/ },
      plant,
    );
    isClear(
      await run("locked-hmi"),
      { code: 77, error: /"Relocked HMI" refused the edge/, hint: /secret/ },
      plant,
    );
    assert.match(
      await failsToConnect(held, "closed-plc"),
      /device_unreachable: \\"Switched-off controller\\" cannot be reached from the edge/,
    );
    assert.match(
      await failsToConnect(held, "silent-plc"),
      /device_unreachable: \\"Unplugged controller\\" cannot be reached from the edge/,
    );
    // The session goes on.
    assert.is((await run("press-hmi")).code, 0);

    const told = (target: string) => journaled(site, target).then((lines) => lines.join("\n"));
    const at = `127.0.0.1:${plant.ssh.port}`;
    assert.match(
      await told("changed-hmi"),
      new RegExp(`device_changed.*${at} shows host key SHA256:`),
    );
    assert.match(await told("locked-hmi"), new RegExp(`device_refused.*${at}.*wrong secret`));
    assert.match(await told("closed-plc"), /device_unreachable.*ECONNREFUSED/);
    assert.match(await told("silent-plc"), /device_unreachable.*no answer in 10 s/);
    const journal = (await owner.do("journal")).stdout;
    for (const text of [journal, edge.process.stderr, held.process.stdout, held.process.stderr]) {
      assert.not.ok(text.includes(wrongPassword));
      assert.not.ok(text.includes(plant.ssh.password ?? wrongPassword));
    }
  });

  test("an approver accepts a replaced device's key for the running job, and the vendor is in; another job is not", async () => {
    await using plant = await startPlant();
    const [hmi] = plantTargets(plant);
    assert.ok(hmi);
    const changed = { ...hmi, id: "changed-hmi", hostKeys: [await otherHostKey()] };
    await using site = await startInstallation([changed], { secondFactor: "waived" });
    const { vendor, approver, edge } = site;
    const job = await grantedJob(site, ["changed-hmi"], 30);
    const run = () => vendor.run(["ssh", "changed-hmi", "--", "true"], { limitMs });
    await using held = await holdJob(vendor, job);
    assert.is((await run()).code, 76);

    const status = JSON.parse((await approver.do("status", "--json")).stdout) as {
      changedDevices: { target: string; shown: string; fingerprint: string; pinned: string[] }[];
    };
    const [found] = status.changedDevices;
    assert.is(found?.target, "changed-hmi");
    assert.equal([found?.shown, found?.pinned], [plant.ssh.hostKeys[0], changed.hostKeys]);
    const key = found?.fingerprint ?? "";
    const asked = ["--target", "changed-hmi", "--key", key];
    assert.is((await approver.run(["accept-key", ...asked, "--yes"], { limitMs })).code, 64);
    await approver.do("accept-key", job, ...asked, "--yes");
    await held.process.line(/"event":"extended"/, limitMs);
    const ran = await run();
    assert.is(ran.code, 0, ran.stderr);
    await approver.do("end", job, "--yes");
    await held.process.exited;

    await using other = await holdJob(vendor, await grantedJob(site, ["changed-hmi"], 30));
    assert.is((await run()).code, 76, `${other.job} accepts no other key`);
    const events = (await journalOf(edge.folder)).map(({ header }) => header.event);
    assert.is(events.filter((event) => event === "device-key-accepted").length, 1);
  });

  test("an edge that is away is waited for, a relay that is away is named, and both heal", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), { secondFactor: "waived" });
    const { vendor, approver, relay, edge } = site;
    edge.process.signal("SIGKILL");
    await edge.process.exited;
    const job = await askedJob(vendor, ["press-hmi"], 30);
    await approver.do("approve", job, "--yes");
    await using waiting = vendor.start(["connect", job, "--json"]);
    await waiting.line(/"event":"edge-away"/, limitMs);
    await edge.restart();
    await waiting.line(/"event":"admitted"/, limitMs);
    const ran = await vendor.run(["ssh", "press-hmi", "--", "true"], { limitMs });
    assert.is(ran.code, 0, `${ran.stdout}${ran.stderr}${waiting.stdout}${waiting.stderr}`);

    // Away in the middle: the held session says so, and ends as cut once the edge is back without it.
    edge.process.signal("SIGKILL");
    await edge.process.exited;
    await waiting.line(/"event":"away"/, limitMs);
    await edge.restart();
    assert.is((await waiting.exited).code, 255);
    isClear(
      { ...(await waiting.exited), stdout: "", stderr: waiting.stderr, stdoutBytes: Buffer.of() },
      { code: 255, error: /session was cut/, hint: /open it again while the grant runs/ },
      plant,
    );

    relay.process.signal("SIGKILL");
    await relay.process.exited;
    isClear(
      await vendor.run(["requests"]),
      { code: 69, error: /relay "https:.*" cannot be reached: .*ECONNREFUSED/, hint: /running/ },
      plant,
    );
    await relay.restart();
    await using again = await holdJob(vendor, job);
    assert.ok(again.minutesLeft < 30);
  });

  test("a wrong code, and a job whose time is over, are refused with what to do next", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant));
    const { vendor, approver } = site;
    const job = await grantedJob(site, ["press-hmi"], 30);
    const right = await vendor.code();
    const wrong = right === "123456" ? "654321" : "123456";
    isClear(
      await vendor.run(["connect", job, "--code", wrong], { limitMs }),
      { code: 77, error: /code is wrong or used, wait for the next one/ },
      plant,
    );
    await using held = vendor.start(["connect", job, "--json", "--code", await vendor.code()]);
    await held.line(/"event":"admitted"/, limitMs);

    const options = ["--reason", "too late", "--start-within", "1s"];
    const { job: late } = await vendor.ask<{ job: string }>("request", "press-hmi", ...options);
    const states = async () =>
      await vendor.ask<readonly { job: string; state: string }[]>("requests", "--all");
    while ((await states()).find((each) => each.job === late)?.state !== "expired");
    isClear(
      await vendor.run(["connect", late]),
      { code: 77, error: /is over/, hint: /ask for a new one: sallyport request press-hmi/ },
      plant,
    );
    const approved = await approver.run(["approve", late, "--yes"]);
    assert.is(approved.code, 77, approved.stderr);
    assert.match(approved.stderr, /is expired already/);
  });

  test("a disk that is full ends what cannot be recorded, keeps the journal, and lets everybody in again once there is room", async () => {
    await using disk = await smallDisk(diskBytes);
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), {
      secondFactor: "waived",
      edgeFolder: disk.path,
    });
    const { vendor, owner, edge } = site;
    const job = await grantedJob(site, ["press-hmi", "press-sink"], 30);
    {
      await using held = await holdJob(vendor, job);
      await using terminal = vendor.start(["ssh", "press-hmi"]);
      terminal.stdin.write("echo rea''dy\r");
      await terminal.line(/ready$/, limitMs);
      await disk.fill(spareBytes);
      const typing = setInterval(() => terminal.stdin.write("echo mo''re\r"), typeEveryMs);
      await held.process.line(/"event":"ended"/, limitMs).finally(() => clearInterval(typing));
      assert.match(held.process.stdout, /unavailable: the edge cannot serve this now/);
      assert.is.not((await terminal.exited).code, 0);
    }
    // Whoever comes now is told, and the edge still answers its people: the journal has room of its own.
    {
      await using held = await holdJob(vendor, job);
      isClear(
        await vendor.run(["ssh", "press-hmi", "--", "true"], { limitMs }),
        { code: 69, error: /disk_full|recording_failed/, hint: /look after the edge/ },
        plant,
      );
      await held.process.exited;
    }
    const journal = (await owner.do("journal")).stdout;
    assert.match(journal, /disk_full|recording_failed/);
    assert.match(journal, /edge-failing/);
    await disk.free();
    {
      await using held = await holdJob(vendor, job);
      assert.is((await vendor.run(["ssh", "press-hmi", "--", "true"], { limitMs })).code, 0);
      // With no room left at all, the edge ends everything and then itself, and says so.
      await disk.fill();
      await vendor.run(["ssh", "press-hmi", "--", "true"], { limitMs });
      assert.is((await edge.process.exited).code, 74, edge.process.stderr);
      assert.match(edge.process.stderr, /journal failed: no space left/);
      await disk.free();
      await edge.restart();
      await held.process.exited;
      const told = `${held.process.stdout}${held.process.stderr}`;
      assert.match(told, /unavailable: the edge cannot serve this now|session was cut/);
    }
    await journalOf(edge.folder);
    await using held = await holdJob(vendor, job);
    assert.is((await vendor.run(["ssh", "press-hmi", "--", "true"], { limitMs })).code, 0);
    assert.ok(held.minutesLeft < 30);
  });
});
