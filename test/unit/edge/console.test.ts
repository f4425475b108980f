// The console: one owner's socket, and questions that are checked.
import { statSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { askConsole, listenConsole } from "../../../edge/console-socket.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { refused } from "../document/paper-site.ts";

async function linesOf(answers: AsyncIterable<string>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of answers) lines.push(line);
  return lines;
}

async function* twoLines(): AsyncGenerator<string> {
  yield "one";
  yield "two";
}

await group("console", {}, (test) => {
  test("answers its owner line by line, and nobody else may open its socket", async () => {
    using folder = temporaryFolder();
    await using _console = await listenConsole(folder.path, twoLines);
    assert.equal(await linesOf(askConsole(folder.path, { ask: "status" })), ["one", "two"]);
    assert.is(statSync(join(folder.path, "console.sock")).mode & 0o777, 0o600);
  });

  test("a second edge on the same state is refused, a socket that a kill left behind is not in the way", async () => {
    using folder = temporaryFolder();
    {
      await using _console = await listenConsole(folder.path, twoLines);
      await refused(() => listenConsole(folder.path, twoLines), "conflict", /another edge runs/);
    }
    folder.file("console.sock", "left behind");
    await using _console = await listenConsole(folder.path, twoLines);
    assert.equal(await linesOf(askConsole(folder.path, { ask: "lockdown" })), ["one", "two"]);
  });

  test("without a running edge it says so", async () => {
    using folder = temporaryFolder();
    const ask = () => linesOf(askConsole(folder.path, { ask: "status" }));
    await refused(ask, "unreachable", /no edge runs on/);
  });

  test("an unknown question gets an error and no answer", async () => {
    using folder = temporaryFolder();
    await using _console = await listenConsole(folder.path, twoLines);
    const [line = ""] = await linesOf(askConsole(folder.path, { ask: "open" } as never));
    assert.match(line, /^\{"error":/);
  });
});
