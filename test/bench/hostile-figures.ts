// What a VNC device under an attacker's hand costs everybody else on its edge: the echo on a channel beside it, with and without the flood, in turns.
import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startHostileVnc, type Hostility } from "../plant/hostile-vnc.ts";
import { startInstallation, type TargetToAdd } from "../support/installation.ts";
import { openScreenBridge } from "../support/screen-bridge.ts";
import { setPixelFormat } from "../../edge/targets/rfb/pixel-format.ts";
import { drive, openWay, sinkTarget, startLoadSink, type Way } from "./channel-figures.ts";
import { medianOf, type Figure } from "./figure.ts";

const floods: readonly Hostility[] = ["bomb", "crumbs", "moves"];
const rounds = 3;
const roundTrips = 500;
/** The flood is in full spate. */
const leadMs = 1_000;

/** The worst of the floods' ratios, each the median of neighbouring rounds. */
export async function hostileEcho(): Promise<Figure> {
  await using started = new AsyncDisposableStack();
  const sink = started.use(await startLoadSink());
  const targets: TargetToAdd[] = [tcpTarget(sink.port)];
  for (const flood of floods) {
    const { port } = started.use(await startHostileVnc(flood));
    const device = ["--host", "127.0.0.1", "--port", `${port}`];
    targets.push({ id: flood, name: flood, kind: "vnc", rights: ["view"], device });
  }
  const site = started.use(await startInstallation(targets, { secondFactor: "waived" }));
  const bridge = started.use(await openScreenBridge(site, floods, 30));
  const { way } = started.use(await openWay(site));
  await echoP99(way);
  const found: { ratio: number; quietUs: number }[] = [];
  for (const flood of floods) {
    const ratios: number[] = [];
    const quiets: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const quietUs = await echoP99(way);
      const flooded = await openFlood(bridge.port, flood);
      await sleep(leadMs);
      ratios.push((await echoP99(way)) / quietUs);
      flooded.destroy();
      await sleep(leadMs);
      quiets.push(quietUs);
    }
    found.push({ ratio: medianOf(ratios), quietUs: medianOf(quiets) });
  }
  const worst = found.toSorted((one, other) => other.ratio - one.ratio)[0];
  if (worst === undefined) throw new Error("no flood was measured");
  const against = { peer: "without a flood", value: worst.quietUs, unit: "us" };
  return { name: "vnc.hostile_echo_p99_ratio", value: worst.ratio, unit: "x", against };
}

async function echoP99(way: Way): Promise<number> {
  const { roundTripsUs } = await drive(way, "echo", roundTrips);
  return roundTripsUs[Math.floor((roundTripsUs.length * 99) / 100)] ?? Number.NaN;
}

/** A viewer that takes all and looks at nothing: a browser elsewhere would cost this machine nothing either. */
async function openFlood(port: number, flood: Hostility): Promise<net.Socket> {
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("error", () => socket.destroy());
  await once(socket, "connect");
  const request = Uint8Array.of(3, 0, 0, 0, 0, 0, 15, 0, 8, 112);
  socket.write(`${flood} 800 600\nRFB 003.008\n`);
  socket.write(Buffer.concat([Uint8Array.of(1, 1), setPixelFormat, request]));
  await once(socket, "data");
  socket.resume();
  return socket;
}

function tcpTarget(port: number): TargetToAdd {
  const device = ["--host", "127.0.0.1", "--port", `${port}`];
  return { id: sinkTarget, name: sinkTarget, kind: "tcp", rights: ["connect"], device };
}
