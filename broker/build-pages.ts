// Builds portal and signing page with Vite: `npm run build`. Each is built beside its place and then moved there, so that a relay that starts
// meanwhile never reads half of one, and what compresses well lies there compressed, because the relay compresses nothing itself.
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

export type Page = "portal" | "signing";

const compressible = /\.(html|js|css|json|svg|webmanifest|wasm)$/;
/** Below this the names of the compression cost more than it saves. */
const minBytes = 512;

/** Builds one page into `folder`, which is emptied first. The same sources give the same bytes, in whatever folder. */
export async function buildPage(page: Page, folder: string): Promise<void> {
  const configFile = join(import.meta.dirname, page, "vite.config.ts");
  await build({ configFile, logLevel: "warn", build: { outDir: folder, emptyOutDir: true } });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !compressible.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (bytes.length < minBytes) continue;
    await writeFile(`${path}.br`, brotli(bytes));
    await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

function brotli(bytes: Uint8Array): Uint8Array {
  const { BROTLI_PARAM_QUALITY: quality, BROTLI_PARAM_SIZE_HINT: sizeHint } = constants;
  return brotliCompressSync(bytes, { params: { [quality]: 11, [sizeHint]: bytes.length } });
}

async function buildInPlace(page: Page): Promise<void> {
  const place = join(import.meta.dirname, page, "dist");
  const fresh = `${place}.${process.pid}.new`;
  const old = `${place}.${process.pid}.old`;
  try {
    await buildPage(page, fresh);
    await rename(place, old).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== "ENOENT") throw thrown;
    });
    await rename(fresh, place);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  await buildInPlace("signing");
  await buildInPlace("portal");
}
