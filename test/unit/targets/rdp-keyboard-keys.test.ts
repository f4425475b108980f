// Keys of any viewer as keys of the machine's layout: the key of the sign, with Shift and AltGr as the sign needs them for as long as it is down, and as
// the viewer holds them otherwise.
import * as assert from "uvu/assert";
import { keyboardLayouts } from "../../../edge/targets/rdp/keyboard-layouts.ts";
import { signOf } from "../../../edge/targets/rdp/keyboard-signs.ts";
import { Keyboard } from "../../../edge/targets/rdp/keyboard.ts";
import type { KeyboardName } from "../../../shared/document/keyboard.ts";
import { group } from "../../support/group.ts";

const names = new Map([
  ["Shift", 0xffe1],
  ["ShiftR", 0xffe2],
  ["Caps", 0xffe5],
  ["Tab", 0xff09],
  ["Ctrl", 0xffe3],
  ["Alt", 0xffe9],
  ["AltR", 0xffea],
  ["AltGr", 0xfe03],
  ["Option", 0xff7e],
  ["space", 0x20],
  ["€", 0x20ac],
  ["Pad7", 0xffb7],
  ["PadPoint", 0xffae],
]);

/** Events as words: `+A` is down, `-A` up; what goes by its scan code is written as that, in hexadecimal. */
function translated(layout: KeyboardName, events: string): string {
  const keyboard = new Keyboard(keyboardLayouts[layout]);
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
  if (bytes[0] === 255) {
    assert.is(bytes.length, 12);
    assert.is(bytes[1], 0, "an Extended Key Event");
    return `${bytes.readUInt16BE(2) === 1 ? "+" : "-"}${bytes.readUInt32BE(8).toString(16)}`;
  }
  assert.is(bytes.length, 8);
  assert.is(bytes[0], 4, "a KeyEvent");
  const keysym = bytes.readUInt32BE(4);
  const name = [...names].find(([, number]) => number === keysym)?.[0];
  return `${bytes[1] === 1 ? "+" : "-"}${name ?? `0x${keysym.toString(16)}`}`;
}

const cases: readonly (readonly [string, KeyboardName, string, string])[] = [
  ["a sign goes as its key", "us", "+a -a +7 -7", "+1e -1e +8 -8"],
  ["with the Shift that is held", "us", "+Shift +A -A -Shift", "+Shift +1e -1e -Shift"],
  ["a capital alone gets Shift while it is down", "us", "+A -A +q", "+Shift +1e -1e -Shift +10"],
  ["a held key repeats with it", "us", "+A +A -A", "+Shift +1e +1e -1e -Shift"],
  [
    "one that needs no Shift gets none, whichever is held",
    "us",
    "+ShiftR +/ -/ +B -B -ShiftR",
    "+ShiftR -ShiftR +35 -35 +ShiftR +30 -30 -ShiftR",
  ],
  [
    "both are let go of",
    "us",
    "+Shift +ShiftR +a -a",
    "+Shift +ShiftR -Shift -ShiftR +1e -1e +Shift +ShiftR",
  ],
  [
    "the next key does not wait for the last one",
    "us",
    "+A +b -A -b",
    "+Shift +1e -Shift +30 -1e -30",
  ],
  ["capitals that overlap share it", "us", "+A +B -A -B", "+Shift +1e +30 -1e -30 -Shift"],
  ["Shift that is pressed meanwhile stays", "us", "+A +Shift -A -Shift", "+Shift +1e -1e -Shift"],
  ["Shift that is let go of meanwhile, too", "us", "+Shift +a -Shift -a", "+Shift -Shift +1e -1e"],
  ["Caps Lock is in the signs already", "us", "+Caps -Caps +A -A", "+Shift +1e -1e -Shift"],
  [
    "keys without a sign go as they are, and not with another key's Shift",
    "us",
    "+A +Tab -Tab -A +Ctrl +space -space -Ctrl",
    "+Shift +1e -Shift +Tab -Tab -1e +Ctrl +space -space -Ctrl",
  ],
  ["z of a German keyboard, for a shortcut, too", "de", "+Ctrl +z -z -Ctrl", "+Ctrl +15 -15 -Ctrl"],
  ["a sign that needs AltGr has it while it is down", "de", "+@ -@", "+b8 +10 -10 -b8"],
  ["AltGr itself goes with its signs alone", "de", "+AltGr +@ -@ -AltGr", "+b8 +10 -10 -b8"],
  ["nor does it spoil a sign that needs none", "de", "+AltGr +# -# -AltGr", "+2b -2b"],
  ["a Mac's Option key is AltGr", "de", "+Option +@ -@ -Option", "+b8 +10 -10 -b8"],
  [
    "so are Ctrl with Alt",
    "de",
    "+Ctrl +Alt +@ -@ -Alt -Ctrl",
    "+Ctrl +Alt -Ctrl -Alt +b8 +10 -10 -b8 +Ctrl +Alt -Alt -Ctrl",
  ],
  ["which are themselves with a letter", "de", "+Ctrl +Alt +t -t", "+Ctrl +Alt +14 -14"],
  ["and so is the right Alt", "de", "+AltR +@ -@ -AltR", "+Alt -Alt +b8 +10 -10 -b8 +Alt -Alt"],
  ["which is another Alt with a letter", "de", "+AltR +f -f -AltR", "+Alt +21 -21 -Alt"],
  ["and where there is no AltGr", "us", "+AltR +f -f -AltR", "+AltR +21 -21 -AltR"],
  ["both Alt keys are one there", "de", "+Alt +AltR -Alt -AltR", "+Alt -Alt"],
  [
    "Shift and AltGr together",
    "it",
    "+Shift +{ -{ -Shift +{ -{",
    "+Shift +b8 +1a -1a -b8 -Shift +Shift +b8 +1a -1a -Shift -b8",
  ],
  ["what only a dead key types is typed at once", "de", "+^ -^", "+29 -29 +39 -39"],
  ["with the letter that it waits for", "de", "+â -â", "+29 -29 +1e -1e"],
  ["under Shift, too", "de", "+Shift +è -è -Shift", "+Shift +d -d -Shift +12 -12 +Shift -Shift"],
  ["and again as it repeats", "de", "+^ +^ -^", "+29 -29 +39 -39 +29 -29 +39 -39"],
  [
    "a sign that the layout lacks types nothing",
    "us",
    "+ü -ü +Shift +ü -ü -Shift",
    "+Shift -Shift",
  ],
  ["the number pad's digits are digits", "de", "+Pad7 -Pad7 +PadPoint -PadPoint", "+8 -8 +34 -34"],
  ["and on a French keyboard have Shift", "fr", "+Pad7 -Pad7", "+Shift +8 -8 -Shift"],
  ["a key that never went down does not come up", "de", "-a", ""],
];

await group("targets/rdp keyboard-keys", {}, (test) => {
  for (const [what, layout, events, expected] of cases) {
    test(`${layout}: ${what}`, () => assert.is(translated(layout, events), expected));
  }

  test("keysyms of all kinds are signs: Latin-1 to Latin-4, Unicode, and those that stand alone", () => {
    const rows: readonly (readonly [number, string | undefined])[] = [
      [0x41, "A"],
      [0xe4, "ä"],
      [0x01e8, "č"],
      [0x01b3, "ł"],
      [0x02bb, "ğ"],
      [0x03ba, "ē"],
      [0x20ac, "€"],
      [0x0ad1, "’"],
      [0x0100_0041, "A"],
      [0x0100_20ac, "€"],
      [0x0101_f600, "😀"],
      [0x20, undefined],
      [0x7f, undefined],
      [0x0100_000d, undefined],
      [0x0111_0000, undefined],
      [0xff09, undefined],
      [0xfe03, undefined],
      [0xffff_ffff, undefined],
    ];
    for (const [keysym, sign] of rows) assert.is(signOf(keysym), sign, keysym.toString(16));
  });
});
