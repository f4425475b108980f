// Looks for bytes in the memory of another process (/proc/PID/mem): the proof that a secret is, or is not, there. Linux, as root or the same user.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const windowBytes = 4 * 1024 * 1024;

/** True if any readable mapping of process `pid` holds `needle`. A mapping that vanishes while it is read is passed over. */
export function memoryHolds(pid: number, needle: Uint8Array): boolean {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    return readableMappings(pid).some(([from, to]) => rangeHolds(memory, from, to, needle));
  } finally {
    closeSync(memory);
  }
}

function readableMappings(pid: number): [from: number, to: number][] {
  return readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) r\S* \S+ \S+ \S+\s*(.*)$/.exec(line))
    .filter((match) => match !== null)
    .filter((match) => !/^\[v(var|syscall|dso)/.test(match[3] ?? ""))
    .map((match) => [Number.parseInt(match[1] ?? "", 16), Number.parseInt(match[2] ?? "", 16)]);
}

// Windows overlap by the needle's length, so that a hit across a border is found.
function rangeHolds(memory: number, from: number, to: number, needle: Uint8Array): boolean {
  const buffer = Buffer.allocUnsafe(Math.min(windowBytes, to - from));
  for (let at = from; at < to; at += Math.max(1, buffer.length - needle.length)) {
    const length = Math.min(buffer.length, to - at);
    let read: number;
    try {
      read = readSync(memory, buffer, 0, length, at);
    } catch (cause) {
      if (isUnreadable(cause)) return false;
      throw cause;
    }
    if (buffer.subarray(0, read).includes(needle)) return true;
    if (at + length >= to) return false;
  }
  return false;
}

function isUnreadable(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException).code;
  return code === "EIO" || code === "EFAULT";
}
