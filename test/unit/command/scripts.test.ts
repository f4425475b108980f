// Every file in scripts/ is one test: what the command does by itself, without a relay, most of it wrong use.
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { runScript } from "./script.ts";

const folder = join(import.meta.dirname, "scripts");

await group("the command's scripts", { timeoutMs: 60_000 }, (test) => {
  for (const file of globSync("*.txt", { cwd: folder }).sort()) {
    test(basename(file, ".txt").replaceAll("-", " "), async () => {
      using home = temporaryFolder();
      await runScript(file, readFileSync(join(folder, file), "utf8"), home);
    });
  }
});
