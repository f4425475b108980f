// The part of noVNC 1.7 that pages use; the package brings no types (docs/API.md).
declare module "@novnc/novnc" {
  interface RawChannel {
    binaryType: string;
    readonly protocol: string;
    readonly readyState: string;
    onopen: (() => void) | null;
    onmessage: ((event: { readonly data: Uint8Array | ArrayBuffer }) => void) | null;
    onclose: ((event: { readonly code?: number; readonly reason?: string }) => void) | null;
    onerror: ((event: unknown) => void) | null;
    send(bytes: Uint8Array): void;
    close(): void;
  }

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
  }
}
