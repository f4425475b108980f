// A recording's screen in a place of the page (shared/protocol.md, "Screens"): a fresh viewer for each segment that is jumped to, fed with what the device
// sent. Nobody answers what noVNC says, and nothing that is done to the picture goes anywhere.
import { handOver, type RawChannel } from "./raw-channel.ts";
import { Viewer, type ScreenSize } from "./viewer.ts";

export interface PointedAt {
  readonly x: number;
  readonly y: number;
  readonly isPressed: boolean;
}

export interface RecordedScreenEvents {
  readonly resized?: (size: ScreenSize) => void;
  /** What was fed is no screen's stream. */
  readonly broken: () => void;
}

export class RecordedScreen {
  readonly #place: HTMLElement;
  readonly #events: RecordedScreenEvents;
  #layer: Layer | undefined;
  /** Stays in sight until the next one has its first picture. */
  #former: Layer | undefined;
  readonly #pointer = document.createElement("div");
  #size: ScreenSize = { width: 0, height: 0 };

  /** `place` takes the shape of the screen. */
  constructor(place: HTMLElement, events: RecordedScreenEvents) {
    this.#place = place;
    this.#events = events;
    this.#pointer.className = "screen-pointer";
    this.#pointer.hidden = true;
    place.append(this.#pointer);
  }

  /** Begins anew: what is fed next is a keyframe. */
  begin(): void {
    this.#former?.dispose();
    this.#former = this.#layer;
    this.#layer = new Layer(this.#place, {
      resized: (size) => this.#resized(size),
      broken: () => this.#events.broken(),
    });
  }

  /** Bytes from the device; drawn when it returns. */
  feed(bytes: Uint8Array): void {
    this.#layer?.feed(bytes);
  }

  /** All that belongs to one moment was fed. */
  shown(): void {
    if (this.#layer?.isConnected !== true) return;
    this.#former?.dispose();
    this.#former = undefined;
  }

  /** Where the vendor's pointer is. */
  point(pointer: PointedAt | undefined): void {
    const { style, dataset } = this.#pointer;
    const { width, height } = this.#size;
    this.#pointer.hidden = pointer === undefined || width === 0;
    if (pointer === undefined || width === 0) return;
    style.insetInlineStart = `${(100 * pointer.x) / width}%`;
    style.insetBlockStart = `${(100 * pointer.y) / height}%`;
    if (pointer.isPressed) dataset["pressed"] = "";
    else delete dataset["pressed"];
  }

  dispose(): void {
    this.#former?.dispose();
    this.#layer?.dispose();
    this.#pointer.remove();
  }

  #resized(size: ScreenSize): void {
    this.#size = size;
    if (size.height > 0) this.#place.style.setProperty("--ratio", String(size.width / size.height));
    this.#events.resized?.(size);
  }
}

class Layer {
  readonly #element = document.createElement("div");
  readonly #socket = new RecordedSocket();
  readonly #viewer: Viewer;
  #isConnected = false;
  #isOver = false;

  constructor(place: HTMLElement, events: RecordedScreenEvents) {
    this.#element.className = "recorded-layer";
    this.#element.setAttribute("aria-hidden", "true");
    // Below the pointer.
    place.prepend(this.#element);
    this.#viewer = new Viewer(
      this.#element,
      this.#socket,
      {
        resized: events.resized,
        connected: () => {
          this.#isConnected = true;
        },
        disconnected: () => {
          if (!this.#isOver) events.broken();
          this.#isOver = true;
        },
      },
      true,
    );
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  feed(bytes: Uint8Array): void {
    if (!this.#isOver) handOver(this.#socket, bytes, () => this.#isConnected);
  }

  dispose(): void {
    this.#isOver = true;
    this.#viewer.dispose();
    this.#element.remove();
  }
}

class RecordedSocket implements RawChannel {
  binaryType = "arraybuffer";
  readonly protocol = "";
  readyState = "open";
  onopen: RawChannel["onopen"] = null;
  onmessage: RawChannel["onmessage"] = null;
  onclose: RawChannel["onclose"] = null;
  onerror: RawChannel["onerror"] = null;

  send(): void {
    return undefined;
  }

  close(): void {
    this.readyState = "closed";
    queueMicrotask(() => this.onclose?.({}));
  }
}
