// The load of the benchmarks, the same for every way that is measured: a sink beside the device's place and a driver at the vendor's.
// `load.ts sink` prints its port; `load.ts drive HOST PORT MODE AMOUNT` prints one JSON line. Each is its own process.
// AMOUNT is bytes, and round trips for the mode `echo`.
import net from "node:net";

const blockBytes = 256 * 1024;
const requestBytes = 9;
const modes = { up: 1, down: 2, echo: 3 } as const;
export type Mode = keyof typeof modes;

export interface Driven {
  readonly seconds: number;
  readonly bytes: number;
  /** Round trips in microseconds, ascending; of mode `echo` only. */
  readonly roundTripsUs: readonly number[];
}

const block = Buffer.alloc(blockBytes, "sallyport");

if (process.argv[2] === "sink") sink();
else if (process.argv[2] === "drive") {
  const [host = "127.0.0.1", port, mode, amount] = process.argv.slice(3);
  const driven = await drive(host, Number(port), mode as Mode, Number(amount));
  process.stdout.write(`${JSON.stringify(driven)}\n`);
}

/** Serves one request a connection: a mode byte and an amount (u64), then the bytes of that mode. */
function sink(): void {
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (first: Buffer) => {
      const mode = first[0];
      const amount = Number(first.readBigUInt64BE(1));
      const rest = first.subarray(requestBytes);
      if (mode === modes.down) void writeAmount(socket, amount);
      else if (mode === modes.up) countAmount(socket, amount, rest);
      else {
        // The first byte to echo may have come with the request.
        if (rest.length > 0) socket.write(rest);
        socket.on("data", (data: Buffer) => socket.write(data));
      }
    });
  });
  server.listen(0, "127.0.0.1", () => {
    process.stdout.write(`${(server.address() as net.AddressInfo).port}\n`);
  });
}

function countAmount(socket: net.Socket, amount: number, rest: Buffer): void {
  let left = amount - rest.length;
  socket.on("data", (data: Buffer) => {
    left -= data.length;
    if (left === 0) socket.end("!");
  });
}

async function writeAmount(socket: net.Socket, amount: number): Promise<void> {
  let left = amount;
  while (left > 0 && !socket.destroyed) {
    const size = Math.min(left, blockBytes);
    left -= size;
    if (!socket.write(size === blockBytes ? block : block.subarray(0, size))) {
      await new Promise((resolve) => socket.once("drain", resolve));
    }
  }
}

async function drive(host: string, port: number, mode: Mode, amount: number): Promise<Driven> {
  const socket = net.connect({ port, host, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  const request = Buffer.alloc(requestBytes);
  request[0] = modes[mode];
  request.writeBigUInt64BE(BigInt(amount), 1);
  const startedMs = performance.now();
  socket.write(request);
  const roundTripsUs: number[] = [];
  if (mode === "up") {
    const acknowledged = new Promise((resolve) => socket.once("data", resolve));
    await writeAmount(socket, amount);
    await acknowledged;
  } else if (mode === "down") {
    await new Promise<void>((resolve, reject) => {
      let left = amount;
      socket.on("data", (data: Buffer) => {
        left -= data.length;
        if (left === 0) resolve();
      });
      socket.once("close", () => reject(new Error(`${left} bytes are missing`)));
    });
  } else {
    for (let count = 0; count < amount; count += 1) {
      const sentMs = performance.now();
      const answered = new Promise((resolve) => socket.once("data", resolve));
      socket.write("x");
      await answered;
      roundTripsUs.push((performance.now() - sentMs) * 1000);
    }
  }
  const seconds = (performance.now() - startedMs) / 1000;
  socket.destroy();
  return { seconds, bytes: amount, roundTripsUs: roundTripsUs.sort((a, b) => a - b) };
}
