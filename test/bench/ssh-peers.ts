// The peers that the sealed channel is measured against: real OpenSSH through the same three places, vendor → relay → edge → sink.
// `reverse`: the edge dials out (ssh -R) and the vendor jumps (ssh -J), blind and outbound like ours. `jump`: ssh -J alone, the edge reachable.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

const readyLimitMs = 10_000;

export interface SshPeers extends AsyncDisposable {
  /** Local port whose connections end at the sink by `ssh -R` and `ssh -J`. */
  readonly reversePort: number;
  /** Local port whose connections end at the sink by `ssh -J`. */
  readonly jumpPort: number;
}

/** Starts two sshd (relay's and edge's place) and the vendor's two forwardings to `sinkPort`; all end with the result. */
export async function startSshPeers(sinkPort: number): Promise<SshPeers> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  const children: ChildProcess[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(children.map(endChild));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
    const relayPort = await freePort();
    const edgePort = await freePort();
    const reversedPort = await freePort();
    const reversePort = await freePort();
    const jumpPort = await freePort();
    const place = { folder, user: userInfo().username };
    const config = writeConfig(place, relayPort);
    children.push(startSshd(place, "relay", relayPort), startSshd(place, "edge", edgePort));
    await Promise.all([listening(relayPort), listening(edgePort)]);
    const ssh = (...args: string[]): ChildProcess =>
      spawn("ssh", ["-F", config, "-N", ...args], { stdio: ["ignore", "ignore", "inherit"] });
    children.push(ssh("-R", `127.0.0.1:${reversedPort}:127.0.0.1:${edgePort}`, "relay"));
    await listening(reversedPort);
    const forward = (port: number): string => `127.0.0.1:${port}:127.0.0.1:${sinkPort}`;
    children.push(ssh("-J", "relay", "-p", `${reversedPort}`, "-L", forward(reversePort), "place"));
    children.push(ssh("-J", "relay", "-p", `${edgePort}`, "-L", forward(jumpPort), "place"));
    await Promise.all([listening(reversePort), listening(jumpPort)]);
    return { reversePort, jumpPort, [Symbol.asyncDispose]: end };
  } catch (cause) {
    await end();
    throw cause;
  }
}

interface Place {
  readonly folder: string;
  readonly user: string;
}

function writeConfig({ folder, user }: Place, relayPort: number): string {
  const file = join(folder, "config");
  writeFileSync(
    file,
    `Host relay
  Port ${relayPort}
Host *
  HostName 127.0.0.1
  User ${user}
  IdentityFile ${join(folder, "key")}
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  ExitOnForwardFailure yes
`,
  );
  return file;
}

function startSshd({ folder }: Place, name: string, port: number): ChildProcess {
  const own = join(folder, name);
  mkdirSync(own, { mode: 0o700 });
  mkdirSync("/run/sshd", { recursive: true });
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(own, "host")]);
  writeFileSync(join(own, "authorized"), readFileSync(join(folder, "key.pub")));
  writeFileSync(
    join(own, "config"),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(own, "host")}
AuthorizedKeysFile ${join(own, "authorized")}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
LogLevel ERROR
`,
  );
  return spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(own, "config")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number): Promise<void> {
  const limitMs = performance.now() + readyLimitMs;
  while (!(await accepts(port))) {
    if (performance.now() > limitMs) throw new Error(`nothing listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await gone;
}
