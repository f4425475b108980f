// The folder that a desktop sees as a drive: one for all desktops that a session has on one target, gone with the last of them.
// Invariants: only regular files directly in it are touched, never through a link; all of it together stays under a bound, whoever writes.
import { constants } from "node:fs";
import {
  lstat,
  mkdir,
  mkdtemp,
  open,
  opendir,
  rename,
  rm,
  unlink,
  type FileHandle,
} from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../../shared/clock.ts";
import { DeviceError } from "../device-error.ts";
import { errnoOf } from "../../durable-file.ts";

/** Of one session's drive: room for a firmware image, not for a disk. */
export const maxDriveBytes = 2 * 1024 * 1024 * 1024;
/** More is no exchange of files; a list of them fits a page. */
export const maxDriveFiles = 1_000;
/** The device writes past the edge's own count: how often all is measured. */
const measureEveryMs = 2_000;
/** Names that Windows takes, that are no hidden ones and no other place. */
const namePattern = /^[^./\\<>:"|?*\p{Cc}][^/\\<>:"|?*\p{Cc}]{0,199}$/u;

export interface DriveFile {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAt: number;
}

/** One session's drive on one target. */
export class Drive {
  /** What the device sees. */
  readonly path: string;
  readonly #incoming: string;
  readonly #maxBytes: number;
  /** Announced by transfers under way. */
  #reserved = 0;

  constructor(path: string, incoming: string, maxBytes: number) {
    this.path = path;
    this.#incoming = incoming;
    this.#maxBytes = maxBytes;
  }

  async list(): Promise<DriveFile[]> {
    const files: DriveFile[] = [];
    for await (const { name } of await opendir(this.path)) {
      const stat = await lstat(join(this.path, name)).catch(ifGone);
      if (stat?.isFile() !== true || !namePattern.test(name)) continue;
      files.push({ name, bytes: stat.size, modifiedAt: Math.floor(stat.mtimeMs / 1000) });
      if (files.length === maxDriveFiles) break;
    }
    return files.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** A file to be read; whoever opens it closes it. Throws `refused` for what is none. */
  async open(name: string): Promise<{ readonly file: FileHandle; readonly bytes: number }> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(join(this.path, checked(name)), flags).catch((cause: unknown) => {
      throw noFile(name, cause);
    });
    const stat = await file.stat();
    if (stat.isFile()) return { file, bytes: stat.size };
    await file.close();
    throw noFile(name);
  }

  async remove(name: string): Promise<void> {
    const path = join(this.path, checked(name));
    const stat = await lstat(path).catch(ifGone);
    if (stat?.isFile() !== true) throw noFile(name);
    await unlink(path);
  }

  /** A file to be written, that the device sees once it is whole. */
  async create(name: string): Promise<DriveUpload> {
    checked(name);
    const { bytes, files } = await this.measure();
    if (files >= maxDriveFiles) throw tooMuch(`more than ${maxDriveFiles} files`);
    const path = join(this.#incoming, `${process.hrtime.bigint()}`);
    const file = await open(path, "wx", 0o600);
    let written = 0;
    const place = join(this.path, name);
    return {
      write: async (chunk) => {
        if (bytes + this.#reserved + chunk.length > this.#maxBytes) {
          throw tooMuch(`more than ${this.#maxBytes} bytes`);
        }
        this.#reserved += chunk.length;
        written += chunk.length;
        await file.writeFile(chunk);
      },
      finish: async () => {
        const stat = await lstat(place).catch(ifGone);
        if (stat !== undefined && !stat.isFile()) throw noFile(name);
        await rename(path, place);
      },
      [Symbol.asyncDispose]: async () => {
        this.#reserved -= written;
        await file.close();
        await rm(path, { force: true });
      },
    };
  }

  /** All that lies in it, in whatever folders the device has made. */
  async measure(): Promise<{ readonly bytes: number; readonly files: number }> {
    const sum = { bytes: 0, files: 0 };
    const folder = await opendir(this.path, { recursive: true });
    for await (const entry of folder) {
      const stat = await lstat(join(entry.parentPath, entry.name)).catch(ifGone);
      sum.files += 1;
      sum.bytes += stat?.isFile() === true ? stat.size : 0;
      if (sum.files > maxDriveFiles) break;
    }
    return sum;
  }

  /** Calls `onOver` once when there is more than may be. */
  watch(clock: Clock, onOver: (error: DeviceError) => void): Disposable {
    let timer = clock.setTimer(measureEveryMs, look);
    let isOver = false;
    const maxBytes = this.#maxBytes;
    const measure = (): ReturnType<Drive["measure"]> => this.measure();
    function look(): void {
      measure()
        .then(({ bytes, files }) => {
          if (isOver) return;
          if (bytes > maxBytes) onOver(tooMuch(`more than ${maxBytes} bytes`));
          else if (files > maxDriveFiles) onOver(tooMuch(`more than ${maxDriveFiles} files`));
          else timer = clock.setTimer(measureEveryMs, look);
        })
        .catch(() => onOver(tooMuch("what cannot be read")));
    }
    return {
      [Symbol.dispose]() {
        isOver = true;
        timer[Symbol.dispose]();
      },
    };
  }
}

export interface DriveUpload extends AsyncDisposable {
  /** Throws `refused` when the drive is full. */
  write(chunk: Uint8Array): Promise<void>;
  /** Puts the whole file in its place; one of that name is replaced. */
  finish(): Promise<void>;
}

interface SharedDrive {
  readonly drive: Promise<Drive>;
  readonly folder: Promise<string>;
  users: number;
}

/** The drives of all sessions of this edge. */
export class Drives {
  readonly #drives = new Map<string, SharedDrive>();

  /** The drive of a session on a target; undefined without a desktop. */
  async find(session: string, target: string): Promise<Drive | undefined> {
    return this.#drives.get(keyOf(session, target))?.drive;
  }

  /** Joins the session's drive on a target, or makes it in `scratch`. The folder goes when the last one that joined leaves. */
  async join(
    { session, target, scratch }: Readonly<Record<"session" | "target" | "scratch", string>>,
    maxBytes = maxDriveBytes,
  ): Promise<{ readonly drive: Drive } & AsyncDisposable> {
    const key = keyOf(session, target);
    const shared = this.#drives.get(key) ?? makeShared(scratch, maxBytes);
    this.#drives.set(key, shared);
    shared.users += 1;
    const leave = async (): Promise<void> => {
      shared.users -= 1;
      if (shared.users > 0) return;
      this.#drives.delete(key);
      await rm(await shared.folder, { recursive: true, force: true });
    };
    try {
      return { drive: await shared.drive, [Symbol.asyncDispose]: leave };
    } catch (cause) {
      await leave();
      throw cause;
    }
  }
}

function makeShared(scratch: string, maxBytes: number): SharedDrive {
  const folder = mkdtemp(join(scratch, "drive-"));
  const drive = folder.then(async (path) => {
    const [seen, incoming] = [join(path, "seen"), join(path, "incoming")];
    await Promise.all([mkdir(seen, { mode: 0o700 }), mkdir(incoming, { mode: 0o700 })]);
    return new Drive(seen, incoming, maxBytes);
  });
  return { folder, drive, users: 0 };
}

function keyOf(session: string, target: string): string {
  return `${session} ${target}`;
}

function checked(name: string): string {
  if (!namePattern.test(name) || /[. ]$/.test(name)) {
    throw new DeviceError("refused", `"${name}" is no name for a file`, "no name for a file");
  }
  return name;
}

function noFile(name: string, cause?: unknown): DeviceError {
  return new DeviceError("not_found", `no file "${name}" on the drive`, "no such file", { cause });
}

function tooMuch(what: string): DeviceError {
  return new DeviceError("refused", `the drive holds ${what}`, "the drive is full");
}

function ifGone(cause: unknown): undefined {
  if (errnoOf(cause) !== "ENOENT") throw cause;
}
