// Signs of a viewer at real remote desktops of several layouts: each sign that the layout has reaches the device's program as that sign, whatever the
// viewer holds, and no key stays down.
import { setTimeout as delay } from "node:timers/promises";
import * as assert from "uvu/assert";
import { keyEvent } from "../../../edge/targets/rfb/pressed-input.ts";
import { keyboards, type KeyboardName } from "../../../shared/document/keyboard.ts";
import { keyLog, setLayout, startRdp, type RdpDevice } from "../../plant/rdp.ts";
import { group } from "../../support/group.ts";
import { setDesktopSize, viewScreen } from "../../support/screen-viewer.ts";
import { signsOnX } from "./keyboard-on-x.ts";
import { rdpUnderTest } from "./rdp-under-test.ts";

const keys = { return: 0xff0d, shift: 0xffe1, altGr: 0xfe03, control: 0xffe3, alt: 0xffe9 };
/** Keysyms from here on are code points of Unicode. */
const unicodeBase = 0x0100_0000;
const looks = 300;
const lookMs = 50;

function keysymOf(sign: string): number {
  const code = sign.codePointAt(0) ?? 0;
  return code < 0x100 ? code : unicodeBase + code;
}

async function until(isSo: () => boolean, what: () => string): Promise<void> {
  for (let look = 0; look < looks && !isSo(); look += 1) await delay(lookMs);
  if (!isSo()) throw new Error(`never ${what()}`);
}

function typed(device: RdpDevice): string {
  return [...device.output().matchAll(/^sign (.*)$/gm)].map(([, sign]) => sign).join("");
}

/** The keys that went down and never came up; what X's input method composes has no place, and comes up by no key. */
function stuck(device: RdpDevice): string[] {
  const down = new Set<string>();
  for (const [, way, place = ""] of device.output().matchAll(/^(down|up) ([1-9]\d*)$/gm)) {
    if (way === "down") down.add(place);
    else down.delete(place);
  }
  return [...down];
}

const rows: readonly (readonly [RdpDevice["security"], KeyboardName])[] = [
  ["nla", "us"],
  ["nla", "de"],
  ["nla", "fr"],
  ["nla", "ch-de"],
  ["nla", "se"],
  ["tls", "de"],
  ["tls", "fr"],
];

await group("targets/rdp keyboard", { timeoutMs: 240_000 }, (test) => {
  for (const [security, keyboard] of rows) {
    test(`${security}: each sign of "${keyboard}" arrives, whatever the viewer holds, and no key stays down`, async () => {
      await using device = await startRdp({ security, keyboard, program: ["wish", keyLog] });
      using desktop = rdpUnderTest(device);
      const opened = await desktop.open();
      const viewer = await viewScreen(opened);
      await until(
        () => /^drawn$/m.test(device.output()),
        () => "drawn",
      );
      const signs = signsOnX(keyboard);
      const shown = signs.map((each) => each.shown).join("");
      let expected = "";
      for (const held of [[], [keys.shift], [keys.altGr], [keys.shift, keys.altGr]]) {
        for (const each of held) await viewer.send(keyEvent(true, each));
        for (const { sign } of signs) await viewer.key(keysymOf(sign));
        for (const each of held) await viewer.send(keyEvent(false, each));
        expected += shown;
      }
      await viewer.key(keys.return);
      await until(
        () => /^return$/m.test(device.output()),
        () => `returned: ${typed(device)}`,
      );
      assert.is(typed(device), expected);
      await until(
        () => stuck(device).length === 0,
        () => `let go of ${stuck(device).join(" ")}`,
      );
      opened.session.abort("over");
      await opened.served;
    });
  }

  test("each sign of every other layout arrives, too", async () => {
    await using device = await startRdp({ security: "nla", program: ["wish", keyLog] });
    const { address } = await device.screen();
    for (const keyboard of keyboards.filter((each) => !rows.some(([, done]) => done === each))) {
      await setLayout(keyboard, address);
      using desktop = rdpUnderTest({ ...device, keyboard });
      const opened = await desktop.open();
      const viewer = await viewScreen(opened);
      const before = typed(device).length;
      const signs = signsOnX(keyboard);
      for (const { sign } of signs) await viewer.key(keysymOf(sign));
      const expected = signs.map(({ shown }) => shown).join("");
      const now = (): string => typed(device).slice(before);
      await until(
        () => now().length >= expected.length,
        () => `typed all of "${keyboard}": ${now()}`,
      );
      assert.is(now(), expected, keyboard);
      opened.session.abort("over");
      await opened.served;
      await desktop.isClean();
    }
    assert.equal(stuck(device), []);
  });

  test("a size that the viewer sets leaves the layout as it is", async () => {
    await using device = await startRdp({
      security: "tls",
      keyboard: "de",
      program: ["wish", keyLog],
    });
    using desktop = rdpUnderTest(device);
    const opened = await desktop.open({ rights: ["control", "resize"] });
    const viewer = await viewScreen(opened);
    await until(
      () => /^drawn$/m.test(device.output()),
      () => "drawn",
    );
    const signs = "yzYZ#@{ß^";
    for (const sign of signs) await viewer.key(keysymOf(sign));
    await viewer.send(setDesktopSize(1280, 720));
    await (await device.screen()).hasSize("1280x720");
    for (const sign of signs) await viewer.key(keysymOf(sign));
    await until(
      () => typed(device).length >= 2 * signs.length,
      () => typed(device),
    );
    assert.is(typed(device), `${signs}${signs}`);
    opened.session.abort("over");
    await opened.served;
  });

  test("a machine of another layout than its document says types other signs", async () => {
    await using device = await startRdp({
      security: "nla",
      keyboard: "de",
      program: ["wish", keyLog],
    });
    using desktop = rdpUnderTest({ ...device, keyboard: "us" });
    const opened = await desktop.open();
    const viewer = await viewScreen(opened);
    for (const sign of "yz;") await viewer.key(keysymOf(sign));
    await until(
      () => typed(device).length >= 3,
      () => typed(device),
    );
    assert.is(typed(device), "zyö");
    opened.session.abort("over");
    await opened.served;
  });

  test("a session that ends while AltGr is down lets go of it", async () => {
    await using device = await startRdp({
      security: "nla",
      keyboard: "de",
      program: ["wish", keyLog],
    });
    using desktop = rdpUnderTest(device);
    const opened = await desktop.open();
    const viewer = await viewScreen(opened);
    await viewer.send(keyEvent(true, keys.altGr), keyEvent(true, keysymOf("@")));
    await until(
      () => typed(device) === "@",
      () => typed(device),
    );
    assert.ok(stuck(device).length > 0);
    opened.vendor.channel.end();
    await opened.served;
    await until(
      () => stuck(device).length === 0,
      () => `let go of ${stuck(device).join(" ")}`,
    );
  });
});
