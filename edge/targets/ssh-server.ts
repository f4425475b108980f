// Mode `ssh`: the vendor's own ssh, scp, sftp and rsync end in an SSH server on the edge, under the edge's host key. Authentication is `none`, because
// the sealed channel is the authentication; the login name is ignored, because the vault's login is used.
// Refused are forwarding in every direction, agent, X11 and environment: nothing here listens for them, and ssh2 refuses what nobody listens for.
// Rights: `terminal` = a shell; `exec` = any command, so also rsync and `scp -O`, which run one; `files` = the SFTP subsystem (scp since OpenSSH 9).
import { once } from "node:events";
import { ChannelSocket } from "./channel-socket.ts";
import { InnerSession, type InnerStream } from "./inner-session.ts";
import { innerAlgorithms } from "./ssh-algorithms.ts";
import { connectSsh, type SshDevice } from "./ssh-connection.ts";
import { sshPrivateKeyText } from "./ssh-host-key.ts";
import { serveStream, Server, type Connection } from "./ssh2.ts";
import { rightsOfKind } from "../../shared/document/rights.ts";
import { refused, type AdmittedOpening } from "./target.ts";

/** Inner sessions at once on one channel (an ssh client's multiplexing); sshd's own default is ten. */
const maxSessions = 16;

/** Serves one inner SSH connection; its sessions share one connection to the device. */
export async function serveInnerSsh(admitted: AdmittedOpening, device: SshDevice): Promise<void> {
  const { rights, signal, held, hostKey } = admitted;
  if (!rightsOfKind.ssh.some((right) => rights.includes(right))) {
    throw refused(admitted, "no right at all");
  }
  const over = new AbortController();
  const stop = AbortSignal.any([signal, held.gone, over.signal]);
  using connection = await connectSsh(admitted, device, stop);
  const running = new Set<Promise<void>>();
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  const start = (stream: InnerStream): void => {
    const run = stream.run({ admitted, connection, stop });
    running.add(run);
    run.then(() => running.delete(run), fail);
  };
  const server = new Server(
    { hostKeys: [sshPrivateKeyText(hostKey)], algorithms: innerAlgorithms, ident: "Sallyport" },
    (inner) => acceptSessions(inner, running, start),
  );
  held.channel.sendControl({ type: "opened" });
  const socket = new ChannelSocket(held);
  const onLost = (): void => fail(connection.lost.reason);
  connection.lost.addEventListener("abort", onLost);
  try {
    const closed = once(socket, "close");
    serveStream(server, socket);
    await Promise.race([closed, failed]);
  } finally {
    connection.lost.removeEventListener("abort", onLost);
    over.abort();
    socket.destroy();
    await Promise.allSettled(running);
  }
}

function acceptSessions(
  inner: Connection,
  running: ReadonlySet<unknown>,
  start: (stream: InnerStream) => void,
): void {
  inner.on("authentication", (attempt) => {
    if (attempt.method === "none") attempt.accept();
    else attempt.reject(["none"]);
  });
  // What a broken client said is its own affair: ssh2 closes the connection, and the channel ends with it.
  inner.on("error", () => inner.end());
  inner.on("session", (accept, reject) => {
    if (running.size >= maxSessions) reject();
    else new InnerSession(accept(), start);
  });
}
