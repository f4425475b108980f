// noVNC's viewer in a place of the page, and the only file that knows noVNC. It draws whatever RFB its socket brings: a device's, or a recording's.
// Invariant: it is scaled to its place and nothing else; how large the place is, is somebody else's business.
import RFB from "@novnc/novnc";
import type { RawChannel } from "./raw-channel.ts";

export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

export interface ViewerEvents {
  /** What the device calls its screen. */
  readonly named?: (name: string) => void;
  readonly resized?: (size: ScreenSize) => void;
  readonly cutText?: (text: string) => void;
  /** The handshake is over. */
  readonly connected?: () => void;
  /** The stream ended, or was none. */
  readonly disconnected?: (isClean: boolean) => void;
}

/** noVNC 1.7 asks for red first, and reads a pointer's pixels as if it had asked for blue first (`_handleCursor` of core/rfb.js). */
class TrueColourRfb extends RFB {
  protected override _updateCursor(rgba: Uint8Array, ...place: PointerPlace): void {
    for (let at = 0; at < rgba.length; at += 4) {
      [rgba[at], rgba[at + 2]] = [rgba[at + 2] ?? 0, rgba[at] ?? 0];
    }
    super._updateCursor(rgba, ...place);
  }
}

type PointerPlace = [hotX: number, hotY: number, width: number, height: number];

export class Viewer {
  readonly canvas: HTMLCanvasElement;
  readonly #rfb: RFB;
  readonly #observer: MutationObserver;
  #size: ScreenSize = { width: 0, height: 0 };
  #isOver = false;

  /** Begins at once; `socket` may deliver from then on. */
  constructor(place: HTMLElement, socket: RawChannel, events: ViewerEvents, isOnlyShown: boolean) {
    this.#rfb = new TrueColourRfb(place, socket, { shared: true });
    this.#rfb.viewOnly = isOnlyShown;
    this.#rfb.focusOnClick = !isOnlyShown;
    this.#rfb.scaleViewport = true;
    this.#rfb.showDotCursor = !isOnlyShown;
    this.#rfb.background = "transparent";
    const canvas = [...place.querySelectorAll("canvas")].at(-1);
    if (canvas === undefined) throw new Error("noVNC made no canvas");
    this.canvas = canvas;
    const look = (): void => {
      const { width, height } = canvas;
      if (width === this.#size.width && height === this.#size.height) return;
      this.#size = { width, height };
      events.resized?.(this.#size);
    };
    // noVNC does not tell of sizes, but its canvas has the device's.
    this.#observer = new MutationObserver(look);
    this.#observer.observe(canvas, { attributes: true, attributeFilter: ["width", "height"] });
    this.#rfb.addEventListener("connect", () => {
      look();
      events.connected?.();
    });
    this.#rfb.addEventListener("desktopname", (event) => {
      events.named?.((event as CustomEvent<{ name: string }>).detail.name);
    });
    this.#rfb.addEventListener("clipboard", (event) => {
      events.cutText?.((event as CustomEvent<{ text: string }>).detail.text);
    });
    this.#rfb.addEventListener("disconnect", (event) => {
      this.#isOver = true;
      events.disconnected?.((event as CustomEvent<{ clean: boolean }>).detail.clean);
    });
  }

  /** Of the device's screen, in its pixels; zeros before the handshake is over. */
  get size(): ScreenSize {
    return this.#size;
  }

  focus(): void {
    this.#rfb.focus({ preventScroll: true });
  }

  /** Presses a key, or only one half of it. */
  sendKey(keysym: number, isDown?: boolean): void {
    this.#rfb.sendKey(keysym, null, isDown);
  }

  /** The device's screen follows the size of the place. */
  set follows(isFollowing: boolean) {
    if (this.#rfb.resizeSession !== isFollowing) this.#rfb.resizeSession = isFollowing;
  }

  /** Takes the picture away. */
  dispose(): void {
    this.#observer.disconnect();
    if (!this.#isOver) this.#rfb.disconnect();
  }
}
