// Which upgrade path of the relay's one port goes where (shared/protocol.md, "Control and tunnels"): `/mqtt`, `/tunnel`, `/channel/<edge>`.
// Invariant: a socket has its error listener and no idle timeout before anything else looks at it.
import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { keepAliveMs } from "../../shared/dial.ts";
import { messageOf } from "../../shared/errors.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { parseEdgeId } from "../../shared/ids.ts";
import type { Control } from "./mqtt.ts";
import type { Tunnels } from "./tunnels.ts";
import { refuseUpgrade } from "./upgrade-answer.ts";

export interface UpgradeOptions {
  readonly control: Control;
  readonly tunnels: Tunnels;
  /** True for requests under a name where nothing is upgraded. */
  readonly isRefused: (request: IncomingMessage) => boolean;
  readonly log: (line: string) => void;
}

/** Takes every upgrade of `server`. */
export function mountUpgrades(server: HttpServer | HttpsServer, options: UpgradeOptions): void {
  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const socket = stream as Socket;
    // The 'close' that follows every error is what the owners act on.
    socket.on("error", () => undefined);
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    route(request, socket, head, options).catch((fault: unknown) => {
      options.log(`upgrade failed: ${messageOf(fault)}`);
      socket.destroy();
    });
  });
}

async function route(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  { control, tunnels, isRefused }: UpgradeOptions,
): Promise<void> {
  const [path = ""] = (request.url ?? "").split("?");
  const edge = edgeIn(path);
  if (isRefused(request)) {
    refuseUpgrade(socket, { status: 421, code: "not_found", message: "wrong host name" });
  } else if (path === "/mqtt") control.accept(request, socket, head);
  else if (path === "/tunnel") await tunnels.acceptTunnel(request, socket, head);
  else if (edge !== undefined) await tunnels.acceptChannel(request, socket, head, edge);
  else
    refuseUpgrade(socket, { status: 404, code: "not_found", message: "nothing to upgrade here" });
}

function edgeIn(path: string): EdgeId | undefined {
  const [, name] = /^\/channel\/([A-Za-z0-9_-]{43})$/.exec(path) ?? [];
  try {
    return name === undefined ? undefined : parseEdgeId(name);
  } catch {
    return undefined;
  }
}
