// A plain TCP device for bytes in bulk. The first line of a connection says what it does: `echo` (all bytes back, then its end),
// `take` (reads to the end, answers the SHA-256 in hex, then its end), `give N` (N bytes of `bulkBytes`, then its end, still reading).
import { once } from "node:events";
import net from "node:net";
import { createHash } from "node:crypto";

export interface Sink extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Connections that are open now. */
  readonly open: number;
}

const firstLineBytes = 64;
const block = createHash("shake256", { outputLength: 256 * 1024 })
  .update("sallyport")
  .digest();

/** The bytes that `give` sends: one pseudo-random block over and over, the last time cut. */
export function* bulkBytes(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= block.length) {
    yield left >= block.length ? block : block.subarray(0, left);
  }
}

/** SHA-256 in hex of the first `length` bulk bytes. */
export function bulkHash(length: number): string {
  const hash = createHash("sha256");
  for (const part of bulkBytes(length)) hash.update(part);
  return hash.digest("hex");
}

/** Listens on a free loopback port; disposing closes it and every connection. */
export async function startSink(): Promise<Sink> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    readOrder(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { address, port } = server.address() as net.AddressInfo;
  return {
    host: address,
    port,
    get open() {
      return sockets.size;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

function readOrder(socket: net.Socket): void {
  let received = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf("\n");
    if (end < 0 && received.length < firstLineBytes) return;
    socket.off("data", read);
    const [order, amount] = received.subarray(0, Math.max(0, end)).toString().split(" ");
    const rest = received.subarray(end + 1);
    if (order === "echo") echo(socket, rest);
    else if (order === "take") take(socket, rest);
    else if (order === "give") void give(socket, Number(amount));
    else socket.destroy();
  };
  socket.on("data", read);
  socket.on("end", () => {
    if (socket.listenerCount("data") > 0) socket.end();
  });
}

function echo(socket: net.Socket, rest: Buffer): void {
  if (rest.length > 0) socket.write(rest);
  socket.on("data", (chunk: Buffer) => {
    if (!socket.write(chunk)) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
}

function take(socket: net.Socket, rest: Buffer): void {
  const hash = createHash("sha256").update(rest);
  socket.removeAllListeners("end");
  socket.on("data", (chunk: Buffer) => void hash.update(chunk));
  socket.on("end", () => socket.end(`${hash.digest("hex")}\n`));
}

async function give(socket: net.Socket, length: number): Promise<void> {
  socket.removeAllListeners("end");
  socket.resume();
  for (const part of bulkBytes(length)) {
    if (socket.destroyed) return;
    if (!socket.write(part)) await once(socket, "drain").catch(() => undefined);
  }
  socket.end();
}
