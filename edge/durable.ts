// Files of the edge's state directory, written so that a kill at any moment leaves the old or the new content, never a mixture.
// Invariant: when a write resolves, content and name are on the disk (file and directory fsynced).
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SallyportError, messageOf } from "../shared/errors.ts";

const temporarySuffix = ".new";

/** Replaces a file's content, mode 0600. Throws `disk_full` or `file_invalid`, naming the path; the old content then still stands. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = path + temporarySuffix;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    throw fileError(path, "written", cause);
  }
}

/** Removes a file for good; one that is not there is no error. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncDirectory(dirname(path));
}

/** The text of a file, or undefined if there is none. Throws `file_invalid` on any other failure. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileError(path, "read", cause);
  }
}

/** Makes a directory, mode 0700, with those above it; one that is there is left as it is. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Paths of a directory's files in order of their names, without what an interrupted write left. */
export async function filesOf(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => !name.endsWith(temporarySuffix))
    .sort()
    .map((name) => join(directory, name));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function fileError(path: string, done: string, cause: unknown): SallyportError {
  const code = (cause as NodeJS.ErrnoException).code === "ENOSPC" ? "disk_full" : "file_invalid";
  const why = code === "disk_full" ? "the disk is full" : messageOf(cause);
  return new SallyportError(code, `${basename(path)} could not be ${done}: ${why}`, { cause });
}
