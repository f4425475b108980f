// A VNC device under an attacker's hand, in this process: signs in without security, and then sends what costs whoever walks it the most.
import { once } from "node:events";
import net from "node:net";
import { deflateSync } from "node:zlib";

export interface HostileVnc extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

export type Hostility = keyof typeof attacks;

const width = 3_840;
const height = 2_160;

const attacks = {
  /** The whole screen, packed a thousandfold, over and over (Tight, basic, no filter, stream 0 reset each time). */
  bomb: () => {
    const packed = deflateSync(Buffer.alloc(width * height * 3), { level: 9 });
    const bytes = [packed.length & 0x7f, (packed.length >> 7) & 0x7f, packed.length >> 14];
    const length = Uint8Array.of((bytes[0] ?? 0) | 0x80, (bytes[1] ?? 0) | 0x80, bytes[2] ?? 0);
    const control = Uint8Array.of(0x01);
    return update([[0, 0, width, height, 7, Buffer.concat([control, length, packed])]]);
  },
  /** As many rectangles as an update may have, each one pixel. */
  crumbs: () => {
    const one = Uint8Array.of(0x80, 1, 2, 3);
    return update(Array.from({ length: 65_535 }, (_, at) => [at % width, 0, 1, 1, 7, one]));
  },
  /** The screen moved by a pixel, forever. */
  moves: () => {
    const from = Uint8Array.of(0, 1, 0, 0);
    return update(Array.from({ length: 64 }, () => [0, 0, width - 1, height, 1, from]));
  },
} as const;

type Rectangle = readonly [
  x: number,
  y: number,
  w: number,
  h: number,
  encoding: number,
  bytes: Uint8Array,
];

function update(rectangles: readonly Rectangle[]): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(rectangles.length, 2);
  const parts = rectangles.flatMap(([x, y, w, h, encoding, bytes]) => {
    const place = Buffer.alloc(12);
    [x, y, w, h].forEach((number, at) => place.writeUInt16BE(number, at * 2));
    place.writeInt32BE(encoding, 8);
    return [place, bytes];
  });
  return Buffer.concat([head, ...parts]);
}

/** Listens on a free loopback port; from a viewer's first request on it sends without end, as fast as it is taken. */
export async function startHostileVnc(kind: Hostility): Promise<HostileVnc> {
  const attack = attacks[kind]();
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    greet(socket, attack).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return {
    host: "127.0.0.1",
    port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

async function greet(socket: net.Socket, attack: Uint8Array): Promise<void> {
  const next = () => once(socket, "data");
  socket.write("RFB 003.008\n");
  await next();
  socket.write(Uint8Array.of(1, 1));
  await next();
  socket.write(Uint8Array.of(0, 0, 0, 0));
  await next();
  const init = Buffer.alloc(24 + 4);
  init.writeUInt16BE(width, 0);
  init.writeUInt16BE(height, 2);
  Uint8Array.of(32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16).forEach(
    (byte, at) => (init[4 + at] = byte),
  );
  init.writeUInt32BE(4, 20);
  init.write("evil", 24);
  socket.write(init);
  await next();
  socket.resume();
  const pour = (): void => {
    while (!socket.destroyed && socket.write(attack)) continue;
  };
  socket.on("drain", pour);
  pour();
}
