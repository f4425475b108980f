// Real TLS hellos, and the same in pieces.
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { readHelloName } from "../../../broker/relay/client-hello.ts";
import { runProcess } from "../../support/process.ts";

export const panelHost =
  "abcdefghijklmnopqrstuvwxyz.0123456789abcdef0123456789abcdef.web.localhost";

/** What a client sends first. */
export async function helloOf(dial: (port: number) => unknown): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  void dial((server.address() as AddressInfo).port);
  const [socket] = (await once(server, "connection")) as [Socket];
  const parts: Buffer[] = [];
  for (;;) {
    const [part] = (await once(socket, "data")) as [Buffer];
    parts.push(part);
    if (readHelloName(Buffer.concat(parts)).isWhole) break;
  }
  socket.destroy();
  server.close();
  return Buffer.concat(parts);
}

export const dialNode =
  (servername: string, options: object = {}) =>
  (port: number): void => {
    const socket = connectTls({
      host: "127.0.0.1",
      port,
      ...(servername !== "" && { servername }),
      ...options,
    });
    socket.on("error", () => undefined);
  };

export const dialOpenssl =
  (...args: readonly string[]) =>
  (port: number): Promise<unknown> =>
    runProcess("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, ...args], { input: "" });

/** The same message in records of `size` bytes. */
export function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part);
  }
  return Buffer.concat(records);
}
