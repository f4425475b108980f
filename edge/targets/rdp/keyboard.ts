// Keys of a viewer as the keys of the machine's keyboard. A viewer tells signs, RDP carries keys, and the machine makes signs of keys by its own layout.
// So each sign goes to the display as the very key of that layout (QEMU's Extended Key Event, which carries scan codes), with Shift and AltGr as the
// sign needs them for as long as its key is down: whatever keyboard the viewer has, and whatever he holds. The display guesses nothing: told a keysym,
// it would press Shift or Caps Lock itself, for less long than the key, and a device that is told so loses track. A sign that the layout lacks types
// nothing; the clipboard is for those.
import { keyEvent, scanCodeEvent } from "../rfb/pressed-input.ts";
import type { KeyboardLayout } from "./keyboard-layouts.ts";
import { signOf } from "./keyboard-signs.ts";
import { keystrokesOf, type Keystroke } from "./keystrokes.ts";

const shiftLeft = 0xffe1;
const shiftRight = 0xffe2;
const controlLeft = 0xffe3;
const controlRight = 0xffe4;
const altLeft = 0xffe9;
const altRight = 0xffea;
/** AltGr, as X and noVNC have it. */
const level3Shift = 0xfe03;
/** The left Option key of a Mac, which is AltGr, too. */
const modeSwitch = 0xff7e;
const modifiers: ReadonlySet<number> = new Set([
  shiftLeft,
  shiftRight,
  controlLeft,
  controlRight,
  altLeft,
  altRight,
  level3Shift,
  modeSwitch,
]);
/** Signs come in their case already: a device with Caps Lock on would turn it. */
const capsLock = 0xffe5;
/** The right Alt key, which is AltGr on layouts that have one: 0xe0 0x38, as QEMU writes it. */
const altGrCode = 0xb8;

export class Keyboard {
  readonly #strokes: ReadonlyMap<string, readonly Keystroke[]>;
  readonly #hasAltGr: boolean;
  /** The modifiers that the viewer holds. */
  readonly #held = new Set<number>();
  /** The modifiers that are down on the device. */
  #down: ReadonlySet<number> = new Set();
  /** The scan codes of the signs whose keys are down, by their keysyms. */
  readonly #signs = new Map<number, number>();
  /** The sign whose key is down with other modifiers than the viewer holds. */
  #bentFor: number | undefined;

  constructor(layout: KeyboardLayout) {
    this.#strokes = keystrokesOf(layout);
    this.#hasAltGr = layout.altGr !== "";
  }

  /** The key events that stand for one of the viewer's, in their order. */
  translate(isDown: boolean, keysym: number): Uint8Array[] {
    if (keysym === capsLock) return [];
    if (modifiers.has(keysym)) {
      if (isDown) this.#held.add(keysym);
      else this.#held.delete(keysym);
      return this.#straighten();
    }
    const sign = signOf(keysym);
    if (sign === undefined) {
      const event = keyEvent(isDown, keysym);
      return isDown ? [...this.#straighten(), event] : [event];
    }
    return isDown ? this.#press(sign, keysym) : this.#letGo(keysym);
  }

  #press(sign: string, keysym: number): Uint8Array[] {
    const strokes = this.#strokes.get(sign) ?? [];
    const [stroke] = strokes;
    if (stroke === undefined) return this.#straighten();
    if (strokes.length > 1) {
      // At once: the last of the keys alone would repeat as another sign.
      const typed = strokes.flatMap((each) => [
        ...this.#turn(this.#wantedFor(each)),
        scanCodeEvent(true, keysym, each.code),
        scanCodeEvent(false, keysym, each.code),
      ]);
      return [...typed, ...this.#straighten()];
    }
    const turned = this.#turn(this.#wantedFor(stroke));
    this.#bentFor = keysym;
    this.#signs.set(keysym, stroke.code);
    return [...turned, scanCodeEvent(true, keysym, stroke.code)];
  }

  #letGo(keysym: number): Uint8Array[] {
    const code = this.#signs.get(keysym);
    if (code === undefined) return [];
    this.#signs.delete(keysym);
    const event = scanCodeEvent(false, keysym, code);
    return keysym === this.#bentFor ? [event, ...this.#straighten()] : [event];
  }

  /** What is down on the device when no sign wants it otherwise. AltGr alone types nothing: it goes down with the signs that need it. */
  #usual(): Set<number> {
    const usual = new Set(this.#held);
    usual.delete(level3Shift);
    usual.delete(modeSwitch);
    // There it would be AltGr, which the viewer did not press.
    if (this.#hasAltGr && usual.delete(altRight)) usual.add(altLeft);
    return usual;
  }

  #wantedFor({ shift, altGr }: Keystroke): Set<number> {
    const wanted = this.#usual();
    if (!shift) {
      wanted.delete(shiftLeft);
      wanted.delete(shiftRight);
    } else if (!wanted.has(shiftLeft) && !wanted.has(shiftRight)) {
      wanted.add(shiftLeft);
    }
    if (!altGr) return wanted;
    wanted.add(level3Shift);
    // So is AltGr told where the viewer's system has no key of that name.
    const isControl = this.#held.has(controlLeft) || this.#held.has(controlRight);
    const isAlt = this.#held.has(altLeft) || this.#held.has(altRight);
    if ((isControl && isAlt) || this.#held.has(altRight)) {
      for (const keysym of [controlLeft, controlRight, altLeft]) wanted.delete(keysym);
    }
    return wanted;
  }

  #straighten(): Uint8Array[] {
    this.#bentFor = undefined;
    return this.#turn(this.#usual());
  }

  #turn(wanted: ReadonlySet<number>): Uint8Array[] {
    const before = this.#down;
    this.#down = wanted;
    return [
      ...[...before]
        .filter((keysym) => !wanted.has(keysym))
        .map((each) => modifierEvent(false, each)),
      ...[...wanted]
        .filter((keysym) => !before.has(keysym))
        .map((each) => modifierEvent(true, each)),
    ];
  }
}

function modifierEvent(isDown: boolean, keysym: number): Uint8Array {
  return keysym === level3Shift
    ? scanCodeEvent(isDown, keysym, altGrCode)
    : keyEvent(isDown, keysym);
}
