// A remote desktop under an attacker's hand: shows the right certificate and then keeps to nothing. Run as a program of its own, so that what it costs is not
// the edge's: `hostile-rdp.ts KIND SECURITY CERTIFICATE KEY` prints the port on which it listens.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { TLSSocket } from "node:tls";
import { nodePath, startProcess } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { makeDeviceCertificate } from "./device-certificate.ts";

export type HostileRdpKind = keyof typeof kinds;

export interface HostileRdp extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly login: string;
  readonly password: string;
  readonly security: "nla" | "tls";
  /** The fingerprint, as a device document has it. */
  readonly certificate: string;
}

const host = "127.0.0.1";
/** X.224's connection confirm with what security was chosen in its last four bytes ([MS-RDPBCGR] 2.2.1.2). */
const confirm = Buffer.from("030000130ed000001234000200080000000000", "hex");
const chosen = { tls: 1, nla: 2 } as const;

/** What it does once TLS stands and the other side has begun to speak. */
const kinds = {
  /** Nothing at all, and the line stays. */
  mute: () => undefined,
  /** Bytes that mean nothing. */
  garbage: (socket: TLSSocket) => void socket.write(randomBytes(64 * 1024)),
  /** Messages of the greatest length, of nothing, as fast as they are taken, without end. */
  endless: (socket: TLSSocket) => {
    const message = Buffer.alloc(0xffff);
    message.set([3, 0, 0xff, 0xff]);
    pour(socket, message);
  },
  /** One message that never ends, a byte at a time. */
  drip: (socket: TLSSocket) => {
    socket.write(Uint8Array.of(3, 0, 0xff, 0xff));
    const timer = setInterval(() => void socket.write(Uint8Array.of(0)), 50);
    socket.once("close", () => clearInterval(timer));
  },
  /** Hangs up. */
  cut: (socket: TLSSocket) => void socket.destroy(),
} as const;

/** Starts one; resolves when it listens. */
export async function startHostileRdp(
  kind: HostileRdpKind,
  security: "nla" | "tls",
): Promise<HostileRdp> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const { certificateFile, keyFile, fingerprint } = await makeDeviceCertificate(folder);
  const args = [import.meta.filename, kind, security, certificateFile, keyFile];
  const running = started.use(startProcess(nodePath, args));
  const [, port] = await running.line(/^(\d+)$/);
  const ending = started.move();
  return {
    host,
    port: Number(port),
    login: "operator",
    password: randomBytes(6).toString("base64url"),
    security,
    certificate: fingerprint,
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

function pour(socket: TLSSocket, message: Uint8Array): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(message)) continue;
  };
  socket.on("drain", more);
  more();
}

async function serve(
  socket: net.Socket,
  kind: HostileRdpKind,
  security: keyof typeof chosen,
  identity: { readonly cert: Buffer; readonly key: Buffer },
): Promise<void> {
  await once(socket, "data");
  const answer = Buffer.from(confirm);
  answer.writeUInt32LE(chosen[security], 15);
  socket.write(answer);
  const tls = new TLSSocket(socket, { isServer: true, ...identity });
  tls.on("error", () => tls.destroy());
  await once(tls, "data");
  tls.resume();
  kinds[kind](tls);
}

if (import.meta.main) {
  const [kind, security, certificate = "", key = ""] = process.argv.slice(2);
  const identity = { cert: readFileSync(certificate), key: readFileSync(key) };
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    serve(socket, kind as HostileRdpKind, security as keyof typeof chosen, identity).catch(() =>
      socket.destroy(),
    );
  });
  server.listen(0, host);
  await once(server, "listening");
  process.stdout.write(`${(server.address() as net.AddressInfo).port}\n`);
}
