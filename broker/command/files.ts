// Files of the command: written whole or not at all (temporary file, fsync, rename, fsync of the folder), private to their owner by default.
import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CommandError } from "./exit-codes.ts";
import { messageOf } from "../../shared/errors.ts";

const privateMode = 0o600;

/** Replaces `path` in one step; a crash leaves the old file or the new one. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  mode = privateMode,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw new CommandError("cannotWrite", `file "${path}" cannot be written: ${messageOf(thrown)}`);
  }
  await syncFolder(dirname(path));
}

/** Writes a file that must not be there yet: keys and sheets are never overwritten. */
export async function writeNew(
  path: string,
  content: string | Uint8Array,
  mode = privateMode,
): Promise<void> {
  if (await exists(path)) {
    throw new CommandError(
      "cannotWrite",
      `file "${path}" exists already, expected a new name`,
      "move it away first, or name another file",
    );
  }
  await writeWhole(path, content, mode);
}

/** The text of a file that may be missing. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw new CommandError("invalid", `file "${path}" cannot be read: ${messageOf(thrown)}`);
  }
}

/** The text of a file that the person named. */
export async function readNamed(path: string): Promise<string> {
  const text = await readIfThere(path);
  if (text === undefined) throw new CommandError("notFound", `file "${path}" does not exist`);
  return text;
}

/** Warns of a secret file that others may read: true if its mode is as private as it must be. */
export async function isPrivate(path: string): Promise<boolean> {
  return process.platform === "win32" || ((await stat(path)).mode & 0o077) === 0;
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}

function isMissing(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    "code" in thrown &&
    (thrown.code === "ENOENT" || thrown.code === "ENOTDIR")
  );
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
