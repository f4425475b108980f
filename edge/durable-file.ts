// Files that survive a power cut: what these functions wrote is on the disk, whole, when they return.
// Invariants: a reader sees the old file or the new one, never a part of either; of two writes the one that was asked for last stays.
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { SallyportError } from "../shared/errors.ts";

const privateFile = 0o600;
const privateFolder = 0o700;

/** The last write to each path that is under way. */
const writing = new Map<string, Promise<void>>();

/**
 * Replaces `path` by `bytes`: temporary file, fsync, rename, fsync of the folder. Writes to one path are made in the order of the calls. Throws
 * `disk_full` or `file_invalid`; `path` is then as it was.
 */
export async function writeDurably(
  path: string,
  bytes: Uint8Array | string,
  mode: number = privateFile,
): Promise<void> {
  const turn = (writing.get(path) ?? Promise.resolve()).then(() => replace(path, bytes, mode));
  const over = turn.catch(() => undefined);
  writing.set(path, over);
  try {
    await turn;
  } finally {
    if (writing.get(path) === over) writing.delete(path);
  }
}

async function replace(path: string, bytes: Uint8Array | string, mode: number): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, "w", mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    // What cannot be removed is overwritten by the next attempt; the caller has to learn of the first failure.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(cause, path);
  }
}

/** Makes creations, renames and removals in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder that only this user may enter, and those above it. */
export async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: privateFolder });
  if (made !== undefined) await syncFolder(dirname(made));
}

/** The file's bytes, or undefined if there is none. */
export async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return undefined;
    throw fileError(cause, path);
  }
}

/** What a failed file operation means to a caller: `disk_full`, else `file_invalid` with the path and the system's word. */
export function fileError(cause: unknown, path: string): SallyportError {
  if (cause instanceof SallyportError) return cause;
  const errno = errnoOf(cause) ?? "unknown error";
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    return new SallyportError("disk_full", `no space left for "${path}"`, {
      cause,
      retryable: true,
    });
  }
  return new SallyportError("file_invalid", `"${path}": ${errno}`, { cause });
}

/** The system's name of an error (`ENOENT`), if it has one. */
export function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
}
