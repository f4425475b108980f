// In front of the HTTPS server on the relay's one port: looks at the name that a TLS client asks for, before any TLS, and takes those out that are
// web panels' (shared/protocol.md, "Web panels"). Invariants: a client that says nothing is cut after 10 s and has cost 16 KiB; whoever is not
// taken out reaches the HTTPS server as if nothing had looked at it.
import type { Server } from "node:https";
import type { Socket } from "node:net";
import type { Clock } from "../../shared/clock.ts";
import { readHelloName } from "./client-hello.ts";

/** From the connection to the end of the hello. */
export const helloTimeoutMs = 10_000;

export interface NameSplitOptions {
  /** Takes a connection whose client asks for `name`, with what it has sent so far; false leaves it to the HTTPS server. */
  readonly take: (socket: Socket, name: string, hello: Buffer) => boolean;
  readonly clock: Clock;
}

/** Puts itself before the server's own handling of connections; dispose cuts those that were not yet looked at. */
export function splitByName(server: Server, { take, clock }: NameSplitOptions): Disposable {
  // What `tls.Server` does with a raw connection are its listeners of this event; they are called as it would call them.
  const own = server.listeners("connection");
  const unread = new Set<Socket>();

  const handOver = (socket: Socket, hello: Buffer): void => {
    if (hello.length > 0) socket.unshift(hello);
    for (const listener of own) listener.call(server, socket);
  };

  const look = (socket: Socket): void => {
    let received = Buffer.alloc(0);
    unread.add(socket);
    const limit = clock.setTimer(helloTimeoutMs, () => socket.destroy());
    const settle = (): void => {
      limit[Symbol.dispose]();
      unread.delete(socket);
      socket.off("data", onData);
      socket.off("end", onEnd);
      socket.off("close", settle);
      socket.pause();
    };
    const onData = (bytes: Buffer): void => {
      received = Buffer.concat([received, bytes]);
      const hello = readHelloName(received);
      if (!hello.isWhole) return;
      settle();
      if (hello.name !== undefined && take(socket, hello.name, received)) return;
      handOver(socket, received);
    };
    // An end in the middle of a hello is nobody's to answer.
    const onEnd = (): void => void socket.destroy();
    socket.on("error", () => undefined);
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("close", settle);
  };

  server.removeAllListeners("connection");
  server.on("connection", look);
  return {
    [Symbol.dispose]() {
      for (const socket of unread) socket.destroy();
    },
  };
}
