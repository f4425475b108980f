// Signs of any viewer as keys of a US keyboard: Shift is as the sign needs it for as long as its key is down, and as the viewer holds it otherwise.
import * as assert from "uvu/assert";
import { UsKeyboard } from "../../../edge/targets/rdp/us-keyboard.ts";
import { group } from "../../support/group.ts";

const names = new Map([
  ["Shift", 0xffe1],
  ["ShiftR", 0xffe2],
  ["Caps", 0xffe5],
  ["Tab", 0xff09],
  ["Ctrl", 0xffe3],
  ["ü", 0xfc],
  ["space", 0x20],
]);

/** Events as words: `+A` is down, `-A` up. */
function translated(events: string): string {
  const keyboard = new UsKeyboard();
  return events
    .split(" ")
    .flatMap((word) => keyboard.translate(word.startsWith("+"), keysymOf(word.slice(1))))
    .map(wordOf)
    .join(" ");
}

function keysymOf(name: string): number {
  return names.get(name) ?? name.charCodeAt(0);
}

function wordOf(message: Uint8Array): string {
  const bytes = Buffer.from(message);
  assert.is(bytes.length, 8);
  assert.is(bytes[0], 4, "a KeyEvent");
  const keysym = bytes.readUInt32BE(4);
  const name = [...names].find(([, number]) => number === keysym)?.[0];
  return `${bytes[1] === 1 ? "+" : "-"}${name ?? String.fromCharCode(keysym)}`;
}

const cases: readonly (readonly [string, string, string])[] = [
  ["keys that fit go as they are", "+a -a +7 -7 +Shift +A -A +! -! -Shift", ""],
  ["a capital alone gets Shift while it is down", "+A -A +q -q", "+Shift +A -A -Shift +q -q"],
  ["a sign alone, too", '+" -"', '+Shift +" -" -Shift'],
  ["a held key repeats with it", "+A +A -A", "+Shift +A +A -A -Shift"],
  [
    "one that needs no Shift gets none, whichever is held",
    "+ShiftR +/ -/ +B -B -ShiftR",
    "+ShiftR -ShiftR +/ -/ +ShiftR +B -B -ShiftR",
  ],
  [
    "both are let go of",
    "+Shift +ShiftR +a -a",
    "+Shift +ShiftR -Shift -ShiftR +a -a +Shift +ShiftR",
  ],
  ["the next key does not wait for the last one", "+A +b -A -b", "+Shift +A -Shift +b -A -b"],
  ["nor does the next capital", "+A +B -A -B", "+Shift +A -Shift +Shift +B -A -B -Shift"],
  [
    "Shift that is pressed meanwhile counts",
    "+A +Shift -A -Shift",
    "+Shift +A -Shift +Shift -A -Shift",
  ],
  [
    "Shift that is let go of meanwhile, too",
    "+Shift +a -Shift -a",
    "+Shift -Shift +a +Shift -Shift -a",
  ],
  ["Caps Lock is in the signs already", "+Caps -Caps +A -A +Caps -Caps", "+Shift +A -A -Shift"],
  [
    "keys without a case go as they are",
    "+Tab -Tab +Shift +Tab -Tab +space -space -Shift +Ctrl +c -c -Ctrl +ü -ü",
    "",
  ],
  ["and not with another key's Shift", "+A +Tab -Tab -A", "+Shift +A -Shift +Tab -Tab -A"],
];

await group("targets/rdp us-keyboard", {}, (test) => {
  for (const [what, events, expected] of cases) {
    test(what, () => assert.is(translated(events), expected || events));
  }

  test("of each printable sign, Shift is down exactly where a US keyboard has it", () => {
    const shifted = '~!@#$%^&*()_+{}|:"<>?ABCDEFGHIJKLMNOPQRSTUVWXYZ';
    for (let code = 0x21; code < 0x7f; code += 1) {
      const sign = String.fromCharCode(code);
      const expected = shifted.includes(sign)
        ? `+Shift +${sign} -${sign} -Shift`
        : `+${sign} -${sign}`;
      assert.is(translated(`+${sign} -${sign}`), expected);
    }
  });
});
