// The viewer's half of RFB (RFC 6143 §7.5), walked message by message in whatever pieces it comes; the edge is the server. Default deny: an unknown message
// ends the stream. Invariant: what reaches the device was taken apart and written anew, in a length on which device and edge cannot disagree.
import { DeviceError } from "../device-error.ts";
import type { DeviceAbilities } from "./abilities.ts";
import { mayAskFor } from "./encodings.ts";
import { maxPixels } from "./framebuffer.ts";
import { pixelFormat } from "./pixel-format.ts";
import { extendedPointerEvent, keyEvent, pointerEvent, PressedInput } from "./pressed-input.ts";

/** Text of a clipboard that goes to a device; a longer one is passed over, since nobody means to paste it into a panel. */
export const maxClipboardBytes = 256 * 1024;
/** noVNC lists some twenty. */
const maxEncodings = 256;
/** Of a fence's payload (rfbproto). */
const maxFenceBytes = 64;
/** The server's list in RFB 3.8, and the one answer to it. */
const securityNone = 1;
const clientVersion = "RFB 003.008\n";

const messageType = {
  setPixelFormat: 0,
  setEncodings: 2,
  framebufferUpdateRequest: 3,
  keyEvent: 4,
  pointerEvent: 5,
  clientCutText: 6,
  enableContinuousUpdates: 150,
  clientFence: 248,
  setDesktopSize: 251,
} as const;

/** Bytes after which a message's length is known. */
const headBytes: ReadonlyMap<number, number> = new Map([
  [messageType.setPixelFormat, 20],
  [messageType.setEncodings, 4],
  [messageType.framebufferUpdateRequest, 10],
  [messageType.keyEvent, 8],
  [messageType.pointerEvent, 6],
  [messageType.clientCutText, 8],
  [messageType.enableContinuousUpdates, 10],
  [messageType.clientFence, 9],
  [messageType.setDesktopSize, 8],
]);

/** Messages that exist and are never passed, by name for the journal. */
const refusedNames: Readonly<Record<number, string>> = {
  249: "call control",
  250: "xvp, which shuts a device down",
  252: "gii",
  253: "tight file transfer",
  254: "VMware",
  255: "QEMU",
};

/** What of the vendor's doing may reach the device. */
export interface ClientRights {
  readonly control: boolean;
  readonly clipboardIn: boolean;
  readonly resize: boolean;
}

export interface ClientStreamOptions {
  /** The target's, for errors. */
  readonly target: string;
  readonly rights: ClientRights;
  readonly abilities: Readonly<DeviceAbilities>;
  /** Asked for each piece of input. */
  readonly mayInput: () => boolean;
  /** A message for the device, whole. */
  readonly toDevice: (message: Uint8Array) => void;
  /** The KeyEvents that the device gets for one of the viewer's; without it that one. */
  readonly keysFor?: ((isDown: boolean, keysym: number) => Uint8Array[]) | undefined;
  /** A PointerEvent or KeyEvent that goes to the device right after. */
  readonly onInput: (event: Uint8Array) => void;
  /** Text that goes to the device right after. */
  readonly onClipboard: (text: string) => void;
  /** A size that is asked of the device right after. */
  readonly onResize: (width: number, height: number) => void;
  /** The vendor did something, whether or not it may reach the device. */
  readonly onTouch: () => void;
}

/** The server's messages up to SecurityResult, for which no server has to wait: there is nothing to choose. */
export const serverGreeting: Uint8Array = Buffer.concat([
  Buffer.from("RFB 003.008\n"),
  Uint8Array.of(1, securityNone),
  Uint8Array.of(0, 0, 0, 0),
]);

export class ClientStream {
  readonly #options: ClientStreamOptions;
  readonly #pressed = new PressedInput();
  #state: "version" | "security" | "init" | "messages" = "version";
  /** The message that is being collected, of which `#length` bytes are there and `#wanted` must be before it is looked at again. */
  #held = Buffer.alloc(512);
  #length = 0;
  #wanted = clientVersion.length;
  /** Bytes of a text that is passed over. */
  #skipped = 0;

  constructor(options: ClientStreamOptions) {
    this.#options = options;
  }

  /** True while the vendor holds a key or button down on the device. */
  get isPressing(): boolean {
    return this.#pressed.isAny;
  }

  /** Lets go of all that the vendor holds down on the device; `toDevice` gets it. */
  release(): void {
    const { keys, pointer } = this.#pressed.release();
    for (const keysym of keys) this.#sendKey(false, keysym);
    if (pointer !== undefined) this.#input(pointer);
  }

  /** Takes the viewer's next bytes; throws a DeviceError for whatever is not on the list, and is dead then. */
  feed(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#skipped > 0) {
        const step = Math.min(this.#skipped, bytes.length - at);
        this.#skipped -= step;
        at += step;
        continue;
      }
      const piece = bytes.subarray(at, at + this.#wanted - this.#length);
      this.#held.set(piece, this.#length);
      this.#length += piece.length;
      at += piece.length;
      if (this.#length === this.#wanted) this.#look();
    }
  }

  #look(): void {
    const message = this.#held.subarray(0, this.#length);
    if (this.#state !== "messages") {
      this.#greet(message);
      return;
    }
    const wanted = this.#lengthOf(message);
    if (wanted > this.#length) {
      if (wanted > this.#held.length) {
        this.#held = Buffer.concat([message], wanted);
      }
      this.#wanted = wanted;
      return;
    }
    this.#take(message);
    this.#next(1);
  }

  #next(wanted: number): void {
    this.#length = 0;
    this.#wanted = wanted;
    // A long text's memory is not kept.
    if (this.#held.length > 4096) this.#held = Buffer.alloc(512);
  }

  #greet(message: Buffer): void {
    if (this.#state === "version") {
      const version = message.toString("latin1");
      if (version !== clientVersion) throw this.#refused("another version than RFB 3.8");
      this.#state = "security";
    } else if (this.#state === "security") {
      if (message[0] !== securityNone) throw this.#refused(`security type ${message[0]}`);
      this.#state = "init";
    } else {
      // Whether it would share the screen is not its to say.
      this.#state = "messages";
    }
    this.#next(1);
  }

  #lengthOf(message: Buffer): number {
    const type = message.readUInt8();
    const head = headBytes.get(type);
    if (head === undefined) {
      const name = refusedNames[type];
      throw this.#refused(`message ${type}${name === undefined ? "" : ` (${name})`}`);
    }
    if (message.length < head) return head;
    switch (type) {
      case messageType.setEncodings: {
        const count = message.readUInt16BE(2);
        if (count > maxEncodings) throw this.#refused(`${count} encodings in message 2`);
        return head + 4 * count;
      }
      case messageType.pointerEvent:
        // Only after the device said that it reads such events; before, a viewer sends seven buttons.
        return this.#isExtended(message) ? head + 1 : head;
      case messageType.clientCutText: {
        const length = message.readInt32BE(4);
        // A negative length is an extended clipboard, which nobody offered.
        if (length < 0) throw this.#refused("message 6 with an extended clipboard");
        return length > maxClipboardBytes ? head : head + length;
      }
      case messageType.clientFence: {
        const length = message.readUInt8(8);
        if (length > maxFenceBytes) throw this.#refused(`message 248 with ${length} bytes`);
        return head + length;
      }
      case messageType.setDesktopSize:
        return head + 16 * message.readUInt8(6);
      default:
        return head;
    }
  }

  #isExtended(message: Buffer): boolean {
    return this.#options.abilities.extendedMouseButtons && (message.readUInt8(1) & 0x80) !== 0;
  }

  #take(message: Buffer): void {
    const { abilities, toDevice } = this.#options;
    switch (message.readUInt8()) {
      case messageType.setPixelFormat:
        // The edge has asked for it already. The three last bytes are padding.
        if (message.compare(pixelFormat, 0, 13, 4, 17) !== 0) {
          throw this.#refused("message 0 with another pixel format");
        }
        break;
      case messageType.setEncodings:
        toDevice(askedEncodings(message));
        break;
      case messageType.framebufferUpdateRequest:
        toDevice(Buffer.from(message));
        break;
      case messageType.keyEvent:
        this.#key(message);
        break;
      case messageType.pointerEvent:
        this.#pointer(message);
        break;
      case messageType.clientCutText:
        this.#cutText(message);
        break;
      case messageType.enableContinuousUpdates:
        if (abilities.continuousUpdates) toDevice(Buffer.from(message));
        break;
      case messageType.clientFence:
        if (abilities.fence) toDevice(Buffer.from(message));
        break;
      case messageType.setDesktopSize:
        this.#desktopSize(message);
        break;
    }
  }

  /** Whether something of the vendor's doing may go on. What is held down when it may not any more is let go of. */
  #may(isGranted: boolean): boolean {
    this.#options.onTouch();
    if (!isGranted) return false;
    if (this.#options.mayInput()) return true;
    this.release();
    return false;
  }

  #input(event: Uint8Array, messages = [event]): void {
    this.#options.onInput(event);
    for (const message of messages) this.#options.toDevice(message);
  }

  #sendKey(isDown: boolean, keysym: number): void {
    this.#input(keyEvent(isDown, keysym), this.#options.keysFor?.(isDown, keysym));
  }

  #key(message: Buffer): void {
    const isDown = message[1] !== 0;
    const keysym = message.readUInt32BE(4);
    if (!this.#may(this.#options.rights.control)) {
      this.#pressed.missKey(isDown, keysym);
    } else if (this.#pressed.key(isDown, keysym)) {
      this.#sendKey(isDown, keysym);
    }
  }

  #pointer(message: Buffer): void {
    const x = message.readUInt16BE(2);
    const y = message.readUInt16BE(4);
    const isExtended = this.#isExtended(message);
    const low = message.readUInt8(1) & 0x7f;
    const held = isExtended ? low | ((message.readUInt8(6) & 0x03) << 7) : low;
    if (!this.#may(this.#options.rights.control)) {
      this.#pressed.missPointer(held);
      return;
    }
    const buttons = this.#pressed.pointer(held, x, y);
    this.#input((isExtended ? extendedPointerEvent : pointerEvent)(buttons, x, y));
  }

  #cutText(message: Buffer): void {
    const length = message.readUInt32BE(4);
    const { control, clipboardIn } = this.#options.rights;
    const may = this.#may(control && clipboardIn);
    if (length > maxClipboardBytes) {
      this.#skipped = length;
      return;
    }
    if (!may) return;
    this.#options.onClipboard(message.toString("latin1", 8));
    const cutText = Buffer.from(message);
    cutText.fill(0, 1, 4);
    this.#options.toDevice(cutText);
  }

  #desktopSize(message: Buffer): void {
    const { rights, abilities, onResize, toDevice } = this.#options;
    if (!this.#may(rights.control && rights.resize) || !abilities.desktopSize) return;
    const width = message.readUInt16BE(2);
    const height = message.readUInt16BE(4);
    // A device that agreed to more would end the stream by its picture.
    if (width * height === 0 || width * height > maxPixels) return;
    onResize(width, height);
    toDevice(Buffer.from(message));
  }

  #refused(what: string): DeviceError {
    return new DeviceError(
      "message_invalid",
      `viewer of target "${this.#options.target}" sent ${what}, which is refused`,
      `the viewer sent ${what}, which is refused`,
    );
  }
}

/** SetEncodings with those alone that the edge decodes. */
function askedEncodings(message: Buffer): Uint8Array {
  const count = message.readUInt16BE(2);
  const numbers = Array.from({ length: count }, (_, index) => message.readInt32BE(4 + 4 * index));
  const asked = numbers.filter(mayAskFor);
  const answer = Buffer.alloc(4 + 4 * asked.length);
  answer[0] = messageType.setEncodings;
  answer.writeUInt16BE(asked.length, 2);
  asked.forEach((number, index) => answer.writeInt32BE(number, 4 + 4 * index));
  return answer;
}
