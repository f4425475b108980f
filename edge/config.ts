// What an integrator may set, as a pure function from file text, environment and arguments to a readonly value (table in edge/README.md).
// All faults are reported together, each with its file and line, variable or option; an unknown key is a fault. Bounds of the protocol are not settings.
import { SallyportError } from "../shared/errors.ts";

/** Whether the machine's wall clock is believed: as the machine's own signs say, always, or never. */
export type ClockProof = "auto" | "proven" | "unproven";

export interface EdgeConfig {
  /** Everything that this edge keeps. */
  readonly state: string;
  /** Read at the first start; may be gone afterwards. */
  readonly claim: string | undefined;
  /** Never printed: it may hold a password. */
  readonly proxy: URL | undefined;
  /** PEM file of authorities to trust beside the platform's. */
  readonly authority: string | undefined;
  readonly clock: ClockProof;
  readonly idleLimitMs: number;
  readonly recordingQuotaBytes: number;
}

/** One setting as it was given. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  /** `edge.conf line 3`, `SALLYPORT_EDGE_PROXY`, `--proxy`. */
  readonly where: string;
}

const defaults = {
  state: "/var/lib/sallyport-edge",
  clock: "auto",
  "idle-minutes": "60",
  "recordings-megabytes": "2048",
} as const;

/** Every key, as it stands in the file; in the environment `SALLYPORT_EDGE_` and the key in capitals, as an argument `--` and the key. */
export const configKeys = [
  "state",
  "claim",
  "proxy",
  "authority",
  "clock",
  "idle-minutes",
  "recordings-megabytes",
] as const;
type Key = (typeof configKeys)[number];

const prefix = "SALLYPORT_EDGE_";

/** Settings of a file with lines `key = value`; `#` begins a comment line. */
export function settingsOfFile(path: string, text: string): Setting[] {
  return text.split("\n").flatMap((line, index): Setting[] => {
    if (/^\s*(#|$)/.test(line)) return [];
    const [, key = line.trim(), value = ""] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    return [{ key, value, where: `${path} line ${index + 1}` }];
  });
}

/** Settings of the environment; `SALLYPORT_EDGE_CONFIG`, which names the file, is not one. */
export function settingsOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Setting[] {
  return Object.entries(environment).flatMap(([variable, value]): Setting[] => {
    if (!variable.startsWith(prefix) || variable === `${prefix}CONFIG` || !value) return [];
    const key = variable.slice(prefix.length).toLowerCase().replaceAll("_", "-");
    return [{ key, value, where: variable }];
  });
}

/** The configuration; of two settings of one key the later one counts. Throws one `config_invalid` with a line for every fault. */
export function parseEdgeConfig(settings: readonly Setting[]): EdgeConfig {
  const faults: string[] = [];
  const known = new Map<Key, Setting>();
  for (const setting of settings) {
    if (isKey(setting.key)) known.set(setting.key, setting);
    else {
      faults.push(
        `${setting.where}: unknown key "${setting.key}", expected one of ${configKeys.join(", ")}`,
      );
    }
  }
  const read = <Value>(key: Key, parse: (text: string) => Value | undefined, expected: string) => {
    const setting = known.get(key);
    const text = setting?.value ?? (key in defaults ? defaults[key as keyof typeof defaults] : "");
    const value = parse(text);
    if (value !== undefined || setting === undefined) return value;
    const shown = key === "proxy" ? "its value" : JSON.stringify(text);
    faults.push(`${setting.where}: ${key}: ${shown} is not ${expected}`);
    return undefined;
  };
  const config = {
    state: read("state", parsePath, "a path") ?? defaults.state,
    claim: read("claim", parsePath, "a path"),
    proxy: read("proxy", parseProxy, "an address like http://name:password@host:3128"),
    authority: read("authority", parsePath, "a path"),
    clock: read("clock", parseClockProof, "auto, proven or unproven") ?? "auto",
    idleLimitMs: (read("idle-minutes", whole(1, 1440), "1 to 1440 minutes") ?? 60) * 60_000,
    recordingQuotaBytes:
      (read("recordings-megabytes", whole(16, 1_000_000), "16 to 1000000") ?? 2048) * 1_000_000,
  };
  if (faults.length > 0) throw new SallyportError("config_invalid", faults.join("\n"));
  return config;
}

function isKey(key: string): key is Key {
  return configKeys.some((known) => known === key);
}

function parsePath(text: string): string | undefined {
  return text === "" || text.includes("\0") ? undefined : text;
}

function parseProxy(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "http:" && url.hostname !== "" ? url : undefined;
}

function parseClockProof(text: string): ClockProof | undefined {
  return text === "auto" || text === "proven" || text === "unproven" ? text : undefined;
}

function whole(min: number, max: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  };
}
