// A real Xvnc, without security on loopback, with real programs on it, and a bare RFB client that hands over what the device sends after ServerInit.
import net from "node:net";
import { once } from "node:events";
import { setPixelFormat } from "../../edge/targets/rfb/pixel-format.ts";
import { freePort } from "./port.ts";
import { runProcess, startProcess, type RunningProcess } from "./process.ts";

export interface ScreenDevice extends AsyncDisposable {
  readonly display: string;
  readonly port: number;
  /** Starts a program on the screen; it ends with the screen. */
  run(command: string, ...args: string[]): RunningProcess;
  /** Puts text on the display's clipboard. */
  copy(text: string): Promise<void>;
  /** Red, green and blue of every pixel of the X display itself. */
  picture(): Promise<Uint8Array>;
}

const pictureAttempts = 5;

export async function startScreenDevice(
  size = "640x400",
  ...more: string[]
): Promise<ScreenDevice> {
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  const args = ["-displayfd", "1", "-geometry", size, "-depth", "24", "-rfbport", String(port)];
  const rest = ["-localhost=1", "-SecurityTypes", "None", "-nolisten", "tcp", "-AlwaysShared"];
  const server = stack.use(startProcess("Xvnc", [...args, ...rest, ...more]));
  const [, number] = await server.line(/^(\d+)$/);
  const display = `:${number}`;
  const env = { DISPLAY: display };
  const kept = stack.move();
  return {
    display,
    port,
    run: (command, ...options) => kept.use(startProcess(command, options, { env })),
    async copy(text) {
      const owner = kept.use(
        startProcess("xclip", ["-selection", "clipboard", "-loops", "9", "-quiet"], { env }),
      );
      owner.stdin.end(text);
      await owner.line(/Waiting/);
    },
    async picture() {
      for (let attempt = 1; ; attempt += 1) {
        const how = ["-window", "root", "-depth", "8", "rgb:-"];
        const shot = await runProcess("import", how, { env });
        if (shot.code === 0) return shot.stdoutBytes;
        // While the display takes another size, its old one cannot be read.
        if (attempt === pictureAttempts) throw new Error(shot.stderr);
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export interface ScreenClient extends AsyncDisposable {
  readonly width: number;
  readonly height: number;
  readonly name: string;
  send(bytes: Uint8Array): void;
  /** Asks for all of the picture, or for what changed. */
  ask(isIncremental: boolean, width: number, height: number): void;
  /** Asks the device to take another size, as `640x400`. */
  resize(size: string): void;
}

/** Signs in without security and asks for `encodings`; `onBytes` gets all that follows ServerInit. */
export async function openScreenClient(
  port: number,
  encodings: readonly number[],
  onBytes: (bytes: Uint8Array) => void,
): Promise<ScreenClient> {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  let waiting = Buffer.alloc(0);
  let more = Promise.withResolvers<void>();
  let isIn = false;
  socket.on("error", () => undefined);
  socket.on("data", (bytes: Buffer) => {
    if (isIn) onBytes(bytes);
    else waiting = Buffer.concat([waiting, bytes]);
    more.resolve();
    more = Promise.withResolvers();
  });
  const take = async (count: number): Promise<Buffer> => {
    while (waiting.length < count) await more.promise;
    const taken = waiting.subarray(0, count);
    waiting = waiting.subarray(count);
    return taken;
  };
  await take(12);
  socket.write("RFB 003.008\n");
  const [types = 0] = await take(1);
  await take(types);
  socket.write(Uint8Array.of(1));
  await take(4);
  socket.write(Uint8Array.of(1));
  const init = await take(24);
  const name = (await take(init.readUInt32BE(20))).toString();
  isIn = true;
  if (waiting.length > 0) onBytes(waiting);
  socket.write(setPixelFormat);
  const asked = Buffer.alloc(4 + 4 * encodings.length);
  asked.writeUInt8(2, 0);
  asked.writeUInt16BE(encodings.length, 2);
  for (const [index, number] of encodings.entries()) asked.writeInt32BE(number, 4 + 4 * index);
  socket.write(asked);
  return {
    width: init.readUInt16BE(0),
    height: init.readUInt16BE(2),
    name,
    send: (bytes) => void socket.write(bytes),
    ask(isIncremental, width, height) {
      const message = Buffer.from([3, isIncremental ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0]);
      message.writeUInt16BE(width, 6);
      message.writeUInt16BE(height, 8);
      socket.write(message);
    },
    resize(size) {
      const [width = 0, height = 0] = size.split("x").map(Number);
      const message = Buffer.alloc(24);
      message.writeUInt8(251, 0);
      message.writeUInt8(1, 6);
      for (const at of [2, 16]) message.writeUInt16BE(width, at);
      for (const at of [4, 18]) message.writeUInt16BE(height, at);
      socket.write(message);
    },
    async [Symbol.asyncDispose]() {
      if (socket.destroyed) return;
      socket.destroy();
      await once(socket, "close");
    },
  };
}
