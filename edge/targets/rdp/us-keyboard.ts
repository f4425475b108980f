// Keys of a viewer as a US keyboard's, which the desktop's display and device both have. A viewer tells signs: with Caps Lock on, from a phone or from
// another layout they come without the Shift that a US keyboard needs for them, or with one too many. The display would then press Shift or Caps Lock
// itself, for less long than the key; a device that is told so loses track. Here Shift is as the sign wants it for as long as its key is down.
import { keyEvent } from "../rfb/pressed-input.ts";

const shiftLeft = 0xffe1;
const shiftRight = 0xffe2;
/** Signs come in their case already: a device with Caps Lock on would turn it. */
const capsLock = 0xffe5;

const shiftedSigns = keysymsOf('~!@#$%^&*()_+{}|:"<>?ABCDEFGHIJKLMNOPQRSTUVWXYZ');
const plainSigns = keysymsOf("`1234567890-=[]\\;',./abcdefghijklmnopqrstuvwxyz");

export class UsKeyboard {
  /** The Shift keys that the viewer holds. */
  readonly #held = new Set<number>();
  /** The sign whose key is down with another Shift than the viewer holds. */
  #bentFor: number | undefined;

  /** The KeyEvents that stand for one of the viewer's, in their order. */
  translate(isDown: boolean, keysym: number): Uint8Array[] {
    if (keysym === capsLock) return [];
    const event = keyEvent(isDown, keysym);
    if (keysym === this.#bentFor) return isDown ? [event] : [event, ...this.#straighten()];
    if (keysym === shiftLeft || keysym === shiftRight) {
      const straightened = this.#straighten();
      if (isDown) this.#held.add(keysym);
      else this.#held.delete(keysym);
      return [...straightened, event];
    }
    if (!isDown) return [event];
    const straightened = this.#straighten();
    const isWanted = shiftedSigns.has(keysym);
    if ((!isWanted && !plainSigns.has(keysym)) || isWanted === this.#held.size > 0) {
      return [...straightened, event];
    }
    this.#bentFor = keysym;
    return [...straightened, ...this.#turned(isWanted), event];
  }

  #straighten(): Uint8Array[] {
    if (this.#bentFor === undefined) return [];
    this.#bentFor = undefined;
    return this.#turned(this.#held.size > 0);
  }

  /** Shift down or up, for a viewer that has it the other way. */
  #turned(isDown: boolean): Uint8Array[] {
    const keys = this.#held.size > 0 ? [...this.#held] : [shiftLeft];
    return keys.map((keysym) => keyEvent(isDown, keysym));
  }
}

// Of printable ASCII, a keysym is the character's own number (X Window System Protocol, appendix A).
function keysymsOf(signs: string): ReadonlySet<number> {
  return new Set(Buffer.from(signs, "latin1"));
}
