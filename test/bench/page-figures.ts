// What the pages weigh, as a relay serves them: compressed, everything that a window loads before it can be used.
import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { buildPage } from "../../broker/build-pages.ts";
import { temporaryFolder } from "../support/temporary.ts";
import type { Figure } from "./figure.ts";

/** The signing page: its three files, built anew. */
export async function signingLoad(): Promise<Figure> {
  using folder = temporaryFolder();
  const page = join(folder.path, "signing");
  await buildPage("signing", page);
  const sums = readFileSync(join(page, "SHA256SUMS"), "utf8").trimEnd().split("\n");
  const names = sums.map((line) => line.split("  ")[1] ?? "");
  const sizes = await Promise.all(names.map((name) => stat(join(page, `${name}.br`))));
  const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
  return { name: "signing.load_kb", value: bytes / 1024, unit: "KB", against: null };
}
