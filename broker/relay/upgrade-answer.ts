// What the relay reads of an upgrade request and answers to it, below HTTP's own machinery (RFC 6455 §4.2; shared/protocol.md, "Control
// and tunnels"). Invariant: every upgrade socket has an error listener from its first tick, and a refusal is JSON like the API's.
import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { subprotocol, upgradeResponse } from "../../shared/upgrade.ts";

/** Why an upgrade is not made. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const keyPattern = /^[A-Za-z0-9+/]{22}==$/;
const bearerProtocol = "bearer.";

/** The Sec-WebSocket-Key of a proper request for our subprotocol without early bytes; otherwise why not. */
export function upgradeKeyOf(request: IncomingMessage, head: Uint8Array): string | Refusal {
  const { headers } = request;
  const key = headers["sec-websocket-key"];
  const isUpgrade = request.method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
  if (!isUpgrade || headers["sec-websocket-version"] !== "13" || !keyPattern.test(key ?? "")) {
    return badRequest("expected a WebSocket upgrade of version 13");
  }
  if (!protocolsOf(request).includes(subprotocol)) {
    return badRequest(`expected the subprotocol ${subprotocol}`);
  }
  // Nobody speaks before the 101; whoever does hopes that two readers split the bytes differently.
  if (head.length > 0) return badRequest("bytes were sent before the answer");
  return key ?? "";
}

/** The session token: a bearer's, or, as browsers cannot set fields, the subprotocol `bearer.<token>`. */
export function bearerTokenOf(request: IncomingMessage): string | undefined {
  const field = /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/.exec(request.headers.authorization ?? "");
  if (field !== null) return field[1];
  const offered = protocolsOf(request).find((protocol) => protocol.startsWith(bearerProtocol));
  return offered?.slice(bearerProtocol.length);
}

/** Sends the 101. */
export async function acceptUpgrade(socket: Socket, key: string): Promise<void> {
  const answer = await upgradeResponse(key);
  if (!socket.destroyed) socket.write(answer);
}

/** How long a refused peer may take to end its side. */
export const refusedGraceMs = 5_000;

/** Answers with an error and ends the socket. */
export function refuseUpgrade(socket: Socket, { status, code, message }: Refusal): void {
  const body = Buffer.from(JSON.stringify({ code, message }));
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Connection: close",
    ...(status === 503 ? ["Retry-After: 5"] : []),
  ];
  // To destroy it at once would reset the connection, and the answer might be lost with it.
  socket.setTimeout(refusedGraceMs, () => socket.destroy());
  socket.on("end", () => socket.destroy());
  socket.resume();
  socket.end(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body]));
}

function protocolsOf(request: IncomingMessage): string[] {
  const field = request.headers["sec-websocket-protocol"] ?? "";
  return field.split(",").map((protocol) => protocol.trim());
}

function badRequest(message: string): Refusal {
  return { status: 400, code: "upgrade_refused", message };
}
