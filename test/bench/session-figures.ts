// How long people wait. Both clocks start at a key: the approver's `y` to the question of `approve` or `end`, whose process stands there already,
// as it does in front of a person who reads. Everything after it counts: opening the approver's sealed key (Argon2id), signature, relay, edge.
import { once } from "node:events";
import net from "node:net";
import type { Installation } from "../support/installation.ts";
import { medianOf, type Figure } from "./figure.ts";
import { startTyped } from "./typed-process.ts";

const rounds = 5;

export const shellTarget = "press-hmi";
export const deviceTarget = "bench-device";

/** From the approver's key to the shell's prompt on the terminal of the vendor who waits with `sallyport ssh`. */
export async function approveToPrompt(site: Installation): Promise<Figure> {
  const { vendor, approver } = site;
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const job = await ask(site, shellTarget);
    await using waiting = startTyped(vendor, ["ssh", shellTarget, "--job", job]);
    await waiting.shown(/waits for approval/);
    await using asked = startTyped(approver, ["approve", job]);
    await asked.shown(/approve\? \[y\/N\]/);
    const startedMs = performance.now();
    asked.type("y\r");
    await waiting.shown(/admitted at site[^\n]*\n[^]*[$#] $/);
    tookMs.push(performance.now() - startedMs);
  }
  return figure("session.approve_to_prompt_ms", tookMs);
}

/** From the approver's key to the moment at which both the device's connection and the vendor's local one have closed. */
export async function endOfSession(site: Installation, device: net.Server): Promise<Figure> {
  const { vendor, approver } = site;
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const job = await ask(site, deviceTarget);
    await using connect = vendor.start(["connect", job, "--json"]);
    await connect.line(/"event":"waiting"/);
    await approver.do("approve", job, "--yes");
    const [line] = await connect.line(/^.*"event":"connected".*$/);
    const [bound] = (JSON.parse(line) as { ports: { host: string; localPort: number }[] }).ports;
    if (bound === undefined) throw new Error(`no port in ${line}`);
    const arrived = once(device, "connection") as Promise<[net.Socket]>;
    const local = net.connect({ host: bound.host, port: bound.localPort });
    const [reached] = await arrived;
    const closed = Promise.all([local, reached].map(untilClosed));
    await using asked = startTyped(approver, ["end", job]);
    await asked.shown(/for good\? \[y\/N\]/);
    const startedMs = performance.now();
    asked.type("y\r");
    await closed;
    tookMs.push(performance.now() - startedMs);
  }
  return figure("session.end_ms", tookMs);
}

async function ask({ vendor }: Installation, target: string): Promise<string> {
  const { job } = await vendor.ask<{ job: string }>(
    "request",
    target,
    "--minutes",
    "5",
    "--reason",
    "benchmark",
  );
  return job;
}

function untilClosed(socket: net.Socket): Promise<void> {
  socket.on("error", () => socket.destroy()).resume();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

function figure(name: string, tookMs: readonly number[]): Figure {
  return { name, value: medianOf(tookMs), unit: "ms", against: null };
}
