// Whoever stands at a device's address under certificates of his own: comes as far as TLS as a VNC panel (VeNCrypt X509Plain), a desktop (NLA) or an
// HTTPS panel, and keeps what he hears in it.
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

export type ImpostorKind = keyof typeof greetings;

export interface Impostor extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Connections that came as far as TLS. */
  connections(): number;
  /** All that came within TLS, of every connection: nothing, if nobody was taken in. */
  heard(): Buffer;
}

/** PEM texts. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** What is said before TLS: bytes to send, after as many as the other side has to have sent before, or after its first message, however long. */
const greetings = {
  vnc: [
    [0, Buffer.from("RFB 003.008\n")],
    [12, Uint8Array.of(1, 19)],
    [1, Uint8Array.of(0, 2)],
    [2, Uint8Array.of(0, 1, 0, 0, 1, 6)],
    [4, Uint8Array.of(1)],
  ],
  // X.224's connection confirm, with NLA chosen ([MS-RDPBCGR] 2.2.1.2).
  rdp: [["a message", Buffer.from("030000130ed000001234000200080002000000", "hex")]],
  http: [],
} as const satisfies Record<string, readonly (readonly [number | "a message", Uint8Array])[]>;

/** Shows the first certificate to the first connection, and so on; the last one to all that follow. */
export async function startImpostor(
  kind: ImpostorKind,
  identities: readonly Identity[],
  host = "127.0.0.1",
): Promise<Impostor> {
  const sockets = new Set<Socket>();
  const heard: Buffer[] = [];
  let connections = 0;
  const serve = async (socket: Socket): Promise<void> => {
    for (const [count, answer] of greetings[kind]) {
      await read(socket, count);
      socket.write(answer);
    }
    const identity = identities[Math.min(connections, identities.length - 1)];
    connections += 1;
    const tls = new TLSSocket(socket, { isServer: true, ...identity });
    tls.on("error", () => tls.destroy()).on("data", (bytes: Buffer) => heard.push(bytes));
  };
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => socket.destroy()));
    socket.once("close", () => sockets.delete(socket));
    serve(socket).catch(() => socket.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    host,
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    heard: () => Buffer.concat(heard),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), "close");
    },
  };
}

async function read(socket: Socket, count: number | "a message"): Promise<void> {
  if (count === 0) return;
  const size = count === "a message" ? undefined : count;
  while (socket.read(size) === null) await once(socket, "readable");
}
