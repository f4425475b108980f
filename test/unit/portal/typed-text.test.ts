// What keyboard, clipboard and device titles become at a terminal in the page.
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import {
  cleanPaste,
  cleanTitle,
  linesOf,
  sequenceOf,
  withControl,
} from "../../../broker/portal/jobs/typed-text.ts";
import { group } from "../../support/group.ts";

const pastes: readonly [note: string, text: string, clean: string, lines: number][] = [
  ["one line", "ls", "ls", 1],
  ["one line with its end", "ls\n", "ls\r", 1],
  ["lines of Unix", "a\nb", "a\rb", 2],
  ["lines of Windows", "a\r\nb\r\n", "a\rb\r", 2],
  ["a tabulator stays", "a\tb", "a\tb", 1],
  ["the end of a bracketed paste is taken out", "a\u001b[201~rm -rf\n", "a[201~rm -rf\r", 1],
  ["its one-character form too", "a\u009b201~b", "a201~b", 1],
  ["Ctrl-C and bell", "a\u0003\u0007b", "ab", 1],
  ["letters of the world", "grüße 机器", "grüße 机器", 1],
];

const controls: readonly [typed: string, sent: string][] = [
  ["c", "\u0003"],
  ["C", "\u0003"],
  ["[", "\u001b"],
  [" ", "\u0000"],
  ["?", "\u007f"],
  ["1", "1"],
  ["ü", "ü"],
  ["ab", "ab"],
];

const titles: readonly [note: string, title: string, clean: string][] = [
  ["plain", "press: ~", "press: ~"],
  ["markup is text", "<img src=x>", "<img src=x>"],
  ["control characters and lines", "a\u001b]0;b\u0007\nc", "a ]0;b c"],
  ["characters that turn the direction", "a\u202eb", "a b"],
  ["too long", "x".repeat(500), `${"x".repeat(79)}…`],
];

await group("portal typed text", {}, (test) => {
  for (const [note, text, clean, lines] of pastes) {
    test(`a paste, ${note}`, () => {
      assert.is(cleanPaste(text), clean);
      assert.is(linesOf(text), lines);
    });
  }
  test("whatever is pasted holds no escape", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        (text) => !/[^\P{Cc}\t\r]/u.test(cleanPaste(text)),
      ),
    );
  });
  for (const [typed, sent] of controls) {
    test(`Ctrl with ${JSON.stringify(typed)} sends ${JSON.stringify(sent)}`, () =>
      assert.is(withControl(typed), sent));
  }
  for (const [note, title, clean] of titles) {
    test(`a device's title, ${note}`, () => assert.is(cleanTitle(title), clean));
  }
  test("keys of the screen send what a keyboard's would, in the form that the application asked for", () => {
    assert.is(sequenceOf("escape", false), "\u001b");
    assert.is(sequenceOf("tab", true), "\t");
    assert.is(sequenceOf("up", false), "\u001b[A");
    assert.is(sequenceOf("up", true), "\u001bOA");
    assert.is(sequenceOf("end", false), "\u001b[F");
  });
});
