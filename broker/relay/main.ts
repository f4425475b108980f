// `sallyport relay` (and this file by itself): reads arguments, environment and the config file, runs the relay until it is told to stop.
// First signal: says so to edges and drains; second: ends at once.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { systemClock } from "../../shared/clock.ts";
import { messageOf, SallyportError, type ErrorCode } from "../../shared/errors.ts";
import { startRelay } from "./app.ts";
import { parseRelayConfig, type RelayConfig } from "./config.ts";

const usage = `usage: sallyport relay [--config FILE]

Runs a relay. Without a file it listens on https://127.0.0.1:8443 with a development
certificate and keeps everything under ./sallyport-relay. Every key of the file may be
given as an environment variable instead (listen = SALLYPORT_RELAY_LISTEN); the table
stands in broker/README.md.

example:
  SALLYPORT_RELAY_DATA_DIRECTORY=/var/lib/sallyport sallyport relay
`;

/** How long channels may go on after the first signal; they resume through the next relay. */
const drainMs = 5_000;

/** Runs a relay until SIGINT or SIGTERM; throws as `startRelay`. */
export async function runRelay(config: RelayConfig): Promise<void> {
  const { version } = JSON.parse(
    await readFile(new URL("../package.json", import.meta.url), "utf8"),
  ) as { version: string };
  const relay = await startRelay(config, { clock: systemClock, version, logTo: process.stdout });
  const started = { url: relay.url, name: config.name, authority: relay.authority };
  process.stderr.write(`sallyport relay: ${JSON.stringify({ listening: started })}\n`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  process.once("SIGINT", () => process.exit(1));
  process.once("SIGTERM", () => process.exit(1));
  await relay.close(drainMs);
}

async function readConfig(args: readonly string[]): Promise<RelayConfig | undefined> {
  const { values } = readArguments(args);
  if (values.help === true) return undefined;
  const environment = process.env;
  if (values.config === undefined) return parseRelayConfig({ environment });
  const path = values.config;
  try {
    const file = { path, text: await readFile(path, "utf8") };
    return parseRelayConfig({ environment, file });
  } catch (thrown) {
    if (thrown instanceof SallyportError) throw thrown;
    throw new SallyportError("file_invalid", messageOf(thrown), { cause: thrown });
  }
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { config: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
  } catch (cause) {
    throw new SallyportError("usage", messageOf(cause), { cause });
  }
}

const exitCodes: Partial<Record<ErrorCode, number>> = {
  usage: 64,
  config_invalid: 65,
  file_invalid: 65,
};

try {
  const config = await readConfig(process.argv.slice(2));
  if (config === undefined) process.stdout.write(usage);
  else await runRelay(config);
} catch (thrown) {
  const isOurs = thrown instanceof SallyportError;
  for (const line of messageOf(thrown).split("\n")) {
    process.stderr.write(`sallyport relay: ${line}\n`);
  }
  process.exitCode = isOurs ? (exitCodes[thrown.code] ?? 70) : 69;
}
