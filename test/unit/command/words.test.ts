import * as assert from "uvu/assert";
import { EscapeWatch } from "../../../broker/command/local-terminal.ts";
import { exitCodeOfSignal } from "../../../broker/command/signals.ts";
import { lengthOf, parseDuration, parseMinutes } from "../../../broker/command/times.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";

await group("durations, escapes and signals", {}, (test) => {
  for (const [text, seconds] of [
    ["90s", 90],
    ["30m", 1800],
    ["8h", 28_800],
    ["2d", 172_800],
  ] as const) {
    test(`${text} is ${seconds} seconds`, () => assert.is(parseDuration(text), seconds));
  }
  for (const text of ["", "8", "h", "1.5h", "-1h", "8 h", "8H", "1h30m"]) {
    test(`"${text}" is refused`, () =>
      assert.throws(() => parseDuration(text), /is not a duration, expected for example/));
  }
  test("minutes are whole and at least one", () => {
    assert.is(parseMinutes("60"), 60);
    for (const text of ["0", "-5", "1.5", "an hour", ""])
      assert.throws(() => parseMinutes(text), /is not a number of minutes/);
  });
  test("a length is told in its largest fitting unit", () => {
    assert.equal([5, 119, 120, 7199, 7200, 172_800].map(lengthOf), [
      "5 s",
      "119 s",
      "2 min",
      "120 min",
      "2 h",
      "2 days",
    ]);
  });

  const rows: readonly [note: string, typed: readonly string[], leaves: boolean][] = [
    ["Enter tilde dot", ["ls\r~."], true],
    ["in three pieces", ["\r", "~", "."], true],
    ["at once after the connection", ["~."], true],
    ["tilde within a line", ["cd ~."], false],
    ["tilde and something else", ["\r~a."], false],
    ["Enter between", ["\r~\r."], false],
  ];
  for (const [note, typed, leaves] of rows) {
    test(`typed in a terminal, ${note}: ${leaves ? "leaves" : "is passed on"}`, () => {
      const watch = new EscapeWatch();
      assert.is(
        typed.some((piece) => watch.leaves(utf8(piece))),
        leaves,
      );
    });
  }

  test("a command that a signal ended has the exit code that shells give it", () => {
    assert.is(exitCodeOfSignal("TERM"), 143);
    assert.is(exitCodeOfSignal("SIGKILL"), 137);
    assert.is(exitCodeOfSignal("NONSENSE"), 255);
  });
});
