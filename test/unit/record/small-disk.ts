// A disk so small that it is soon full: a tmpfs of its own, unmounted with the scope (`await using`). Needs root, as CI has.
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../../support/temporary.ts";

const run = promisify(execFile);

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Takes all space that is left but `spareBytes`. */
  fill(spareBytes?: number): Promise<void>;
  /** Gives all that space back. */
  free(): Promise<void>;
}

export async function smallDisk(bytes: number): Promise<SmallDisk> {
  const folder = temporaryFolder();
  await run("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "tmpfs", folder.path]);
  const ballast = join(folder.path, "ballast");
  let pieces = 0;
  return {
    path: folder.path,
    fill: async (spareBytes = 0) => {
      const { stdout } = await run("stat", ["-f", "-c", "%a %S", folder.path]);
      const [blocks = 0, blockBytes = 0] = stdout.trim().split(" ").map(Number);
      await mkdir(ballast, { recursive: true });
      pieces += 1;
      const path = join(ballast, String(pieces));
      await writeFile(path, new Uint8Array(Math.max(0, blocks * blockBytes - spareBytes)));
    },
    free: () => rm(ballast, { recursive: true }),
    [Symbol.asyncDispose]: async () => {
      await run("umount", ["-l", folder.path]);
      folder[Symbol.dispose]();
    },
  };
}
