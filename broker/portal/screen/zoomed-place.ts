// Where a screen is shown: fitted into its place, larger or smaller by choice, and moved about in it by fingers, mouse or scroll bars. noVNC scales to
// the inner element, whose size is made here; gestures that mean the picture and not the machine never reach noVNC.
import type { ScreenSize } from "./viewer.ts";

/** `fit`: as large as the place allows. A number: that many pixels of the page for one of the device. */
export type Scale = "fit" | number;

const largestScale = 8;
const smallestScale = 0.1;
const zoomStep = 1.25;

interface Gesture {
  readonly type: string;
  readonly clientX: number;
  readonly clientY: number;
  readonly magnitudeX?: number;
  readonly magnitudeY?: number;
}

export class ZoomedPlace {
  /** Scrolls. */
  readonly outer = document.createElement("div");
  /** Holds the picture. */
  readonly inner = document.createElement("div");
  readonly #changed: () => void;
  #screen: ScreenSize = { width: 0, height: 0 };
  #scale: Scale = "fit";
  #fills = false;
  #isMoving = false;
  #last: { x: number; y: number; distance: number } | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.outer.className = "screen-outer";
    this.inner.className = "screen-inner";
    this.outer.append(this.inner);
    for (const type of ["gesturestart", "gesturemove", "gestureend"] as const) {
      // Captured above noVNC's canvas, which is what these events are sent to.
      this.inner.addEventListener(type, (event) => this.#gesture(type, event), { capture: true });
    }
    this.inner.addEventListener("mousedown", (event) => this.#grab(event), { capture: true });
    new ResizeObserver(() => this.#lay()).observe(this.outer);
  }

  get scale(): Scale {
    return this.#scale;
  }

  /** Of the page's pixels for one of the device. */
  get factor(): number {
    return this.#scale === "fit" ? this.#fitting() : this.#scale;
  }

  /** One finger, or the mouse, moves the picture and not what is on it. */
  get isMoving(): boolean {
    return this.#isMoving;
  }

  set isMoving(isMoving: boolean) {
    this.#isMoving = isMoving;
    this.#changed();
  }

  /** The picture is larger than its place. */
  get isLarger(): boolean {
    const { scrollWidth, scrollHeight, clientWidth, clientHeight } = this.outer;
    return scrollWidth > clientWidth || scrollHeight > clientHeight;
  }

  /** The inner element takes all of the place, for a device whose screen follows it. */
  set fills(isFilling: boolean) {
    this.#fills = isFilling;
    if (isFilling) this.#scale = "fit";
    this.#lay();
    this.#changed();
  }

  set screen(size: ScreenSize) {
    this.#screen = size;
    this.#lay();
    this.#changed();
  }

  fit(): void {
    this.#scale = "fit";
    this.#isMoving = false;
    this.#lay();
    this.#changed();
  }

  /** Zooms so that the point of the page stays where it is; without one, the middle does. */
  zoom(scale: number, around?: { readonly x: number; readonly y: number }): void {
    if (this.#fills) return;
    const box = this.outer.getBoundingClientRect();
    const { x, y } = around ?? { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    const before = this.inner.getBoundingClientRect();
    const part = { x: (x - before.x) / before.width, y: (y - before.y) / before.height };
    this.#scale = Math.max(smallestScale, Math.min(largestScale, scale));
    this.#lay();
    const after = this.inner.getBoundingClientRect();
    this.outer.scrollLeft += after.x + part.x * after.width - x;
    this.outer.scrollTop += after.y + part.y * after.height - y;
    this.#changed();
  }

  step(direction: 1 | -1): void {
    this.zoom(this.factor * zoomStep ** direction);
  }

  #fitting(): number {
    const { width, height } = this.#screen;
    if (width === 0 || height === 0) return 1;
    return Math.min(this.outer.clientWidth / width, this.outer.clientHeight / height);
  }

  #lay(): void {
    const { style } = this.inner;
    const { width, height } = this.#screen;
    if (this.#fills || width === 0) {
      style.inlineSize = "100%";
      style.blockSize = "100%";
      return;
    }
    const factor = this.factor;
    style.inlineSize = `${width * factor}px`;
    style.blockSize = `${height * factor}px`;
  }

  #pan(byX: number, byY: number): void {
    this.outer.scrollLeft -= byX;
    this.outer.scrollTop -= byY;
  }

  #gesture(type: string, event: Event): void {
    const { detail } = event as CustomEvent<Gesture>;
    const { magnitudeX = 0, magnitudeY = 0 } = detail;
    const isPinch = detail.type === "pinch";
    const isPan =
      (detail.type === "twodrag" && this.isLarger) || (detail.type === "drag" && this.#isMoving);
    if (!isPinch && !isPan) return;
    event.stopPropagation();
    const now =
      detail.type === "drag"
        ? { x: detail.clientX, y: detail.clientY, distance: 0 }
        : { x: magnitudeX, y: magnitudeY, distance: Math.hypot(magnitudeX, magnitudeY) };
    const last = this.#last;
    this.#last = type === "gestureend" ? undefined : now;
    if (type !== "gesturemove" || last === undefined) return;
    if (isPan) this.#pan(now.x - last.x, now.y - last.y);
    else if (last.distance > 0) {
      const around = { x: detail.clientX, y: detail.clientY };
      this.zoom((this.factor * now.distance) / last.distance, around);
    }
  }

  // A mouse that holds the picture; fingers come as gestures.
  #grab(event: MouseEvent): void {
    if (!this.#isMoving || event.button !== 0) return;
    event.stopPropagation();
    event.preventDefault();
    const over = new AbortController();
    const { signal } = over;
    const move = ({ movementX, movementY }: MouseEvent): void => this.#pan(movementX, movementY);
    window.addEventListener("mousemove", move, { signal, capture: true });
    window.addEventListener("mouseup", () => over.abort(), { signal, capture: true });
  }
}
