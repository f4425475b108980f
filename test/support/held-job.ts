// A job as its vendor has it in hand: asked for, approved, and held open by a `sallyport connect` that tells in lines of JSON what goes on.
import { join } from "node:path";
import type { Installation, Person } from "./installation.ts";
import { nodePath, type RunningProcess } from "./process.ts";

const commandFile = join(import.meta.dirname, "../../broker/command/sallyport.mjs");
const openLimitMs = 60_000;

/** Where a TCP target is reached on this machine. */
export interface LocalAddress {
  readonly host: string;
  readonly port: number;
}

export interface HeldJob extends AsyncDisposable {
  readonly job: string;
  readonly process: RunningProcess;
  /** What is left of the job, as the edge said when it admitted the session. */
  readonly minutesLeft: number;
  /** The only port of a TCP target. */
  at(target: string): LocalAddress;
}

/** Asks for a job on `targets`, and gives its id. */
export async function askedJob(
  vendor: Person,
  targets: readonly string[],
  minutes: number,
): Promise<string> {
  const options = ["--minutes", `${minutes}`, "--reason", "replace the drive"];
  const { job } = await vendor.ask<{ job: string }>("request", ...targets, ...options);
  return job;
}

/** Asks for a job on `targets`, has it approved, and gives its id. */
export async function grantedJob(
  { approver, vendor }: Installation,
  targets: readonly string[],
  minutes: number,
): Promise<string> {
  const job = await askedJob(vendor, targets, minutes);
  await approver.do("approve", job, "--yes");
  return job;
}

/** Holds a granted job by `sallyport connect`; resolves once it is admitted. */
export async function holdJob(vendor: Person, job: string): Promise<HeldJob> {
  const process = vendor.start(["connect", job, "--json"]);
  try {
    const [admitted] = await process.line(/^.*"event":"admitted".*$/, openLimitMs);
    const [connected] = await process.line(/^.*"event":"connected".*$/, openLimitMs);
    const { minutesLeft } = JSON.parse(admitted) as { minutesLeft: number };
    const { ports } = JSON.parse(connected) as {
      ports: readonly { target: string; host: string; localPort: number }[];
    };
    return {
      job,
      process,
      minutesLeft,
      at(target) {
        const found = ports.find((port) => port.target === target);
        if (found === undefined) throw new Error(`no port of "${target}" in ${connected}`);
        return { host: found.host, port: found.localPort };
      },
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (cause) {
    await process.end();
    throw cause;
  }
}

/** The path of an ssh_config with which the vendor's own ssh, scp and rsync reach `host` through `sallyport tunnel`, its host key checked. */
export async function ownSshConfig(
  { vendor, folder }: Installation,
  host: string,
  ...tunnelOptions: readonly string[]
): Promise<string> {
  const { stdout: knownHosts } = await vendor.do("known-hosts");
  return folder.file(
    "ssh_config",
    `Host ${host}
  ProxyCommand ${nodePath} ${commandFile} tunnel %h ${tunnelOptions.join(" ")}
  UserKnownHostsFile ${folder.file("known_hosts", knownHosts)}
  StrictHostKeyChecking yes
  LogLevel ERROR
`,
  );
}
