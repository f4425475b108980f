// `sallyport-edge`'s only reader of environment, arguments, machine and signals.
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { systemClock } from "../shared/clock.ts";
import { messageOf, SallyportError } from "../shared/errors.ts";
import { parseClaim } from "./claim.ts";
import { exitCodes } from "./command/exit-codes.ts";
import { runProgram } from "./command/program.ts";
import {
  parseEdgeConfig,
  settingsOfEnvironment,
  settingsOfFile,
  type ClockProof,
  type Setting,
} from "./config.ts";
import { readIfPresent } from "./durable-file.ts";
import packageFile from "./package.json" with { type: "json" };

const { argv, env, stdout, stderr } = process;
const clockSigns = {
  /** systemd-timesyncd has reached a server since the boot. */
  synchronised: "/run/systemd/timesync/synchronized",
  /** "1" if the kernel took its time from a battery clock at the boot. */
  battery: "/sys/class/rtc/rtc0/hctosys",
};
/** The signs are files: looked at no more often than this. */
const clockSignsEveryMs = 10_000;

process.exitCode = await runProgram(argv.slice(2), {
  print: (line) => stdout.write(`${line}\n`),
  complain: (line) => stderr.write(`sallyport-edge: ${line}\n`),
  settings: readSettings,
  stateOf: (settings) => parseEdgeConfig(settings).state,
  run,
});

async function readSettings(): Promise<readonly Setting[]> {
  const at = argv.indexOf("--config");
  const path = at === -1 ? env["SALLYPORT_EDGE_CONFIG"] : argv[at + 1];
  const ofFile = path ? settingsOfFile(path, await readText(path)) : [];
  return [...ofFile, ...settingsOfEnvironment(env)];
}

async function run(settings: readonly Setting[], isJson: boolean): Promise<number> {
  const config = parseEdgeConfig(settings);
  const stopped = signalled();
  const claim = config.claim === undefined ? undefined : await readIfPresent(config.claim);
  const { startEdge } = await import("./app.ts");
  await using edge = await startEdge({
    ...config,
    version: packageFile.version,
    claim: claim && config.claim ? parseClaim(config.claim, claim) : undefined,
    authority: config.authority && (await readText(config.authority)),
    clock: systemClock,
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    isTimeProven: proofOfTime(config.clock),
    log: (line) => stderr.write(isJson ? jsonLine(line) : `${line}\n`),
  });
  stdout.write(isJson ? jsonLine("serving") : "serving\n");
  await aborted(AbortSignal.any([stopped, edge.failed]));
  return edge.failed.aborted ? exitCodes.cannotWrite : exitCodes.done;
}

function proofOfTime(proof: ClockProof): () => boolean {
  if (proof !== "auto") return () => proof === "proven";
  let lookedMs = -Infinity;
  let isProven = false;
  return () => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - lookedMs < clockSignsEveryMs) return isProven;
    lookedMs = nowMs;
    isProven = existsSync(clockSigns.synchronised) || hasBatteryClock();
    return isProven;
  };
}

function hasBatteryClock(): boolean {
  const { battery } = clockSigns;
  return existsSync(battery) && readFileSync(battery, "utf8").trim() === "1";
}

function signalled(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => controller.abort());
  }
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new SallyportError("config_invalid", `"${path}": ${messageOf(cause)}`, { cause });
  }
}

function jsonLine(message: string): string {
  return `${JSON.stringify({ at: new Date().toISOString(), message })}\n`;
}
