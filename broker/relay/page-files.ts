// The files of a built page, read whole at start: what is served cannot change under a running relay, and no path of a request reaches the disk.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { basename, extname, join, relative, sep } from "node:path";

/** One file in the forms that the build has made of it. */
export interface PageFile {
  readonly type: string;
  /** A quoted entity tag of the plain form. */
  readonly tag: string;
  readonly plain: Uint8Array;
  readonly br: Uint8Array | undefined;
  readonly gzip: Uint8Array | undefined;
  /** Its name holds a hash of what it holds. */
  readonly isImmutable: boolean;
}

/** By path, beginning with a slash. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
};

/** The signing page's hashes, for whoever wants to compare. */
const sums = "SHA256SUMS";
const plainText = "text/plain; charset=utf-8";

/** How often a reading begins anew when a build replaced the folder under it. */
const maxReadings = 20;
const pauseMs = 50;

/** The files of `folder`; none if it was not built. Kinds of file that no page needs are left out. */
export async function readPageFiles(folder: string): Promise<PageFiles> {
  for (let reading = 1; ; reading += 1) {
    try {
      return await readOnce(folder);
    } catch (thrown) {
      if (!isMissing(thrown) || reading === maxReadings) throw thrown;
      await sleep(pauseMs);
    }
  }
}

async function readOnce(folder: string): Promise<PageFiles> {
  const files = new Map<string, PageFile>();
  for (const name of await namesIn(folder)) {
    const type = basename(name) === sums ? plainText : types[extname(name)];
    if (type === undefined || basename(name).startsWith(".")) continue;
    const plain = await readFile(join(folder, name));
    const path = `/${name.split(sep).join("/")}`;
    files.set(path, {
      type,
      tag: `"${createHash("sha256").update(plain).digest("base64url")}"`,
      plain,
      br: await readIfThere(join(folder, `${name}.br`)),
      gzip: await readIfThere(join(folder, `${name}.gz`)),
      isImmutable: path.startsWith("/assets/"),
    });
  }
  return files;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
}
