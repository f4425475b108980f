// A whole installation on this machine, made the way its people make it: relay, edge and every person are real processes of the real
// commands, each with a home of its own. Everything ends, and every file goes, with the scope that holds it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TargetKindName } from "../../shared/document/rights.ts";
import { freePort } from "./port.ts";
import {
  nodePath,
  runProcess,
  startProcess,
  type Finished,
  type ProcessOptions,
  type RunningProcess,
} from "./process.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary.ts";

const root = join(import.meta.dirname, "../..");
const commandFile = join(root, "broker/command/sallyport.mjs");
const edgeFile = join(root, "edge/sallyport-edge.mjs");
const commandLimitMs = 60_000;
/** An authenticator shows a code for so long. */
const codeSeconds = 30;
/** What a command may take on a busy machine. */
const commandRoomMs = 12_000;

/** Somebody with a home, a key and, once enrolled, an authenticator. */
export class Person {
  readonly id: string;
  readonly home: string;
  readonly #env: Record<string, string>;
  /** Base32, as the authenticator app learnt it. */
  totpSecret: string | undefined;
  #lastStep = 0;

  constructor(id: string, folder: TemporaryFolder) {
    this.id = id;
    this.home = join(folder.path, "people", id);
    const passphrase = folder.file(
      `passphrase-${id.replace("/", "-")}`,
      `${crypto.randomUUID()}\n`,
    );
    this.#env = {
      SALLYPORT_HOME: this.home,
      SALLYPORT_PASSPHRASE_FILE: passphrase,
      XDG_RUNTIME_DIR: join(folder.path, "run", id),
    };
  }

  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  /** Runs `sallyport ARGS` to its end, whatever its exit code. */
  run(
    args: readonly string[],
    options: ProcessOptions & { input?: string; limitMs?: number } = {},
  ) {
    return runProcess(nodePath, [commandFile, ...args], {
      limitMs: commandLimitMs,
      ...options,
      env: { ...this.#env, ...options.env },
    });
  }

  /** Runs `sallyport ARGS`, which must succeed. */
  async do(...args: readonly string[]): Promise<Finished> {
    const finished = await this.run(args);
    if (finished.code !== 0) throw new Error(`${this.id}: ${explain(args, finished)}`);
    return finished;
  }

  /** The one JSON value that `sallyport ARGS --json` prints. */
  async ask<Answer>(...args: readonly string[]): Promise<Answer> {
    const { stdout } = await this.do(...args, "--json");
    return JSON.parse(stdout) as Answer;
  }

  /** Starts `sallyport ARGS` and leaves it running. */
  start(args: readonly string[], options: ProcessOptions = {}): RunningProcess {
    return startProcess(nodePath, [commandFile, ...args], {
      ...options,
      env: { ...this.#env, ...options.env },
    });
  }

  /** Enrols an authenticator and confirms it by the code before the present one, so that the present one is still unused. */
  async enrolTotp(): Promise<void> {
    const { secret } = await this.ask<{ secret: string }>("totp", "enrol");
    this.totpSecret = secret;
    await untilEarlyInStep();
    await this.do("totp", "confirm", await this.#codeAt(Date.now() / 1000 - codeSeconds));
  }

  /** A code that was not used yet; waits for the authenticator's next one if it must. */
  async code(): Promise<string> {
    const step = Math.floor(Date.now() / 1000 / codeSeconds);
    if (step <= this.#lastStep) {
      const nextAtMs = (this.#lastStep + 1) * codeSeconds * 1000;
      await new Promise((resolve) => setTimeout(resolve, nextAtMs - Date.now() + 50));
    }
    this.#lastStep = Math.floor(Date.now() / 1000 / codeSeconds);
    return this.#codeAt(Date.now() / 1000);
  }

  async #codeAt(seconds: number): Promise<string> {
    const at = new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19);
    const secret = this.totpSecret;
    if (secret === undefined) throw new Error(`${this.id} has no authenticator`);
    const { stdout } = await runProcess("oathtool", ["--totp", "-b", "-", "-N", `${at} UTC`], {
      input: `${secret}\n`,
    });
    return stdout.trim();
  }
}

// The code before the present one is good to the end of the present step, and a command on a busy machine takes seconds.
async function untilEarlyInStep(): Promise<void> {
  const intoStepMs = Date.now() % (codeSeconds * 1000);
  const leftMs = codeSeconds * 1000 - intoStepMs;
  if (leftMs < commandRoomMs) await new Promise((resolve) => setTimeout(resolve, leftMs + 50));
}

/** A process that may be killed and started again with the same state. */
export interface Restartable extends AsyncDisposable {
  readonly process: RunningProcess;
  /** Kills it (SIGKILL unless named) if it still runs, and starts it again. */
  restart(signal?: NodeJS.Signals): Promise<void>;
}

export interface RunningRelay extends Restartable {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Path of the PEM that vendors and edges trust. */
  readonly authority: string;
  readonly registrationToken: string;
}

/** Starts `sallyport relay` with its state under `folder`. */
export async function startRelay(
  folder: string,
  env: Record<string, string> = {},
): Promise<RunningRelay> {
  const port = await freePort();
  const state = join(folder, "relay");
  const relayEnv = {
    SALLYPORT_RELAY_LISTEN: `127.0.0.1:${port}`,
    SALLYPORT_RELAY_DATA_DIRECTORY: state,
    ...env,
  };
  const restartable = await startRestartable(
    () => startProcess(nodePath, [commandFile, "relay"], { env: relayEnv }),
    /"listening"/,
  );
  return Object.assign(restartable, {
    url: `https://127.0.0.1:${port}`,
    port,
    folder: state,
    authority: join(state, "tls/authority.crt"),
    registrationToken: join(state, "registration-token"),
  });
}

/** Starts `sallyport-edge run` with its state under `folder`; comes up by its claim. */
export async function startEdge(
  folder: string,
  claim: string,
  env: Record<string, string> = {},
): Promise<Restartable & { readonly folder: string }> {
  const state = join(folder, "edge");
  const edgeEnv = { SALLYPORT_EDGE_STATE: state, SALLYPORT_EDGE_CLAIM: claim, ...env };
  const restartable = await startRestartable(
    () => startProcess(nodePath, [edgeFile, "run"], { env: edgeEnv }),
    /introduced|admitted|ready|connected/,
  );
  return Object.assign(restartable, { folder: state });
}

async function startRestartable(start: () => RunningProcess, ready: RegExp): Promise<Restartable> {
  let process = start();
  await process.line(ready);
  return {
    get process() {
      return process;
    },
    async restart(signal = "SIGKILL") {
      process.signal(signal);
      await process.exited;
      process = start();
      await process.line(ready);
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

function explain(args: readonly string[], { code, stdout, stderr }: Finished): string {
  return `sallyport ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`;
}

export interface Installation extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly relay: RunningRelay;
  readonly edge: Restartable & { readonly folder: string };
  readonly site: string;
  readonly owner: Person;
  readonly approver: Person;
  readonly vendor: Person;
  /** The auditor's sealed key. */
  readonly auditKey: string;
  newPerson(id: string): Person;
}

/** One target as the site file and `site devices set` describe it. */
export interface TargetToAdd {
  readonly id: string;
  readonly name: string;
  readonly kind: TargetKindName;
  readonly rights: readonly string[];
  readonly device: readonly string[];
  readonly hostKeys?: readonly string[];
  readonly password?: string;
  readonly sshKey?: string;
}

export interface InstallationOptions {
  readonly secondFactor?: "required" | "waived";
  /** Names the relay's own signing page in the first manifest, so that passkeys can sign. */
  readonly signingPage?: boolean;
  /** What everybody has configured as their relay. */
  readonly openRelay?: (folder: string) => Promise<RunningRelay>;
  readonly edgeEnv?: Record<string, string>;
  /** Where the edge's state folder lies, if not in the installation's own folder. */
  readonly edgeFolder?: string;
}

/** Makes a site with an edge, the given targets, an approver and a vendor with an enrolled authenticator. */
export async function startInstallation(
  targets: readonly TargetToAdd[],
  options: InstallationOptions = {},
): Promise<Installation> {
  const { secondFactor = "required", openRelay = startRelay, edgeEnv = {} } = options;
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const relay = started.use(await openRelay(folder.path));
  const newPerson = (id: string): Person => new Person(id, folder);
  const [owner, approver, vendor] = [newPerson("anna"), newPerson("ben"), newPerson("vera")];
  const auditKey = join(folder.path, "audit-key.json");
  const atRelay = ["--relay", relay.url, "--authority", relay.authority];
  const register = ["--registration-token", relay.registrationToken];
  const keep = ["--audit-key", auditKey, "--sheet", join(folder.path, "sheet.txt")];
  const create = ["site", "create", "Press shop", "--yes", "--owner", owner.id];
  const { site } = await owner.ask<{ site: string }>(
    ...create,
    ...atRelay,
    ...register,
    ...keep,
    "--second-factor",
    secondFactor,
    ...(options.signingPage === true ? ["--signing-origin", signingOriginOf(relay)] : []),
  );
  const claim = join(folder.path, "claim.json");
  await owner.do("claim", "Hall 3", "--out", claim);
  const edgeFolder = options.edgeFolder ?? folder.path;
  const edge = started.use(await startEdge(edgeFolder, claim, edgeEnv));
  await introduce(owner, approver, ["--role", "approver"], relay);
  await introduce(owner, vendor, ["--role", "vendor"], relay);
  await acceptAll(owner, 3);
  await addTargets(owner, folder, targets);
  if (secondFactor === "required") await vendor.enrolTotp();
  const ending = started.move();
  return {
    folder,
    relay,
    edge,
    site,
    owner,
    approver,
    vendor,
    auditKey,
    newPerson,
    async [Symbol.asyncDispose]() {
      if (process.env["TEST_VERBOSE"] !== undefined) process.stdout.write(edge.process.stderr);
      await ending.disposeAsync();
    },
  };
}

/** Where the relay serves its signing page in development. */
export function signingOriginOf({ port }: RunningRelay): string {
  return `https://sign.localhost:${port}`;
}

/** Invites somebody and lets them answer, as over a shop floor's table. */
export async function introduce(
  inviter: Person,
  newcomer: Person,
  roles: readonly string[],
  relay: RunningRelay,
): Promise<void> {
  const { link } = await inviter.ask<{ link: string }>("invite", newcomer.id, ...roles);
  await newcomer.do("introduce", link, "--authority", relay.authority);
}

/** Changes the site file, and has the owner sign it as the next manifest. */
export async function editSite(
  { owner, folder }: Pick<Installation, "owner" | "folder">,
  change: (text: string) => string,
): Promise<void> {
  const { stdout } = await owner.do("site", "show");
  const changed = change(stdout);
  if (changed === stdout) throw new Error(`nothing to change in the site file:\n${stdout}`);
  await owner.do("site", "apply", folder.file("site.yaml", changed), "--yes");
}

/** Accepts once `count` newcomers wait: an edge introduces itself in its own time. */
async function acceptAll(owner: Person, count: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const waiting = await owner.ask<readonly unknown[]>("accept", "--list");
    if (waiting.length >= count) {
      await owner.do("accept", "--yes");
      return;
    }
  }
  throw new Error(`fewer than ${count} newcomers introduced themselves`);
}

async function addTargets(
  owner: Person,
  folder: TemporaryFolder,
  targets: readonly TargetToAdd[],
): Promise<void> {
  const lines = targets.map(
    ({ id, name, kind, rights }) =>
      `  ${id}: {name: ${JSON.stringify(name)}, kind: ${kind}, edge: Hall 3, rights: [${rights.join(", ")}], policy: standard}`,
  );
  await editSite({ owner, folder }, (text) =>
    text.replace("targets: {}", `targets:\n${lines.join("\n")}`),
  );
  for (const target of targets) {
    const keys =
      target.hostKeys === undefined
        ? []
        : ["--host-keys", folder.file(`${target.id}.keys`, `${target.hostKeys.join("\n")}\n`)];
    await owner.do("site", "devices", "set", target.id, "--yes", ...target.device, ...keys);
    if (target.password !== undefined) {
      const finished = await owner.run(
        ["site", "secrets", "set", target.id, "--yes", "--password-file", "-"],
        { input: `${target.password}\n` },
      );
      if (finished.code !== 0) throw new Error(finished.stderr);
    }
    if (target.sshKey !== undefined) {
      const key = folder.file(`${target.id}.key`, target.sshKey);
      await owner.do("site", "secrets", "set", target.id, "--yes", "--ssh-key", key);
    }
  }
}

/** What a process wrote about itself: its journal, log or state, as one text. */
export function readText(path: string): string {
  return readFileSync(path, "utf8");
}
