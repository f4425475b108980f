// What a text, or a phone's keyboard, presses on a screen.
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import {
  isCapital,
  keysyms,
  keysymsOf,
  linesOf,
  pressesBetween,
} from "../../../broker/portal/screen/keysyms.ts";
import { group } from "../../support/group.ts";

const [enter, tab, back] = [keysyms.enter, keysyms.tab, keysyms.backspace];
const texts: readonly [note: string, text: string, presses: readonly number[]][] = [
  ["letters are themselves", "aZ", [0x61, 0x5a]],
  ["Latin 1 too", "ü§", [0xfc, 0xa7]],
  ["beyond it code points with a bit", "€机", [0x010020ac, 0x0100673a]],
  ["a character of two halves is one key", "😀", [0x0101f600]],
  ["a letter and its accent are one key", "e\u0301", [0xe9]],
  ["a line of Unix", "a\nb", [0x61, enter, 0x62]],
  ["a line of Windows is one Enter", "a\r\nb", [0x61, enter, 0x62]],
  ["a tabulator", "\t", [tab]],
  ["control characters are no keys", "a\u0003\u001b[A\u0085b", [0x61, 0x5b, 0x41, 0x62]],
  ["nothing", "", []],
];

const fields: readonly [note: string, before: string, now: string, presses: readonly number[]][] = [
  ["a character more", "__", "__a", [0x61]],
  ["a character less", "__a", "__", [back]],
  ["a suggestion replaces a word", "_teh", "_the ", [back, back, 0x68, 0x65, 0x20]],
  ["Enter", "__", "__\n", [enter]],
  ["the same", "_a", "_a", []],
];

await group("screen keys", { timeoutMs: 10_000 }, (test) => {
  for (const [note, text, presses] of texts) {
    test(`typed text: ${note}`, () => assert.equal(keysymsOf(text), [...presses]));
  }
  for (const [note, before, now, presses] of fields) {
    test(`phone's keyboard: ${note}`, () =>
      assert.equal(pressesBetween(before, now), [...presses]));
  }
  test("capital letters are those that need the shift key, and no function key is one", () => {
    const shifted = ["A", "Z", "Ä", "a", "ß", "7", "€"].map((each) =>
      isCapital(keysymsOf(each)[0] ?? 0),
    );
    assert.equal(shifted, [true, true, true, false, false, false, false]);
    assert.not(isCapital(keysyms.f1));
  });
  test("lines are counted as Enter separates them", () => {
    assert.equal(["", "a", "a\n", "a\nb", "a\r\nb\r\n"].map(linesOf), [1, 1, 1, 2, 2]);
  });
  test("whatever a phone makes of a field, the presses make it on the machine", () => {
    const field = fc.array(fc.constantFrom("a", "ß", "€", "😀"), { maxLength: 8 });
    fc.assert(
      fc.property(field, field, (before, now) => {
        const machine: string[] = [...before];
        for (const keysym of pressesBetween(before.join(""), now.join(""))) {
          if (keysym === back) machine.pop();
          else machine.push(String.fromCodePoint(keysym > 0xff ? keysym - 0x0100_0000 : keysym));
        }
        assert.equal(machine, now);
      }),
    );
  });
});
