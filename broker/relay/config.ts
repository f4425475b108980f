// What an operator may set, as a pure function from environment and file text to a readonly value (table in broker/README.md).
// All faults are reported together, each with its file and line or its variable; an unknown key is a fault. Bounds of the protocol are not settings.
import { isIP } from "node:net";
import { SallyportError } from "../../shared/errors.ts";

/** How the relay's one port speaks. */
export type TransportSecurity =
  | { readonly kind: "development" }
  | { readonly kind: "files"; readonly certificate: string; readonly key: string }
  | { readonly kind: "proxy" };

export interface RelayConfig {
  /** The name that manifests and sign-in documents call this relay by. */
  readonly name: string;
  /** Where people and edges reach it, without a trailing slash; undefined = where it listens. */
  readonly url: string | undefined;
  /** The signing page's own origin; undefined = `sign.localhost` in development, none otherwise. */
  readonly signingUrl: string | undefined;
  readonly listen: { readonly host: string; readonly port: number };
  readonly security: TransportSecurity;
  /** Holds the store, the relay's own keys and, by default, the registration token. */
  readonly dataDirectory: string;
  /** Made with a fresh token if there is none. */
  readonly registrationTokenFile: string;
  /** Text that pages show before a sign-in; undefined = none. */
  readonly useNoticeFile: string | undefined;
  /** Undefined: the relay sends no mail. */
  readonly mail: MailSettings | undefined;
  /** Networks that are not public and may be notified by push and webhook all the same. */
  readonly openNetworks: readonly string[];
  /** Below it web panels have their names; undefined = this relay carries none. */
  readonly webDomain: string | undefined;
  /** The program that gets a certificate request and prints the chain; undefined: the development authority signs. */
  readonly webCertificateCommand: string | undefined;
  readonly logLevel: LogLevel;
}

/** Where mail is handed over, and from whom it comes. */
export interface MailSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS is demanded, except on this machine. */
  readonly isTls: boolean;
  readonly isLoopback: boolean;
  /** Both or none. */
  readonly user: string | undefined;
  readonly passwordFile: string | undefined;
  readonly from: string;
}

const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface ConfigSources {
  /** The whole environment; variables outside `SALLYPORT_RELAY_` are not looked at. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Lines `key = value`, `#` starts a comment line. The environment wins over the file. */
  readonly file?: { readonly path: string; readonly text: string };
}

interface Setting {
  readonly value: string;
  /** `relay.conf line 3, key "listen"` or `SALLYPORT_RELAY_LISTEN`. */
  readonly where: string;
}

const prefix = "SALLYPORT_RELAY_";
const keys = [
  "name",
  "url",
  "signing-url",
  "listen",
  "tls",
  "tls-certificate",
  "tls-key",
  "data-directory",
  "registration-token-file",
  "use-notice-file",
  "smtp-url",
  "smtp-password-file",
  "mail-from",
  "notify-networks",
  "web-domain",
  "web-certificate-command",
  "log-level",
] as const;
type Key = (typeof keys)[number];
type Settings = Partial<Record<Key, Setting>>;

/** The configuration; throws one `config_invalid` whose message has a line for every fault. */
export function parseRelayConfig(sources: ConfigSources): RelayConfig {
  const faults: string[] = [];
  const settings: Settings = {
    ...readFileSettings(sources.file, faults),
    ...readEnvironment(sources.environment, faults),
  };
  const read = <T>(key: Key, fallback: T, parse: (text: string) => T | Fault): T =>
    readSetting(settings[key], fallback, parse, faults);

  const listen = read("listen", { host: "127.0.0.1", port: 8443 }, parseListen);
  const url = read<string | undefined>("url", undefined, parseUrl);
  const signingUrl = readSigningUrl(settings, url, faults);
  const security = readSecurity(settings, listen.host, faults);
  const dataDirectory = read("data-directory", "sallyport-relay", parsePath);
  const config: RelayConfig = {
    name: read("name", url === undefined ? listen.host : new URL(url).hostname, parseName),
    url,
    signingUrl,
    listen,
    security,
    dataDirectory,
    registrationTokenFile: read(
      "registration-token-file",
      `${dataDirectory}/registration-token`,
      parsePath,
    ),
    useNoticeFile: read<string | undefined>("use-notice-file", undefined, parsePath),
    mail: readMail(settings, read, faults),
    openNetworks: read<readonly string[]>("notify-networks", [], parseNetworks),
    ...readWeb(settings, { url, signingUrl, security }, faults),
    logLevel: read("log-level", "info", parseLogLevel),
  };
  if (faults.length > 0) throw new SallyportError("config_invalid", faults.join("\n"));
  return config;
}

/** What a value should have been. */
class Fault {
  readonly expected: string;
  constructor(expected: string) {
    this.expected = expected;
  }
}

function readFileSettings(file: ConfigSources["file"], faults: string[]): Settings {
  const settings: Settings = {};
  for (const [index, line] of (file?.text ?? "").split("\n").entries()) {
    const place = `${file?.path ?? ""} line ${index + 1}`;
    if (/^\s*(#|$)/.test(line)) continue;
    const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) {
      faults.push(`${place}: "${line.slice(0, 80)}" is not a line like "key = value"`);
    } else if (!isKey(key)) {
      faults.push(`${place}: unknown key "${key}", expected one of ${keys.join(", ")}`);
    } else if (settings[key] !== undefined) {
      faults.push(`${place}: key "${key}" stands twice`);
    } else {
      settings[key] = { value, where: `${place}, key "${key}"` };
    }
  }
  return settings;
}

function readEnvironment(environment: ConfigSources["environment"], faults: string[]): Settings {
  const settings: Settings = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(prefix)) continue;
    const key = variable.slice(prefix.length).toLowerCase().replaceAll("_", "-");
    if (isKey(key)) settings[key] = { value, where: variable };
    else faults.push(`${variable}: unknown variable, expected ${prefix} and a key of the README`);
  }
  return settings;
}

function isKey(text: string): text is Key {
  return keys.some((key) => key === text);
}

function readSetting<T>(
  setting: Setting | undefined,
  fallback: T,
  parse: (text: string) => T | Fault,
  faults: string[],
): T {
  if (setting === undefined) return fallback;
  const parsed = parse(setting.value);
  if (!(parsed instanceof Fault)) return parsed;
  const shown = JSON.stringify(setting.value.slice(0, 80));
  faults.push(`${setting.where}: ${shown} is not ${parsed.expected}`);
  return fallback;
}

// Passkeys are bound to a host name that browsers take for secure, and the page must not share its origin with the portal that asks it.
function readSigningUrl(
  settings: Settings,
  url: string | undefined,
  faults: string[],
): string | undefined {
  const setting = settings["signing-url"];
  const signingUrl = readSetting<string | undefined>(setting, undefined, parseUrl, faults);
  if (setting === undefined || signingUrl === undefined) return undefined;
  const { protocol, hostname } = new URL(signingUrl);
  const isLocal = hostname === "localhost" || hostname.endsWith(".localhost");
  if (isIP(hostname) !== 0 || hostname.startsWith("[") || (protocol === "http:" && !isLocal)) {
    faults.push(`${setting.where}: "${signingUrl}" is not an https address with a host name`);
  } else if (url !== undefined && new URL(url).hostname === hostname) {
    faults.push(`${setting.where}: "${hostname}" is the host of "url", expected another one`);
  }
  return signingUrl;
}

type WebSettings = Pick<RelayConfig, "webDomain" | "webCertificateCommand">;

// Whoever is below a name may plant cookies for it, so panels of strangers' devices share no name with the portal or the signing page.
function readWeb(
  settings: Settings,
  { url, signingUrl, security }: Pick<RelayConfig, "url" | "signingUrl" | "security">,
  faults: string[],
): WebSettings {
  const { "web-domain": domain, "web-certificate-command": command } = settings;
  const isDevelopment = security.kind === "development";
  const fallback = isDevelopment ? developmentWebDomain : undefined;
  const webDomain = readSetting<string | undefined>(domain, fallback, parseDomain, faults);
  const webCertificateCommand = readSetting<string | undefined>(
    command,
    undefined,
    parsePath,
    faults,
  );
  const given = domain ?? command;
  if (given !== undefined && security.kind === "proxy") {
    faults.push(`${given.where}: given, but "tls" is "proxy", and web panels need the relay's own`);
  }
  if (security.kind === "files" && (domain === undefined) !== (command === undefined)) {
    const where = given?.where ?? "";
    faults.push(`${where}: both "web-domain" and "web-certificate-command" are needed`);
  }
  for (const page of [url, signingUrl]) {
    const host = page === undefined ? undefined : new URL(page).hostname;
    if (webDomain === undefined || host === undefined || !isRelated(host, webDomain)) continue;
    const where = domain?.where ?? `key "web-domain", by default "${webDomain}"`;
    faults.push(`${where}: it is, or is above or below, the relay's own name "${host}"`);
  }
  return { webDomain, webCertificateCommand };
}

/** Browsers send every name under localhost to this machine. */
const developmentWebDomain = "web.localhost";

// A name of one label, such as localhost, is a public suffix: what is below it shares nothing with it.
function isRelated(left: string, right: string): boolean {
  const isBelow = (lower: string, upper: string): boolean =>
    lower === upper || (upper.includes(".") && lower.endsWith(`.${upper}`));
  return isBelow(left, right) || isBelow(right, left);
}

function parseDomain(text: string): string | Fault {
  // A name of a panel, its label and the domain have room in 253 characters; a label in 63.
  const isDomain =
    /^(?=.{3,160}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/;
  return isDomain.test(text) && isIP(text) === 0
    ? text
    : new Fault(
        "a domain in lower case like panels.example, which is neither the relay's nor above it",
      );
}

function readSecurity(settings: Settings, host: string, faults: string[]): TransportSecurity {
  const { tls, "tls-certificate": certificate, "tls-key": key } = settings;
  const kind = tls?.value ?? (certificate ? "files" : "development");
  const where = tls?.where ?? certificate?.where ?? key?.where ?? "tls";
  const stray = [certificate, key].filter((setting) => setting !== undefined);
  switch (kind) {
    case "files":
      if (certificate?.value && key?.value) {
        return { kind, certificate: certificate.value, key: key.value };
      }
      faults.push(`${where}: both "tls-certificate" and "tls-key" are needed`);
      break;
    case "proxy":
    case "development":
      for (const setting of stray) {
        faults.push(`${setting.where}: given, but "tls" is "${kind}", expected "files"`);
      }
      if (kind === "proxy" && !isLoopback(host)) {
        faults.push(`${where}: plain HTTP listens on a loopback address only, not on "${host}"`);
      }
      return { kind };
    default:
      faults.push(`${where}: ${JSON.stringify(kind)} is not one of development, files, proxy`);
  }
  return { kind: "development" };
}

type Read = <T>(key: Key, fallback: T, parse: (text: string) => T | Fault) => T;

function readMail(settings: Settings, read: Read, faults: string[]): MailSettings | undefined {
  const server = read<SmtpAddress | undefined>("smtp-url", undefined, parseSmtpUrl);
  const from = read<string | undefined>("mail-from", undefined, parseMailFrom);
  const passwordFile = read<string | undefined>("smtp-password-file", undefined, parsePath);
  const given = settings["smtp-url"] ?? settings["mail-from"] ?? settings["smtp-password-file"];
  if (given === undefined) return undefined;
  if (!settings["smtp-url"] || !settings["mail-from"]) {
    faults.push(`${given.where}: both "smtp-url" and "mail-from" are needed`);
  }
  if (server === undefined || from === undefined) return undefined;
  if ((server.user === undefined) !== (passwordFile === undefined)) {
    faults.push(`${given.where}: a user in "smtp-url" and "smtp-password-file" go together`);
  }
  return { ...server, passwordFile, from };
}

type SmtpAddress = Pick<MailSettings, "host" | "port" | "isTls" | "isLoopback" | "user">;

function parseSmtpUrl(text: string): SmtpAddress | Fault {
  const expected = "a mail server's address without password, like smtp://user@mail.example:587";
  // As a special scheme its host is read strictly; the scheme itself is looked at before.
  const [, scheme, rest] = /^(smtps?):\/\/(.+)$/.exec(text) ?? [];
  const address = `http://${rest ?? ""}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isBare = url?.pathname === "/" && url.search === "" && url.hash === "";
  if (!url || !isBare || url.password !== "") return new Fault(expected);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isTls = scheme === "smtps";
  const port = rest?.endsWith(":80") === true ? 80 : Number(url.port || (isTls ? 465 : 587));
  const user = url.username === "" ? undefined : decodeURIComponent(url.username);
  return { host, port, isTls, isLoopback: host === "localhost" || isLoopback(host), user };
}

function parseMailFrom(text: string): string | Fault {
  const isAddress = /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,189}$/.test(text);
  return isAddress ? text : new Fault("a mail address like sallyport@example.org");
}

function parseNetworks(text: string): readonly string[] | Fault {
  const networks = text.split(",").map((item) => item.trim());
  if (networks.every(isNetwork)) return networks;
  return new Fault("networks by commas, like 10.1.0.0/16, fd00::/8");
}

function isNetwork(text: string): boolean {
  const [address = "", length = "", ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(length)) return false;
  return Number(length) <= (family === 4 ? 32 : 128);
}

function parseListen(text: string): RelayConfig["listen"] | Fault {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? "";
  const port = Number(digits);
  const isAddress = bracketed === undefined ? isIP(host) === 4 : isIP(host) === 6;
  if (!isAddress || port > 65_535) {
    return new Fault("an address and port like 127.0.0.1:8443 or [::]:443");
  }
  return { host, port };
}

function parseUrl(text: string): string | Fault {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  const isBare = url?.pathname === "/" && url.search === "" && url.hash === "";
  if (!url || !isWeb || !isBare || url.username !== "" || url.password !== "") {
    return new Fault("a web address without a path, like https://relay.example");
  }
  return url.origin;
}

function parseName(text: string): string | Fault {
  const isName = /^[^\p{Cc}]{1,120}$/u.test(text);
  return isName ? text : new Fault("a name of 1 to 120 characters without control characters");
}

function parsePath(text: string): string | Fault {
  return text === "" || text.includes("\0") ? new Fault("a path") : text;
}

function parseLogLevel(text: string): LogLevel | Fault {
  return logLevels.find((level) => level === text) ?? new Fault(`one of ${logLevels.join(", ")}`);
}

/** Whether an IP address never leaves the machine. */
export function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
