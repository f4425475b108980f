// Loopback ports for peers that cannot choose one themselves. Whoever can listens on port 0 instead.
import net from "node:net";
import { once } from "node:events";

/** A TCP port of 127.0.0.1 on which nothing listens now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
