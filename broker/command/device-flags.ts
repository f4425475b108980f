// What `sallyport site devices set` was given, as a device of the target's kind. Pure; every fault names the flag that mends it.
// Invariant: a flag that the kind does not have is refused, never dropped: whoever typed it believes that it holds.
import {
  parseCertificateFingerprint,
  type Device,
  type WebSignIn,
} from "../../shared/document/device.ts";
import type { KeyboardName } from "../../shared/document/keyboard.ts";
import type { ManifestTarget } from "../../shared/document/manifest.ts";
import {
  isTargetKind,
  targetKindNames,
  type TargetKindName,
} from "../../shared/document/rights.ts";
import { CommandError } from "./exit-codes.ts";

export const signInWays = ["none", "basic", "digest", "header", "form"] as const;
export const rdpSecurities = ["nla", "tls"] as const;

/** The flags as commander gives them, host keys already read. */
export interface DeviceFlags {
  readonly host: string;
  readonly port?: readonly string[];
  readonly login?: string;
  readonly hostKeys?: readonly string[];
  readonly legacy?: boolean;
  readonly certificate?: string;
  readonly domain?: string;
  readonly security?: (typeof rdpSecurities)[number];
  readonly keyboard?: KeyboardName;
  readonly secure?: boolean;
  readonly start?: string;
  readonly path?: readonly string[];
  readonly signIn?: (typeof signInWays)[number];
  readonly header?: string;
  readonly form?: string;
  readonly loginField?: string;
  readonly passwordField?: string;
  readonly field?: readonly string[];
}
type Flag = Exclude<keyof DeviceFlags, "host">;

/** Where the kinds are found if nobody says otherwise. */
const usualPort = { ssh: 22, vnc: 5900, rdp: 3389, http: 80, https: 443 } as const;

const flagsOfKind: Readonly<Record<TargetKindName, readonly Flag[]>> = {
  ssh: ["port", "login", "hostKeys", "legacy"],
  tcp: ["port"],
  vnc: ["port", "login", "certificate"],
  rdp: ["port", "login", "domain", "certificate", "security", "keyboard"],
  http: [
    ...(["port", "secure", "certificate", "start", "path", "signIn", "login"] as const),
    ...(["header", "form", "loginField", "passwordField", "field"] as const),
  ],
};

const flagsOfSignIn: Readonly<Record<WebSignIn["how"], readonly Flag[]>> = {
  none: [],
  basic: ["login"],
  digest: ["login"],
  header: ["header"],
  form: ["login", "form", "loginField", "passwordField", "field"],
};

/** The device that the flags describe; throws `usage` and names every flag that is missing or out of place. */
export function deviceOfFlags(target: ManifestTarget, flags: DeviceFlags): Device {
  const { id, kind } = target;
  if (!isTargetKind(kind)) {
    const known = targetKindNames.map((name) => `"${name}"`).join(", ");
    throw usage(`target "${id}" is of kind "${kind}", expected one of ${known}`);
  }
  const given = new Given(`target "${id}" is of kind "${kind}"`, flags);
  given.refuseOthers(flagsOfKind[kind]);
  return ofKind[kind](given, target);
}

const ofKind: Readonly<Record<TargetKindName, (given: Given, target: ManifestTarget) => Device>> = {
  ssh: (given, target) => {
    const { login, hostKeys } = given.require("login", "hostKeys");
    const { host, legacy = target.legacy } = given.flags;
    return { kind: "ssh", host, port: given.port(usualPort.ssh), login, hostKeys, legacy };
  },
  tcp: (given) => {
    const { port } = given.require("port");
    return { kind: "tcp", host: given.flags.host, ports: port.map(Number) };
  },
  vnc: (given) => {
    const { host, login = null } = given.flags;
    const certificate = given.certificate();
    return { kind: "vnc", host, port: given.port(usualPort.vnc), login, certificate };
  },
  rdp: (given) => {
    const { login, certificate } = given.require("login", "certificate");
    const { host, domain = null, security = "nla", keyboard = "us" } = given.flags;
    const port = given.port(usualPort.rdp);
    const pin = fingerprintOf(certificate);
    return { kind: "rdp", host, port, login, domain, certificate: pin, security, keyboard };
  },
  http: (given) => {
    const { host, secure = false, start = "/", path: paths = [] } = given.flags;
    // Without the pin anybody in the plant's network could be the panel; without HTTPS there is nothing to pin.
    if (secure) given.require("certificate");
    else if (given.flags.certificate !== undefined) given.require("secure");
    return {
      kind: "http",
      host,
      port: given.port(secure ? usualPort.https : usualPort.http),
      secure,
      certificate: given.certificate(),
      signIn: signInOf(given),
      start,
      paths,
    };
  },
};

function signInOf(given: Given): WebSignIn {
  const { signIn: how = "none", login = null, loginField = null, field = [] } = given.flags;
  const narrowed = given.saying(`--sign-in is "${how}"`);
  const others = Object.values(flagsOfSignIn)
    .flat()
    .filter((flag) => !flagsOfSignIn[how].includes(flag));
  narrowed.refuse(others);
  switch (how) {
    case "none":
      return { how };
    case "basic":
    case "digest":
      return { how, login: narrowed.require("login").login };
    case "header":
      return { how, name: narrowed.require("header").header };
    case "form": {
      const { form: path, passwordField } = narrowed.require("form", "passwordField");
      if (login !== null) narrowed.require("loginField");
      if (loginField !== null) narrowed.require("login");
      return { how, path, login, loginField, passwordField, fields: field.map(fieldOf) };
    }
  }
}

type With<Key extends Flag> = DeviceFlags & {
  readonly [Name in Key]-?: NonNullable<DeviceFlags[Name]>;
};

function has<Key extends Flag>(flags: DeviceFlags, keys: readonly Key[]): flags is With<Key> {
  return keys.every((key) => flags[key] !== undefined);
}

/** The flags, and the words in front of what is wrong with them. */
class Given {
  readonly flags: DeviceFlags;
  readonly #where: string;

  constructor(where: string, flags: DeviceFlags) {
    this.#where = where;
    this.flags = flags;
  }

  saying(where: string): Given {
    return new Given(where, this.flags);
  }

  require<Key extends Flag>(...keys: readonly Key[]): With<Key> {
    if (has(this.flags, keys)) return this.flags;
    const missing = keys.filter((key) => this.flags[key] === undefined);
    throw usage(`${this.#where}, expected ${listed(missing)}`);
  }

  refuse(flags: readonly Flag[]): void {
    const odd = [...new Set(flags)].filter((flag) => this.flags[flag] !== undefined);
    if (odd.length > 0) throw usage(`${this.#where}, which has no ${listed(odd)}`);
  }

  refuseOthers(own: readonly Flag[]): void {
    this.refuse(
      Object.values(flagsOfKind)
        .flat()
        .filter((flag) => !own.includes(flag)),
    );
  }

  /** The one port of a kind that has one. */
  port(usual: number): number {
    const [port = usual, ...more] = this.flags.port ?? [];
    if (more.length > 0) throw usage(`${this.#where}, which has one --port`);
    return Number(port);
  }

  certificate(): string | null {
    const { certificate } = this.flags;
    return certificate === undefined ? null : fingerprintOf(certificate);
  }
}

function fingerprintOf(text: string): string {
  const fingerprint = parseCertificateFingerprint(text);
  if (fingerprint !== undefined) return fingerprint;
  throw usage(
    `--certificate "${text}" is no SHA-256 fingerprint, expected AA:BB:… of 32 bytes`,
    "openssl s_client -connect <host>:<port> </dev/null | openssl x509 -noout -fingerprint -sha256",
  );
}

function fieldOf(text: string): { readonly name: string; readonly value: string } {
  const [name = "", value] = text.split(/=(.*)/s);
  if (name === "" || value === undefined) {
    throw usage(`--field "${text}" is no field, expected name=value`);
  }
  return { name, value };
}

function listed(flags: readonly Flag[]): string {
  const names = flags.map(
    (flag) => `--${flag.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`,
  );
  return names.join(" and ");
}

function usage(message: string, ...hints: readonly string[]): CommandError {
  return new CommandError("usage", message, ...hints);
}
