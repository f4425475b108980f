// Temporary users of this machine for the plant's sshd, so that a password login is a real one. Root only.
// A user's comment names the process that made it: what a killed test left behind is removed by the next one.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { runProcess } from "../support/process.ts";

const namePrefix = "sallyport-";
const busyExitCode = 1;
const attempts = 50;
const retryMs = 40;

export interface SystemUser extends AsyncDisposable {
  readonly name: string;
  readonly password: string;
  readonly home: string;
}

interface PasswordLine {
  readonly name: string;
  readonly uid: number;
  readonly comment: string;
  readonly home: string;
}

/** Makes a user with a random name and password; disposing ends its processes and removes it with its home. */
export async function addSystemUser(): Promise<SystemUser> {
  await removeStaleUsers();
  const name = `${namePrefix}${randomBytes(5).toString("hex")}`;
  const password = randomBytes(15).toString("base64url");
  const home = `/home/${name}`;
  const comment = ownComment(process.pid);
  await change("useradd", ["-m", "-d", home, "-s", "/bin/bash", "-c", comment, name]);
  await change("chpasswd", ["--crypt-method", "SHA512", "-s", "1000"], `${name}:${password}\n`);
  return { name, password, home, [Symbol.asyncDispose]: () => removeUser(name) };
}

async function removeStaleUsers(): Promise<void> {
  for (const { name, comment } of plantUsers()) {
    const owner = Number(/^plant of process (\d+)/.exec(comment)?.[1]);
    if (comment !== ownComment(owner)) await removeUser(name);
  }
}

// The start time tells a process from a later one with the same id.
function ownComment(pid: number): string {
  return `plant of process ${pid} started at ${startTicks(pid) ?? "no time"}`;
}

function startTicks(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

async function removeUser(name: string): Promise<void> {
  const user = plantUsers().find((line) => line.name === name);
  if (user === undefined) return;
  for (let attempt = 0; attempt < attempts && endProcessesOf(user.uid) > 0; attempt += 1) {
    await delay(retryMs);
  }
  await change("userdel", [name]);
  rmSync(user.home, { recursive: true, force: true });
}

function plantUsers(): PasswordLine[] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .filter((line) => line.startsWith(namePrefix))
    .map((line) => line.split(":"))
    .map(([name = "", , uid, , comment = "", home = ""]) => ({
      name,
      uid: Number(uid),
      comment,
      home,
    }));
}

/** Kills what runs as `uid` and returns how many there were. */
function endProcessesOf(uid: number): number {
  const pids = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      const status = readIfThere(`/proc/${entry}/status`);
      // In a container nobody may reap what has ended already.
      if (status === undefined || /^State:\s+Z/m.test(status)) return false;
      return /^Uid:\s+(\d+)/m.exec(status)?.[1] === String(uid);
    });
  for (const pid of pids) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
    }
  }
  return pids.length;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw cause;
  }
}

// Another test may hold the lock of /etc/passwd: then the command is tried again. A user that another one removed first is removed.
async function change(command: string, args: readonly string[], input = ""): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { code, stderr } = await runProcess(command, args, { input });
    if (code === 0 || (command === "userdel" && stderr.includes("does not exist"))) return;
    const busy = code === busyExitCode && stderr.includes("lock");
    if (!busy || attempt === attempts) throw new Error(`${command} exited with ${code}: ${stderr}`);
    await delay(retryMs);
  }
}
