// The main job, end to end, by real processes: request, approval, prompt, files, registers, extension, warning, cut, record, evidence.
import { createHash, randomBytes } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { memoryHolds } from "../support/process-memory.ts";
import { nodePath, runProcess, type RunningProcess } from "../support/process.ts";

const fileBytes = 3_000_000;
/** One minute by the grant, one by the extension. */
const grantedMs = 120_000;
const commandFile = join(import.meta.dirname, "../../broker/command/sallyport.mjs");

interface Connected {
  readonly ports: readonly { target: string; host: string; port: number; localPort: number }[];
}

await group("the main job", { timeoutMs: 420_000 }, (test) => {
  test("one request, one approval, one session on two devices, its end, its record and its evidence", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant));
    const { owner, approver, vendor } = site;

    // The vendor asks for one job on two targets and waits.
    const why = ["--reason", "replace the axis drive's parameters", "--ticket", "WO-1187"];
    const targets = ["press-hmi", "press-plc"];
    const { job } = await vendor.ask<{ job: string }>(
      "request",
      ...targets,
      "--minutes",
      "10",
      ...why,
    );
    await using held = vendor.start(["connect", job, "--json", "--code", await vendor.code()]);
    await held.line(/"event":"waiting"/);

    // The approver reads the question and grants one minute of the ten; the waiting session opens by itself.
    const question = await approver.do("approve", job, "--minutes", "1", "--yes");
    for (const word of ["vera", "press-hmi", "axis drive", "WO-1187"]) {
      assert.ok(question.stderr.includes(word) || question.stdout.includes(word), word);
    }
    await held.line(/"event":"admitted"/);
    const connected = JSON.parse((await held.line(/^.*"event":"connected".*$/))[0]) as Connected;
    // The minutes begin with the first opening, which is somewhere within the first command.
    const beforeFirstMs = performance.now();
    await vendor.do("ssh", "press-hmi", "--", "true");
    const afterFirstMs = performance.now();
    await runsCommands(site, plant.ssh.login);
    await movesFiles(site, plant.ssh.home);
    await readsRegisters(connected, held);

    // Extended in place to two minutes in all.
    await approver.do("extend", job, "--by", "1", "--yes");
    await held.line(/"event":"extended"/);
    secretIsNowhere(site, held, plant.ssh.password);

    // Warned, then cut within a second of the end.
    await held.line(/"event":"warning"/, 130_000);
    await held.line(/"event":"ended"/, 130_000);
    const endedMs = performance.now();
    assert.ok(endedMs - afterFirstMs < grantedMs + 1_000, `${endedMs - afterFirstMs} ms`);
    assert.ok(endedMs - beforeFirstMs >= grantedMs, `${endedMs - beforeFirstMs} ms`);
    assert.is((await held.exited).code, 0);

    await recordingPlays(owner);
    await evidenceVerifies(site);
  });
});

async function runsCommands({ vendor }: Installation, login: string): Promise<void> {
  const whoami = await vendor.run(["ssh", "press-hmi", "--", "whoami"]);
  assert.is(whoami.stdout, `${login}\n`, whoami.stderr);
  const failing = await vendor.run(["ssh", "press-hmi", "--", "echo out; echo err >&2; exit 7"]);
  assert.equal(
    [failing.code, failing.stdout, failing.stderr.includes("err\n")],
    [7, "out\n", true],
  );
}

/** The vendor's own ssh, scp and rsync, with the edge's host key out of the verified manifest. */
async function movesFiles({ vendor, folder }: Installation, home: string): Promise<void> {
  const { stdout: knownHosts } = await vendor.do("known-hosts");
  const config = folder.file(
    "ssh_config",
    `Host press-hmi
  ProxyCommand ${nodePath} ${commandFile} tunnel %h
  UserKnownHostsFile ${folder.file("known_hosts", knownHosts)}
  StrictHostKeyChecking yes
  LogLevel ERROR
`,
  );
  const env = { ...vendor.env };
  const content = randomBytes(fileBytes);
  const sent = folder.file("sent.bin", content);
  const remote = join(home, "received.bin");
  const back = join(folder.path, "back.bin");
  const ssh = await runProcess("ssh", ["-F", config, "press-hmi", "echo by-ssh"], { env });
  assert.is(ssh.stdout, "by-ssh\n", ssh.stderr);
  const limitMs = 60_000;
  for (const [program, args] of [
    ["scp", ["-F", config, sent, `press-hmi:${remote}`]],
    ["rsync", ["-e", `ssh -F ${config}`, `press-hmi:${remote}`, back]],
  ] as const) {
    const moved = await runProcess(program, args, { env, limitMs });
    assert.is(moved.code, 0, `${program}: ${moved.stderr}`);
  }
  assert.is(hashOf(readFileSync(remote)), hashOf(content));
  assert.is(hashOf(readFileSync(back)), hashOf(content));
}

async function readsRegisters({ ports }: Connected, held: RunningProcess): Promise<void> {
  const plc = ports.find(({ target }) => target === "press-plc");
  assert.ok(plc, held.stdout);
  const where = ["-m", "tcp", "-p", `${plc.localPort}`, plc.host];
  const read = await runProcess("mbpoll", ["-a", "1", "-r", "1", "-c", "2", "-1", ...where]);
  assert.match(read.stdout, /\[1\]:\s+\d+/, read.stderr);
}

/** The device's password is nowhere on the relay's and the vendor's side; a planted control shows that the search finds what is there. */
function secretIsNowhere(
  { relay, vendor, folder }: Installation,
  held: RunningProcess,
  password: string | undefined,
): void {
  assert.ok(password, "this test runs as root, so that the device has a password");
  const secret = Buffer.from(password);
  const control = Buffer.from(vendor.id);
  for (const { pid } of [relay.process, held]) {
    assert.ok(memoryHolds(pid, control), `process ${pid} holds the control`);
    assert.not.ok(memoryHolds(pid, secret), `process ${pid} holds the device's password`);
    assert.not.ok(readFileSync(`/proc/${pid}/cmdline`).includes(secret));
    assert.not.ok(readFileSync(`/proc/${pid}/environ`).includes(secret));
  }
  for (const path of [relay.folder, vendor.home, join(folder.path, "edge")]) {
    assert.not.ok(folderHolds(path, secret), path);
  }
  assert.ok(folderHolds(vendor.home, Buffer.from("BEGIN CERTIFICATE")), "the search finds a file");
  assert.not.ok(`${relay.process.stdout}${relay.process.stderr}`.includes(password));
}

async function recordingPlays(owner: Installation["owner"]): Promise<void> {
  const recordings =
    await owner.ask<readonly { id: string; kind: string; target: string }[]>("recordings");
  const exec = recordings.find(({ kind }) => kind === "exec");
  assert.ok(exec, JSON.stringify(recordings));
  assert.ok(recordings.some(({ target }) => target === "press-plc"));
  const played = await owner.do("play", exec.id);
  assert.match(played.stdout, /whoami|out|by-ssh/);
}

async function evidenceVerifies({ owner, folder, site, auditKey }: Installation): Promise<void> {
  const bundle = join(folder.path, "evidence.tar");
  const witness = join(folder.path, "witness.json");
  await owner.do("export", "--out", bundle, "--witness", witness);
  const verify = (file: string) =>
    owner.run(["verify", "--site", site, file], { env: { SALLYPORT_HOME: "/nonexistent" } });
  const sound = await verify(bundle);
  assert.is(sound.code, 0, sound.stderr);
  assert.match(sound.stdout, /complete from .* to /);
  const witnessed = await owner.ask<{ witnessed: { n: number; by: string }; to: { n: number } }>(
    "verify",
    "--site",
    site,
    bundle,
    "--witness",
    witness,
  );
  assert.match(witnessed.witnessed.by, /^relay "/);
  assert.ok(witnessed.witnessed.n > witnessed.to.n - 20, JSON.stringify(witnessed));
  assert.is((await owner.run(["verify", "--site", site, "--audit-key", auditKey, bundle])).code, 0);

  const size = statSync(bundle).size;
  const tampered = join(folder.path, "tampered.tar");
  for (let count = 0; count < 12; count += 1) {
    const bytes = readFileSync(bundle);
    const at = Math.floor((size / 12) * count + Math.random() * (size / 12));
    bytes[at] = (bytes[at] ?? 0) ^ 0x01;
    writeFileSync(tampered, bytes);
    assert.is.not((await verify(tampered)).code, 0, `byte ${at} of ${size} is changed`);
  }
  cpSync(bundle, tampered);
  truncateSync(tampered, size - 512);
  assert.is.not((await verify(tampered)).code, 0, "the end is cut");
  await eachFileIsMissed(bundle, folder.path, verify);
}

/** With any one file taken out of the bundle, verification fails. */
async function eachFileIsMissed(
  bundle: string,
  folder: string,
  verify: (file: string) => Promise<{ code: number | null }>,
): Promise<void> {
  const listed = await runProcess("tar", ["-tf", bundle]);
  const names = listed.stdout.split("\n").filter((name) => name !== "" && !name.endsWith("/"));
  assert.ok(names.length > 10, listed.stdout);
  mkdirSync(join(folder, "cut"), { recursive: true });
  for (const name of names) {
    const cut = join(folder, "cut", "cut.tar");
    cpSync(bundle, cut);
    await runProcess("tar", ["--delete", "-f", cut, name]);
    assert.is.not((await verify(cut)).code, 0, `without "${name}"`);
  }
}

function folderHolds(path: string, needle: Buffer): boolean {
  if (statSync(path).isFile()) return readFileSync(path).includes(needle);
  if (!statSync(path).isDirectory()) return false;
  return readdirSync(path).some((name) => folderHolds(join(path, name), needle));
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
