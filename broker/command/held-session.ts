// One process holds a session; others on this machine join it through a local socket per target, so that `sallyport ssh` beside a running
// `sallyport connect` needs no second touch. The socket's name is the target's at that site for this identity; its mode is 0600.
import { createHash } from "node:crypto";
import { chmod, mkdir, rm, stat } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { once } from "node:events";
import type { Opening } from "../../shared/channel/messages.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import type { SiteId, TargetId } from "../../shared/ids.ts";
import type { Context } from "./context.ts";
import { CommandError } from "./exit-codes.ts";
import { JoinerWire } from "./joiner-wire.ts";
import type { TargetStream } from "./target-stream.ts";

const openings: readonly string[] = [
  "terminal",
  "exec",
  "ssh",
  "tcp",
] satisfies readonly Opening["mode"][];

/** Where a held session of this identity listens for joiners of one target. */
export async function joinerPath(
  context: Pick<Context, "runtimeFolder" | "home">,
  site: SiteId,
  target: TargetId,
): Promise<string> {
  await mkdir(context.runtimeFolder, { recursive: true, mode: 0o700 });
  const { mode, uid } = await stat(context.runtimeFolder);
  const isOurs = process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
  if (!isOurs)
    throw new CommandError(
      "refused",
      `folder "${context.runtimeFolder}" is open to others, expected mode 0700 and your own`,
      "set XDG_RUNTIME_DIR to a folder of your own",
    );
  const name = createHash("sha256")
    .update(JSON.stringify([context.home.path, site, target]))
    .digest("hex")
    .slice(0, 24);
  return join(context.runtimeFolder, `${name}.sock`);
}

/** Listens for joiners of some targets until disposed; `open` opens a stream of the held session. */
export async function holdForJoiners(
  context: Context,
  site: SiteId,
  targets: readonly TargetId[],
  open: (opening: Opening) => Promise<TargetStream>,
): Promise<AsyncDisposable> {
  const servers: { server: net.Server; path: string }[] = [];
  const sockets = new Set<net.Socket>();
  for (const target of targets) {
    const path = await joinerPath(context, site, target);
    if (await answers(path)) {
      context.tui.warning(
        `another process holds a session with "${target}" already; joiners stay with that one`,
      );
      continue;
    }
    await rm(path, { force: true });
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket.once("close", () => sockets.delete(socket)));
      serveJoiner(socket, target, open);
    });
    server.listen(path);
    await once(server, "listening");
    await chmod(path, 0o600);
    servers.push({ server, path });
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(
        servers.map(({ server }) => new Promise((resolve) => server.close(resolve))),
      );
    },
  };
}

function serveJoiner(
  socket: net.Socket,
  target: TargetId,
  open: (opening: Opening) => Promise<TargetStream>,
): void {
  const wire = new JoinerWire(socket);
  wire.onControl = (message) => {
    if (!("mode" in message) || message.target !== target || !openings.includes(message.mode)) {
      wire.close({ how: "aborted", reason: `expected an opening of "${target}"`, refused: true });
      return;
    }
    wire.onControl = () => undefined;
    wire.pause();
    open(message).then(
      (stream) => bridge(wire, stream),
      (thrown: unknown) =>
        wire.close({
          how: "aborted",
          reason: messageOf(thrown),
          refused: thrown instanceof SallyportError && thrown.code === "refused",
        }),
    );
  };
}

function bridge(wire: JoinerWire, stream: TargetStream): void {
  const ended = { here: false, there: false };
  stream.onControl = (message) => wire.sendControl(message);
  stream.onData = (bytes, settled) => void wire.sendData(bytes, settled);
  stream.onDrain = () => wire.resume();
  stream.onEnd = () => {
    ended.there = true;
    wire.sendEnd();
  };
  stream.onClose = (how, error, reason) => {
    ended.here = ended.there = true;
    wire.close({
      how,
      reason: reason ?? error?.message ?? null,
      refused: error?.code === "refused",
    });
  };
  wire.onControl = (message) => stream.sendControl(message);
  wire.onData = (bytes, settled) => {
    if (!stream.write(bytes)) wire.pause();
    settled();
  };
  wire.onEnd = () => {
    ended.here = true;
    stream.end();
  };
  // A joiner may leave once all is said; before that, what it leaves behind must not look like an orderly end.
  wire.onGone = () => {
    if (!ended.here || !ended.there) stream.abort("joiner left");
  };
  wire.resume();
}

/** Joins the session that holds `target` here; undefined if none does. */
export async function joinHeld(
  context: Context,
  site: SiteId,
  target: TargetId,
  opening: Opening,
): Promise<TargetStream | undefined> {
  const socket = await connected(await joinerPath(context, site, target));
  if (socket === undefined) return undefined;
  const stream = new JoinedStream(socket);
  stream.sendControl(opening);
  return stream;
}

async function answers(path: string): Promise<boolean> {
  const socket = await connected(path);
  socket?.destroy();
  return socket !== undefined;
}

function connected(path: string): Promise<net.Socket | undefined> {
  const socket = net.connect({ path, allowHalfOpen: true });
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(socket.removeAllListeners("error")));
    socket.once("error", () => resolve(undefined));
  });
}

/** A stream of somebody else's session. */
class JoinedStream implements TargetStream {
  onControl: TargetStream["onControl"] = () => undefined;
  onData: TargetStream["onData"] = (_bytes, settled) => settled();
  onDrain: TargetStream["onDrain"] = () => undefined;
  onEnd: TargetStream["onEnd"] = () => undefined;
  onAway: TargetStream["onAway"] = () => undefined;
  onBack: TargetStream["onBack"] = () => undefined;
  onClose: TargetStream["onClose"] = () => undefined;
  readonly #wire: JoinerWire;
  #isClosed = false;

  constructor(socket: net.Socket) {
    const wire = new JoinerWire(socket);
    this.#wire = wire;
    wire.onControl = (message) => this.onControl(message);
    wire.onData = (bytes, settled) => this.onData(bytes, settled);
    wire.onDrain = () => this.onDrain();
    wire.onEnd = () => this.onEnd();
    wire.onClosed = ({ how, reason, refused }) => {
      const error =
        how === "ended"
          ? undefined
          : new SallyportError(refused ? "refused" : "channel_aborted", reason ?? how);
      this.#close(how, error, reason ?? undefined);
    };
    wire.onGone = () =>
      this.#close(
        "cut",
        new SallyportError("transport_lost", "process that holds the session is gone"),
        undefined,
      );
  }

  sendControl(message: Parameters<TargetStream["sendControl"]>[0]): void {
    this.#wire.sendControl(message);
  }

  write(bytes: Uint8Array): boolean {
    return this.#wire.sendData(bytes);
  }

  end(): void {
    this.#wire.sendEnd();
  }

  abort(): void {
    this.#wire.destroy();
  }

  #close(...closing: Parameters<TargetStream["onClose"]>): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClose(...closing);
  }
}
