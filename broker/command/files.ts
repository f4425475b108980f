// Files of the command: written whole or not at all (temporary file, fsync, rename, fsync of the folder), private to their owner by default.
import { randomBytes } from "node:crypto";
import { link, open, readFile, rename, rm, stat } from "node:fs/promises";
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
  await writeAside(path, content, mode, (aside) => rename(aside, path));
}

/** Writes a file that must not be there yet, also not by another command meanwhile: keys and sheets are never overwritten. */
export async function writeNew(
  path: string,
  content: string | Uint8Array,
  mode = privateMode,
): Promise<void> {
  await writeAside(path, content, mode, (aside) => takeName(aside, path));
}

/** `writeNew` for what is too long to be held in memory; what `content` throws is passed on, and leaves no file. */
export async function writeNewStream(
  path: string,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  await writeAside(path, content, privateMode, (aside) => takeName(aside, path));
}

type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

// The name aside is new and unguessable: nobody's open file, and nobody's link to another place.
async function writeAside(
  path: string,
  content: Content,
  mode: number,
  put: (aside: string) => Promise<void>,
): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    const file = await open(aside, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await put(aside);
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    throw new CommandError("cannotWrite", `file "${path}" cannot be written: ${messageOf(thrown)}`);
  } finally {
    await rm(aside, { force: true });
  }
  await syncFolder(dirname(path));
}

// A link fails where a name is taken; a rename would replace it. A card's file system has no links, and no second command at work on it.
async function takeName(aside: string, path: string): Promise<void> {
  try {
    await link(aside, path);
  } catch (thrown) {
    const code = isSystemError(thrown) ? (thrown.code ?? "") : "";
    const hasNoLinks = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(code);
    if (hasNoLinks && !(await exists(path))) return rename(aside, path);
    if (code !== "EEXIST" && !hasNoLinks) throw thrown;
    throw new CommandError(
      "cannotWrite",
      `file "${path}" exists already, expected a new name`,
      "move it away first, or name another file",
    );
  }
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
  return isSystemError(thrown) && (thrown.code === "ENOENT" || thrown.code === "ENOTDIR");
}

function isSystemError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && "code" in thrown && "syscall" in thrown;
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
