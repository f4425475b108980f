// The part of noVNC 1.7 that pages use; the package brings no types (docs/API.md).
declare module "@novnc/novnc" {
  import type { RawChannel } from "./raw-channel.ts";

  export default class RFB extends EventTarget {
    constructor(
      target: HTMLElement,
      channel: RawChannel,
      options?: { readonly shared?: boolean; readonly wsProtocols?: readonly string[] },
    );
    viewOnly: boolean;
    focusOnClick: boolean;
    scaleViewport: boolean;
    clipViewport: boolean;
    dragViewport: boolean;
    resizeSession: boolean;
    showDotCursor: boolean;
    background: string;
    qualityLevel: number;
    compressionLevel: number;
    disconnect(): void;
    focus(options?: FocusOptions): void;
    blur(): void;
    /** Without `isDown`: a press and a release. */
    sendKey(keysym: number, code: string | null, isDown?: boolean): void;
    /** Not of its API: takes a pointer that the device sent. `rgba` is its caller's no more. */
    protected _updateCursor(
      rgba: Uint8Array,
      hotX: number,
      hotY: number,
      width: number,
      height: number,
    ): void;
  }
}
