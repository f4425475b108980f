// The layouts against X's own ones: each key of ours is the key of X's layout of that name, but for what Windows has otherwise, which is listed.
import * as assert from "uvu/assert";
import { keyboardLayouts, keyCodes, noSign } from "../../../edge/targets/rdp/keyboard-layouts.ts";
import { signOf } from "../../../edge/targets/rdp/keyboard-signs.ts";
import { keystrokesOf, type Keystroke } from "../../../edge/targets/rdp/keystrokes.ts";
import { keyboards, type KeyboardName } from "../../../shared/document/keyboard.ts";
import { setLayout } from "../../plant/rdp.ts";
import { makeAuthority } from "../../plant/x-display.ts";
import { group } from "../../support/group.ts";
import { runProcess, startProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { otherOnX } from "./keyboard-on-x.ts";

/** X's keycodes of the keys that type signs are their scan codes and this. */
const keycodeOffset = 8;
const spaceBar = 0x39;
const deadNames: Readonly<Record<string, string>> = {
  dead_grave: "`",
  dead_acute: "´",
  dead_circumflex: "^",
  dead_tilde: "~",
  dead_diaeresis: "¨",
  dead_caron: "ˇ",
  dead_abovering: "°",
  dead_macron: "¯",
};

/** Of the keyboards that lack a sign of ASCII, those signs. */
const lacking: Partial<Record<KeyboardName, string>> = { it: "`~" };

/** What a display with X's layout has on a key; dead keys as the accent that they wait with. */
type Displayed = (stroke: Keystroke) => string;

async function displayed(keyboard: KeyboardName, env: Record<string, string>): Promise<Displayed> {
  await setLayout(keyboard, env);
  const { stdout } = await runProcess("xmodmap", ["-pk"], { env });
  return ({ code, shift, altGr }) => {
    const line = new RegExp(`^\\s*${code + keycodeOffset}\\s+(.*)$`, "m").exec(stdout)?.[1] ?? "";
    const keysyms = [...line.matchAll(/0x([0-9a-f]+) \((\w+)\)/g)];
    // Two levels of the first group, two of a second one, two more of the first.
    const [, number = "", name = ""] = keysyms[(altGr ? 4 : 0) + (shift ? 1 : 0)] ?? [];
    const arrows: Readonly<Record<string, string>> = {
      downarrow: "↓",
      uparrow: "↑",
      rightarrow: "→",
    };
    return deadNames[name] ?? arrows[name] ?? signOf(Number.parseInt(number, 16)) ?? name;
  };
}

/** The keys that type a sign, or wait with it. */
function keysOf(keyboard: KeyboardName): [string, Keystroke][] {
  return [...keystrokesOf(keyboardLayouts[keyboard])].flatMap(([sign, [first, second]]) =>
    first !== undefined && (second === undefined || second.code === spaceBar)
      ? [[sign, first]]
      : [],
  );
}

await group("targets/rdp keyboard-layouts", {}, (test) => {
  test("every key is X's, but for what Windows has otherwise", async () => {
    await using started = new AsyncDisposableStack();
    const folder = started.use(temporaryFolder());
    const authority = await makeAuthority(folder);
    const fixed = `-displayfd 1 -auth ${authority.file} -geometry 640x480 -nolisten tcp`;
    const rfb = `-rfbport -1 -rfbunixpath ${folder.file("rfb")} -SecurityTypes None`;
    const server = started.use(startProcess("Xvnc", `${fixed} ${rfb}`.split(" ")));
    const [, number] = await server.line(/^(\d+)$/);
    await authority.name(`:${number}`);
    const env = { DISPLAY: `:${number}`, XAUTHORITY: authority.file };
    for (const keyboard of keyboards) {
      const onX = await displayed(keyboard, env);
      const other = keysOf(keyboard)
        .filter(([sign, stroke]) => onX(stroke) !== sign)
        .map(([sign, stroke]) => `${sign}${onX(stroke)}`);
      const expected = (otherOnX[keyboard] ?? "").split(" ").filter((pair) => pair !== "");
      assert.equal(other.toSorted(), expected.toSorted(), keyboard);
    }
  });

  test("each layout is whole: a sign for every key, and every pair and dead key stands on one", () => {
    for (const keyboard of keyboards) {
      const { plain, shift, altGr, shiftAltGr, dead } = keyboardLayouts[keyboard];
      const signs = Array.from(plain.replaceAll(" ", ""));
      assert.is(signs.length, keyCodes.length, keyboard);
      assert.is(Array.from(shift.replaceAll(" ", "")).length, keyCodes.length, keyboard);
      const pairs = `${altGr} ${shiftAltGr}`.split(" ").filter((pair) => pair !== "");
      for (const pair of pairs) {
        assert.is(pair.length, 2, `${keyboard} ${pair}`);
        assert.ok(signs.includes(pair[0] ?? ""), `${keyboard} ${pair}`);
      }
      const all = new Set(
        Array.from(`${plain}${shift}${pairs.map((pair) => pair[1] ?? "").join("")}`),
      );
      for (const mark of Object.keys(dead)) assert.ok(all.has(mark), `${keyboard} ${mark}`);
    }
  });

  test("every sign of ASCII can be typed on every layout that has it", () => {
    for (const keyboard of keyboards) {
      const strokes = keystrokesOf(keyboardLayouts[keyboard]);
      const ascii = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index));
      const missing = ascii.filter((sign) => !strokes.has(sign)).join("");
      assert.is(
        missing,
        Array.from(lacking[keyboard] ?? "")
          .toSorted()
          .join(""),
        keyboard,
      );
      assert.not.ok(strokes.has(noSign));
    }
  });

  test("no two signs are typed by the same keys", () => {
    for (const keyboard of keyboards) {
      const typed = [...keystrokesOf(keyboardLayouts[keyboard]).values()].map((strokes) =>
        JSON.stringify(strokes),
      );
      assert.is(new Set(typed).size, typed.length, keyboard);
    }
  });
});
