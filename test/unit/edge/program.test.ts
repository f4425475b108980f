// `sallyport-edge`: help, settings from arguments, and wrong usage with its exit code.
import * as assert from "uvu/assert";
import { runProgram, type ProgramWorld } from "../../../edge/command/program.ts";
import type { Setting } from "../../../edge/config.ts";
import { group } from "../../support/group.ts";

async function run(...args: readonly string[]) {
  const said: string[] = [];
  const given: Setting[] = [];
  const world: ProgramWorld = {
    print: (line) => void said.push(line),
    complain: (line) => void said.push(line),
    settings: async () => [],
    stateOf: () => "/nowhere",
    async run(settings) {
      given.push(...settings);
      return 0;
    },
  };
  return { code: await runProgram(args, world), text: said.join("\n"), given };
}

await group("sallyport-edge", {}, (test) => {
  test("help tells every command and option; no command at all is wrong usage", async () => {
    const help = await run("--help");
    assert.is(help.code, 0);
    for (const word of ["run", "status", "journal", "lockdown", "--claim", "--json", "examples"]) {
      assert.ok(help.text.includes(word), word);
    }
    assert.is((await run()).code, 64);
  });

  test("arguments become settings of the run", async () => {
    const { code, given } = await run("run", "--state", "/s", "--clock", "proven");
    assert.is(code, 0);
    assert.equal(given, [
      { key: "state", value: "/s", where: "--state" },
      { key: "clock", value: "proven", where: "--clock" },
    ]);
  });

  const wrong: readonly [readonly string[], number, RegExp][] = [
    [["open"], 64, /unknown command "open", expected one of run, status/],
    [["run", "now"], 64, /unexpected "now"/],
    [["run", "--speed", "9"], 64, /error: .*--speed/],
    [["journal", "--from", "x"], 64, /--from "x" is not a number/],
    [["status"], 69, /no edge runs on "\/nowhere"/],
  ];
  for (const [args, code, expected] of wrong) {
    test(`\`${args.join(" ")}\` exits ${code} and says why`, async () => {
      const finished = await run(...args);
      assert.is(finished.code, code);
      assert.match(finished.text, expected);
    });
  }
});
