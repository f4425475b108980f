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

/**
 * Hands over bytes of the device's side. noVNC expects to be answered before it goes on within its handshake, and looks at the rest only when more comes:
 * an edge and a recording say all of it at once, so until then it gets one byte after the other.
 */
export function handOver(channel: RawChannel, bytes: Uint8Array, isGreeted: () => boolean): void {
  let from = 0;
  while (!isGreeted() && from < bytes.length && channel.readyState === "open") {
    channel.onmessage?.({ data: bytes.subarray(from, from + 1) });
    from += 1;
  }
  if (from < bytes.length && channel.readyState === "open")
    channel.onmessage?.({ data: bytes.subarray(from) });
}
