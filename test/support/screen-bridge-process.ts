// The process behind screen-bridge.ts: `screen-bridge-process.ts JOB`, with a person's environment. Holds the job's session by the command's own code; a
// connection to its port names a target and a size in its first line (`TARGET WIDTH HEIGHT`), and is that target's screen from then on.
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import { chooseJob } from "../../broker/command/job-choice.ts";
import { Home } from "../../broker/command/home.ts";
import { openJobSession } from "../../broker/command/job-session.ts";
import { KeyRing } from "../../broker/command/keys.ts";
import { openSite } from "../../broker/command/site.ts";
import { Tui } from "../../broker/command/tui.ts";
import { pumpSocket } from "../../shared/channel/pump.ts";
import { systemClock } from "../../shared/clock.ts";
import { nodeCrypto } from "../../shared/crypto/node.ts";
import { parseTargetId } from "../../shared/ids.ts";

const { env, stdin, stdout, stderr } = process;
const say = (event: string, fields: object = {}): void =>
  void stdout.write(`${JSON.stringify({ event, ...fields })}\n`);

const home = new Home(env["SALLYPORT_HOME"] ?? "");
const tui = new Tui({ stdout, stderr, openTerminal: () => undefined });
const sources = { file: env["SALLYPORT_PASSPHRASE_FILE"], askpass: undefined };
const keys = new KeyRing({ home, suite: nodeCrypto, tui, sources, agentSocket: undefined });
const context = {
  home,
  tui,
  keys,
  suite: nodeCrypto,
  clock: systemClock,
  sources,
  signal: new AbortController().signal,
  streams: { stdin, stdout, stderr },
  runtimeFolder: join(env["XDG_RUNTIME_DIR"] ?? "", "sallyport"),
  proxy: undefined,
  terminalType: "xterm",
  chosen: { site: undefined },
};
const site = await openSite(context);
const job = await chooseJob(site, process.argv[2], {
  verb: "connect",
  does: "is given",
  fits: () => true,
});
const { session } = await openJobSession(context, site, job, {}, (event, fields) =>
  say(event, fields),
);
const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.once("data", (first: Buffer) => {
    socket.pause();
    const end = first.indexOf("\n");
    // What came with the line is the screen's already.
    socket.unshift(first.subarray(end + 1));
    const [target = "", width, height] = first.toString("latin1", 0, end).split(" ");
    open(socket, target, [Number(width), Number(height)]).catch((thrown: unknown) => {
      say("failed", { target, reason: String(thrown) });
      socket.destroy();
    });
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
say("listening", { port: (server.address() as net.AddressInfo).port });
const closing = await session.closed;
say("ended", { how: closing.how, ending: session.ending ?? null });
process.exit(0);

async function open(
  socket: net.Socket,
  target: string,
  [width, height]: readonly [number, number],
): Promise<void> {
  const where = { target: parseTargetId(target), width, height };
  const channel = await session.open({ type: "opening", mode: "screen", ...where });
  const pump = pumpSocket(channel, socket);
  socket.resume();
  const { how, reason, error } = await pump.closed;
  say("closed", { target, how, reason: reason ?? error?.message ?? null });
}
