// What noVNC takes in place of a WebSocket (its core/websock.js): it looks for each of these names, and puts its own functions in.
export interface RawChannel {
  binaryType: string;
  readonly protocol: string;
  /** In a WebRTC channel's words: "open", "closed". */
  readonly readyState: string;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: Uint8Array }) => void) | null;
  onclose: ((event: { readonly code?: number; readonly reason?: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(bytes: Uint8Array): void;
  close(): void;
}
