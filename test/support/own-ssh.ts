// The vendor's own OpenSSH clients against mode `ssh`: each of their connections goes through a loopback port into an opening of its own, as
// `ProxyCommand sallyport tunnel` does it. They check the edge's host key as strictly as they can.
import { once } from "node:events";
import net from "node:net";
import { sshPublicKeyLine } from "../../edge/targets/ssh-host-key.ts";
import { nodeCrypto } from "../../shared/crypto/node.ts";
import { openOn, type OpenedTarget, type TargetUnderTest } from "./opened-target.ts";
import { runProcess, startProcess, type Finished, type RunningProcess } from "./process.ts";
import { temporaryFolder } from "./temporary.ts";

export interface OwnSsh extends AsyncDisposable {
  /** Serves the inner SSH as a server on 127.0.0.1 would. */
  readonly port: number;
  /** One for each connection, in order. */
  readonly openings: readonly OpenedTarget[];
  readonly folder: string;
  /** Options that make `ssh`, `scp`, `sftp` and `rsync -e` reach the target as host `press-7`. */
  readonly options: readonly string[];
  run(command: string, args: readonly string[], input?: string | Uint8Array): Promise<Finished>;
  start(command: string, args: readonly string[]): RunningProcess;
  /** The opening of the next connection. */
  next(): Promise<OpenedTarget>;
}

/** Listens for clients of `under`; disposing ends every connection. */
export async function ownSsh(under: TargetUnderTest): Promise<OwnSsh> {
  const hostKey = under.hostKey ?? (await nodeCrypto.ed25519KeyPair());
  const openings: OpenedTarget[] = [];
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    void openOn({ ...under, hostKey }, { mode: "ssh" }).then((opened) => {
      openings.push(opened);
      join(socket, opened);
      return server.emit("opened", opened);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const folder = temporaryFolder();
  const config = folder.file("ssh_config", configText(folder.path, port));
  folder.file("known_hosts", `press-7 ${sshPublicKeyLine(hostKey.publicKey)}\n`);
  const withConfig = (command: string, args: readonly string[]): string[] =>
    command === "rsync" ? ["-e", `ssh -F ${config}`, ...args] : ["-F", config, ...args];
  return {
    port,
    openings,
    folder: folder.path,
    options: ["-F", config],
    run: (command, args, input = "") =>
      runProcess(command, withConfig(command, args), { input, limitMs: 60_000 }),
    start: (command, args) => startProcess(command, withConfig(command, args)),
    next: async () => ((await once(server, "opened")) as [OpenedTarget])[0],
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const { session } of openings) session.abort();
      await once(server, "close");
      folder[Symbol.dispose]();
    },
  };
}

function configText(folder: string, port: number): string {
  return `
Host press-7
  User anyone
  ProxyCommand socat - TCP:127.0.0.1:${port}
  UserKnownHostsFile ${folder}/known_hosts
  StrictHostKeyChecking yes
  LogLevel ERROR
  IdentityAgent none
`;
}

function join(socket: net.Socket, { vendor }: OpenedTarget): void {
  vendor.onBytes = (bytes) => void socket.write(bytes);
  socket.on("data", (bytes: Buffer) => {
    if (vendor.channel.write(bytes)) return;
    socket.pause();
    void vendor.drained().then(() => socket.resume());
  });
  socket.on("end", () => vendor.channel.end());
  socket.on("close", () => vendor.channel.abort("the client is gone"));
  vendor.ended.then(
    () => socket.end(),
    () => socket.destroy(),
  );
}
