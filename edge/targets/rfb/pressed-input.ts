// What the vendor holds down on the device: keys and buttons. Invariant: whatever the edge passed on as pressed it can release by itself, so that no
// button of a machine stays pressed because a line broke, a watcher left or the session ended.

/** More fingers than a vendor has. Beyond it no further key goes down. */
const maxPressedKeys = 64;

export class PressedInput {
  readonly #keys = new Set<number>();
  /** What the vendor holds and the device does not know of, any more or yet: it goes down only after the vendor has let go of it. */
  readonly #staleKeys = new Set<number>();
  #staleButtons = 0;
  #buttons = 0;
  #x = 0;
  #y = 0;

  get isAny(): boolean {
    return this.#keys.size > 0 || this.#buttons !== 0;
  }

  /** Whether the key's event may go on. */
  key(isDown: boolean, keysym: number): boolean {
    if (!isDown) {
      this.#keys.delete(keysym);
      this.#staleKeys.delete(keysym);
      return true;
    }
    if (this.#staleKeys.has(keysym)) return false;
    if (this.#keys.size + this.#staleKeys.size < maxPressedKeys) this.#keys.add(keysym);
    return this.#keys.has(keysym);
  }

  /** The buttons that go on. */
  pointer(buttons: number, x: number, y: number): number {
    this.#staleButtons &= buttons;
    this.#buttons = buttons & ~this.#staleButtons;
    this.#x = x;
    this.#y = y;
    return this.#buttons;
  }

  /** A key's event that does not go on. */
  missKey(isDown: boolean, keysym: number): void {
    if (!isDown) this.#staleKeys.delete(keysym);
    else if (this.#staleKeys.size < maxPressedKeys) this.#staleKeys.add(keysym);
  }

  /** A pointer's event that does not go on. */
  missPointer(buttons: number): void {
    this.#staleButtons = buttons;
  }

  /** The keys to let go of, and the PointerEvent that lets go of the buttons. */
  release(): { readonly keys: readonly number[]; readonly pointer: Uint8Array | undefined } {
    const keys = [...this.#keys];
    const pointer = this.#buttons === 0 ? undefined : pointerEvent(0, this.#x, this.#y);
    for (const keysym of this.#keys) this.#staleKeys.add(keysym);
    this.#staleButtons |= this.#buttons;
    this.#keys.clear();
    this.#buttons = 0;
    return { keys, pointer };
  }
}

/** KeyEvent (RFC 6143 §7.5.4). */
export function keyEvent(isDown: boolean, keysym: number): Uint8Array {
  const message = Buffer.alloc(8);
  message[0] = 4;
  message[1] = isDown ? 1 : 0;
  message.writeUInt32BE(keysym, 4);
  return message;
}

/** QEMU Extended Key Event (rfbproto): a key by its scan code (set 1; a key of two bytes has the second one's eighth bit set), whatever its keysym. */
export function scanCodeEvent(isDown: boolean, keysym: number, code: number): Uint8Array {
  const message = Buffer.alloc(12);
  message[0] = 255;
  message.writeUInt16BE(isDown ? 1 : 0, 2);
  message.writeUInt32BE(keysym, 4);
  message.writeUInt32BE(code, 8);
  return message;
}

/** PointerEvent (RFC 6143 §7.5.5), of seven buttons. */
export function pointerEvent(buttons: number, x: number, y: number): Uint8Array {
  const message = Buffer.alloc(6);
  message[0] = 5;
  message[1] = buttons & 0x7f;
  message.writeUInt16BE(x, 2);
  message.writeUInt16BE(y, 4);
  return message;
}

/** PointerEvent with ExtendedMouseButtons (rfbproto): the eighth bit says that a byte with two more buttons follows. */
export function extendedPointerEvent(buttons: number, x: number, y: number): Uint8Array {
  const more = Uint8Array.of((buttons >> 7) & 0x03);
  const message = Buffer.concat([pointerEvent(buttons, x, y), more]);
  message.writeUInt8(message.readUInt8(1) | 0x80, 1);
  return message;
}
