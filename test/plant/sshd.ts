// The plant's SSH device: Debian's own sshd on a free loopback port, with keys and (as root) a user and password made for this run.
// It allows every forwarding and environment that sshd can allow, so that a refusal seen by a test is ours.
import { readFileSync, mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { freePort } from "../support/port.ts";
import { runProcess, startProcess } from "../support/process.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";
import { addSystemUser } from "./system-user.ts";

export interface Sshd extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly login: string;
  /** Of `login`; undefined when the test does not run as root: then sshd cannot check passwords. */
  readonly password: string | undefined;
  /** OpenSSH private key, without passphrase, that `login` may use. */
  readonly privateKey: string;
  /** As a device document has them: `ssh-ed25519 AAAA…`. */
  readonly hostKeys: readonly string[];
  readonly home: string;
  /** What sshd logged so far. */
  readonly log: string;
}

const portAttempts = 5;

export interface SshdOptions {
  /** Lines of sshd_config that come first and so outweigh the plant's own. */
  readonly config?: readonly string[];
  /** Of the host key; `ed25519` unless said otherwise. */
  readonly hostKeyType?: "ed25519" | "ecdsa" | "rsa";
}

/** Starts sshd; resolves when it listens. Disposing ends it, its sessions and its user. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const user = process.getuid?.() === 0 ? started.use(await addSystemUser()) : undefined;
  const login = user?.name ?? userInfo().username;
  await makeKey(folder, "host", options.hostKeyType ?? "ed25519");
  await makeKey(folder, "login", "ed25519");
  const { port, daemon } = await listen(folder, login, options.config ?? []);
  started.use(daemon);
  const ending = started.move();
  return {
    host: "127.0.0.1",
    port,
    login,
    password: user?.password,
    privateKey: readFileSync(folder.file("login"), "utf8"),
    hostKeys: [publicKeyLine(folder, "host")],
    home: user?.home ?? userInfo().homedir,
    get log() {
      return daemon.stderr;
    },
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

async function listen(folder: TemporaryFolder, login: string, first: readonly string[]) {
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const config = folder.file(
      "sshd_config",
      [...first, configText(folder, login, port)].join("\n"),
    );
    const daemon = startProcess("/usr/sbin/sshd", ["-D", "-e", "-f", config]);
    try {
      await daemon.line(/^Server listening on /);
      return { port, daemon };
    } catch (cause) {
      await daemon.end();
      if (attempt === portAttempts || !daemon.stderr.includes("in use")) throw cause;
    }
  }
}

// Root's sshd reads the authorised key from its configuration's command, since the user may not look into the folder.
function configText(folder: TemporaryFolder, login: string, port: number): string {
  const root = process.getuid?.() === 0;
  const authorised = folder.file("authorized_keys", `${publicKeyLine(folder, "login")}\n`);
  return `
Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder.file("host")}
PidFile none
AllowUsers ${login}
StrictModes no
UsePAM ${root ? "yes" : "no"}
PasswordAuthentication ${root ? "yes" : "no"}
KbdInteractiveAuthentication no
${root ? `AuthorizedKeysCommand /bin/cat ${authorised}\nAuthorizedKeysCommandUser root` : ""}
AuthorizedKeysFile ${root ? "none" : authorised}
Subsystem sftp internal-sftp
AllowTcpForwarding yes
AllowAgentForwarding yes
X11Forwarding yes
AcceptEnv SALLYPORT_*
PrintMotd no
PrintLastLog no
UseDNS no
MaxStartups 100
LogLevel VERBOSE
`;
}

async function makeKey(folder: TemporaryFolder, name: string, type: string): Promise<void> {
  const args = ["-q", "-t", type, "-N", "", "-C", "", "-f", folder.file(name)];
  const { code, stderr } = await runProcess("ssh-keygen", args);
  if (code !== 0) throw new Error(`ssh-keygen exited with ${code}: ${stderr}`);
}

function publicKeyLine(folder: TemporaryFolder, name: string): string {
  return readFileSync(`${folder.file(name)}.pub`, "utf8").trim();
}
