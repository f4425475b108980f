// TCP targets and web panels on this machine: each on a loopback address of its own that stays the same from session to session, with its original ports, so that
// a PLC tool's project file needs no change. Where a port may not be bound, the one 10000 above is, and the line that would allow it is shown.
import { createHash } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import type { Channel } from "../../shared/channel/channel.ts";
import type { AdmittedTarget, Opening } from "../../shared/channel/messages.ts";
import { pumpSocket } from "../../shared/channel/pump.ts";
import type { SiteId } from "../../shared/ids.ts";
import { CommandError } from "./exit-codes.ts";

const fallbackOffset = 10_000;
/** Where a web panel's port may not be bound: 10080, which would be next to 80, is one of those that browsers refuse (fetch standard, "bad port"). */
const webFallback = 8080;
const badWebPorts: ReadonlySet<number> = new Set([
  2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);
/** Below this only the ports of the web itself are good for a browser. */
const firstOpenPort = 1024;

/** One port of a target as it can be reached on this machine. */
export interface BoundPort {
  readonly target: AdmittedTarget["id"];
  readonly host: string;
  /** The device's own port. */
  readonly port: number;
  readonly localPort: number;
  /** What would allow the original port, if it could not be bound. */
  readonly toAllow: string | null;
  /** Of a web panel: what a browser opens. */
  readonly url?: string;
}

/** `127.a.b.c` of a target at a site: b and c avoid 0 and 255, a stays away from what resolvers use (127.0.0.0/16). */
export function loopbackOf(site: SiteId, target: string): string {
  const digest = createHash("sha256").update(`${site} ${target}`).digest();
  const part = (at: number, from: number, to: number) =>
    from + ((digest[at] ?? 0) % (to - from + 1));
  return `127.${part(0, 64, 191)}.${part(1, 1, 254)}.${part(2, 1, 254)}`;
}

/** Listeners for every port of some targets, closed with what runs over them when disposed. */
export class Loopback implements AsyncDisposable {
  readonly ports: readonly BoundPort[];
  readonly #servers: readonly net.Server[];
  readonly #sockets: ReadonlySet<net.Socket>;

  private constructor(
    ports: readonly BoundPort[],
    servers: readonly net.Server[],
    sockets: ReadonlySet<net.Socket>,
  ) {
    this.ports = ports;
    this.#servers = servers;
    this.#sockets = sockets;
  }

  /** Binds; `open` opens the stream of each connection that arrives, `failed` hears why one could not be. */
  static async bind(
    site: SiteId,
    targets: readonly AdmittedTarget[],
    open: (opening: Opening) => Promise<Channel>,
    failed: (target: string, thrown: unknown) => void,
  ): Promise<Loopback> {
    const sockets = new Set<net.Socket>();
    const servers: net.Server[] = [];
    const ports: BoundPort[] = [];
    for (const { id, kind, ports: wanted } of targets) {
      for (const port of wanted) {
        const server = net.createServer(
          { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
          (socket) => {
            sockets.add(socket.once("close", () => sockets.delete(socket)));
            socket.on("error", () => socket.destroy());
            open({ type: "opening", mode: "tcp", target: id, port }).then(
              (channel) => join(channel, socket, (thrown) => failed(id, thrown)),
              (thrown: unknown) => {
                failed(id, thrown);
                socket.resetAndDestroy();
              },
            );
          },
        );
        servers.push(server);
        const isWeb = kind === "http";
        const bound = await listen(server, loopbackOf(site, id), portChoices(port, isWeb));
        const url = isWeb ? { url: `http://${bound.host}:${bound.localPort}/` } : {};
        ports.push({ target: id, port, ...bound, ...url });
      }
    }
    return new Loopback(ports, servers, sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }
}

/** The device's own port first; 0, which is any, last. */
function portChoices(port: number, isWeb: boolean): readonly number[] {
  const near = port + fallbackOffset;
  if (!isWeb) return [port, near, 0];
  return [port, near, webFallback, 0].filter((each) => !isBadForBrowsers(each));
}

function isBadForBrowsers(port: number): boolean {
  const isLow = port > 0 && port < firstOpenPort && port !== 80 && port !== 443;
  return isLow || badWebPorts.has(port);
}

async function listen(
  server: net.Server,
  address: string,
  choices: readonly number[],
): Promise<Pick<BoundPort, "host" | "localPort" | "toAllow">> {
  const [port = 0, ...others] = choices;
  const first = await tryListen(server, address, port);
  if (first === undefined) return { host: address, localPort: portOf(server), toAllow: null };
  // Only Linux has all of 127/8; elsewhere the one loopback address serves every target, and ports may meet.
  const host = first === "EADDRNOTAVAIL" ? "127.0.0.1" : address;
  const toAllow =
    first === "EACCES" ? `sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}` : null;
  const left = first === "EADDRNOTAVAIL" ? choices : others;
  for (const choice of left.filter((each) => each <= 65_535)) {
    if ((await tryListen(server, host, choice)) === undefined) {
      return { host, localPort: portOf(server), toAllow };
    }
  }
  throw new CommandError(
    "cannotWrite",
    `no port can be bound on "${host}" for port ${port}: ${first}`,
  );
}

function portOf(server: net.Server): number {
  return (server.address() as net.AddressInfo).port;
}

/** Undefined if it listens now, else the system's error code. */
async function tryListen(
  server: net.Server,
  host: string,
  port: number,
): Promise<string | undefined> {
  server.listen(port, host);
  try {
    await once(server, "listening");
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
  }
}

async function join(
  channel: Channel,
  socket: net.Socket,
  failed: (thrown: unknown) => void,
): Promise<void> {
  const pump = pumpSocket(channel, socket);
  socket.resume();
  const { how, error, reason, failure } = await pump.closed;
  // A device or tool that hangs up is their own business; what the edge refused is for the person to know.
  if (how !== "ended" && failure === undefined) failed(reason ?? error);
}
