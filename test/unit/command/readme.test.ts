// The page and the program say the same.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { exitCodes } from "../../../broker/command/exit-codes.ts";
import { group } from "../../support/group.ts";
import { nodePath, runProcess } from "../../support/process.ts";
import { launcher } from "./script.ts";

const page = readFileSync(join(import.meta.dirname, "../../../broker/command/README.md"), "utf8");

await group("the command's page", {}, (test) => {
  test("lists every exit code as the program does", () => {
    const listed = [...page.matchAll(/^\| (\d+) +\| (.+?) *\|$/gm)].map(([, code, meaning]) => [
      Number(code),
      meaning,
    ]);
    assert.equal(
      listed,
      Object.values(exitCodes).map(([code, meaning]) => [code, meaning]),
    );
  });
  test("names every verb of the program, and none that is not there", async () => {
    const { stdout } = await runProcess(nodePath, [launcher, "completion", "bash"]);
    const words = [...stdout.matchAll(/^ {4}"([^"]+)"\) COMPREPLY=\(\$\(compgen -W "([^"]*)"/gm)];
    const leaves = words
      .filter(([, , next]) => !/^[a-z]/.test(next ?? ""))
      .map(([, verb]) => verb ?? "");
    assert.ok(leaves.length > 40, `${leaves.length} verbs`);
    const missing = leaves.filter(
      (verb) => !page.includes(`\`${verb.split(" ").slice(0, 2).join(" ")}`),
    );
    assert.equal(missing, []);
    const top = new Set(words.map(([, verb]) => verb?.split(" ")[0]));
    const table = page.slice(0, page.indexOf("## Without"));
    const named = [...table.matchAll(/`([a-z-]+)(?: [a-z-]+)?`/g)].map(([, verb]) => verb ?? "");
    assert.equal(
      named.filter((verb) => verb !== "sallyport" && !top.has(verb)),
      [],
    );
  });
});
