import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { CommandError, exitCodeOf, exitCodes } from "../../../broker/command/exit-codes.ts";
import { facts, printable, table, Tui } from "../../../broker/command/tui.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";

function talk(isTTY = false): { tui: Tui; out: () => string; err: () => string } {
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const stderr = new PassThrough();
  const text = (stream: PassThrough): string => {
    const chunk = stream.read() as Buffer | null;
    return chunk === null ? "" : chunk.toString() + text(stream);
  };
  return {
    tui: new Tui({ stdout, stderr, openTerminal: () => undefined }),
    out: () => text(stdout),
    err: () => text(stderr),
  };
}

await group("the conversation", {}, (test) => {
  test("results go to standard output, everything else to standard error", () => {
    const { tui, out, err } = talk();
    tui.result({ a: 1 }, "a is 1");
    tui.progress("working");
    tui.warning("careful");
    assert.is(out(), "a is 1\n");
    assert.is(err(), "sallyport: working\nsallyport: warning: careful\n");
  });
  test("with --json there is one line of JSON and no progress", () => {
    const { tui, out, err } = talk();
    tui.json = true;
    tui.list([{ id: "x" }], { id: (row) => row.id }, "nothing");
    tui.progress("working");
    assert.is(out(), '[{"id":"x"}]\n');
    assert.is(err(), "");
  });
  test("an empty list says what to do next", () => {
    const { tui, out } = talk();
    tui.list<{ id: string }>(
      [],
      { id: (row) => row.id },
      "no jobs yet; ask for one: sallyport request",
    );
    assert.is(out(), "no jobs yet; ask for one: sallyport request\n");
  });
  test("an error is one line with its hints and never a stack trace", () => {
    const { tui, err } = talk();
    tui.error(new CommandError("notFound", 'no job\n"x"', "see: sallyport requests"));
    assert.is(err(), 'sallyport: error: no job "x"\nsallyport: hint: see: sallyport requests\n');
  });
  test("a question without a terminal is refused with the way to answer it in advance", async () => {
    const { tui } = talk();
    const failure = await tui.confirm("end it?").then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.instance(failure, CommandError);
    assert.is(exitCodeOf(failure), exitCodes.nobodyToAsk[0]);
    assert.match((failure as CommandError).hints.join(), /--yes/);
    tui.assumeYes = true;
    assert.is(await tui.confirm("end it?"), true);
  });
  test("text from elsewhere cannot repaint the terminal", () => {
    assert.is(printable("a\u001b[2Jb\u202ec\u0007\nd"), "a\ufffd[2Jb\ufffdc\ufffd\nd");
    assert.is(table([{ n: "x\ny" }], { n: (row) => row.n }), "N\nx y");
  });
  test("neither can a result, in words or as JSON", () => {
    const hostile = "a\u001b[2J\u009b31m\u202e\u{e0041}b";
    const { tui, out } = talk();
    tui.result({ name: hostile }, `file "${hostile}"\n\tis missing`);
    assert.is(out(), 'file "a\ufffd[2J\ufffd31m\ufffd\ufffdb"\n\tis missing\n');
    tui.json = true;
    tui.result({ name: hostile }, "");
    const json = out();
    assert.not.match(json.trimEnd(), /\p{C}/u);
    assert.equal(JSON.parse(json), { name: hostile });
  });
  test("a line of an edge's journal is passed on byte by byte, but not to a terminal", () => {
    const line = '{"details":"\u009b2J"}';
    const [file, screen] = [talk(), talk(true)];
    file.tui.passOn(line);
    screen.tui.passOn(line);
    assert.is(file.out(), `${line}\n`);
    assert.is(screen.out(), '{"details":"\\u009b2J"}\n');
  });
  test("nor can a question, which may quote a name", async () => {
    const asked: string[] = [];
    const terminal = {
      readLine: async (prompt: string) => (asked.push(prompt), "yes"),
      readSecret: async (prompt: string) => (asked.push(prompt), "hidden"),
      [Symbol.dispose]: () => undefined,
    };
    const { stdout, stderr } = { stdout: new PassThrough(), stderr: new PassThrough() };
    const tui = new Tui({ stdout, stderr, openTerminal: () => terminal });
    await tui.confirm("end \u009b2J?");
    await tui.askSecret("password of \u001b[2J:", "");
    await tui.showSecret("sheet \u0007", "written \u202e down?", "");
    assert.equal(asked, [
      "end \ufffd2J? [y/N] ",
      "password of \ufffd[2J: ",
      "sheet \ufffd\nwritten \ufffd down? ",
    ]);
  });
  test("columns and facts are aligned, and what is missing is a dash", () => {
    assert.is(
      table(
        [
          { a: "long", b: null },
          { a: "x", b: 2 },
        ],
        { a: (r) => r.a, b: (r) => r.b },
      ),
      "A     B\nlong  -\nx     2",
    );
    assert.is(facts({ who: "anna", when: null }), "who:  anna\nwhen: -");
  });

  test("exit codes come from the table for whatever was thrown", () => {
    assert.is(exitCodeOf(new CommandError("waitedInVain", "x")), 75);
    assert.is(exitCodeOf(new SallyportError("signature_invalid", "x")), 76);
    assert.is(exitCodeOf(new TypeError("x")), 70);
    assert.is(exitCodeOf(Object.assign(new Error("x"), { code: "ENOSPC", syscall: "write" })), 74);
  });
  test("no two meanings of exit codes share a number", () => {
    const numbers = Object.values(exitCodes).map(([code]) => code);
    assert.is(new Set(numbers).size, numbers.length);
  });
});
