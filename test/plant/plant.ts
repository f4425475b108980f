// The plant: real devices on this machine's loopback that a session reaches, for tests and for the demonstration of `npm start`.
import { freePort } from "../support/port.ts";
import { nodePath, startProcess } from "../support/process.ts";
import { startSink, type Sink } from "./sink.ts";
import { startSshd, type Sshd } from "./sshd.ts";

export interface TcpDevice extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

export interface Plant extends AsyncDisposable {
  readonly ssh: Sshd;
  /** A press behind Modbus TCP: see press.ts for its registers. */
  readonly modbus: TcpDevice;
  readonly sink: Sink;
}

const portAttempts = 5;

/** Starts all devices, each ready when this resolves; disposing ends them. */
export async function startPlant(): Promise<Plant> {
  await using started = new AsyncDisposableStack();
  const sink = started.use(await startSink());
  const modbus = started.use(await startModbusDevice());
  const ssh = started.use(await startSshd());
  const ending = started.move();
  return { ssh, modbus, sink, [Symbol.asyncDispose]: () => ending.disposeAsync() };
}

/** Starts the press as a process of its own on a free loopback port. */
export async function startModbusDevice(): Promise<TcpDevice> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const file = new URL("modbus-device.ts", import.meta.url).pathname;
    const device = startProcess(nodePath, [file, String(port)]);
    try {
      await device.line(/^modbus device on /);
      return {
        host: "127.0.0.1",
        port,
        [Symbol.asyncDispose]: () => device[Symbol.asyncDispose](),
      };
    } catch (cause) {
      await device.end();
      if (attempt === portAttempts || !device.stderr.includes("EADDRINUSE")) throw cause;
    }
  }
}
