// What an owner types about a machine, as text fields; and what becomes of it: the target, its device, its secret, or what is wrong. Pure.
// Fields of all kinds stand side by side, so that choosing another kind and coming back loses nothing.
import { parseCertificateFingerprint } from "../../../shared/document/device.ts";
import type { KeyboardName } from "../../../shared/document/keyboard.ts";
import type { ManifestTarget } from "../../../shared/document/manifest.ts";
import { isTargetKind, usualRights, type TargetKindName } from "../../../shared/document/rights.ts";
import type { Secret } from "../../../shared/document/secret.ts";
import { parseEdgeId, parsePolicyId, parseTargetId } from "../../../shared/ids.ts";
import { hostKeyLines } from "../../../shared/site/devices.ts";
import { opensNothing } from "../../../shared/site/right-choice.ts";
import type { TargetChange, TargetWish } from "./changes.ts";
import {
  deviceFaults,
  parsePorts,
  usualPorts,
  usualSecurePort,
  type DeviceToProbe,
} from "./device-words.ts";
import { isSlug } from "./slugs.ts";

export const secretKinds = ["none", "password", "ssh-key"] as const;
export type SecretKind = (typeof secretKinds)[number];
export const signIns = ["none", "basic", "digest", "header", "form"] as const;
export type SignInWay = (typeof signIns)[number];
export const securities = ["nla", "tls"] as const;

export interface Typed {
  readonly name: string;
  readonly id: string;
  readonly edge: string;
  readonly kind: TargetKindName;
  readonly host: string;
  readonly ports: string;
  readonly login: string;
  readonly hostKeys: string;
  readonly legacy: boolean;
  readonly certificate: string;
  readonly domain: string;
  readonly security: (typeof securities)[number];
  readonly keyboard: KeyboardName;
  readonly secure: boolean;
  readonly start: string;
  readonly paths: string;
  readonly signIn: SignInWay;
  readonly header: string;
  readonly form: string;
  readonly loginField: string;
  readonly passwordField: string;
  readonly formFields: string;
  readonly secretKind: SecretKind;
  readonly secret: string;
  readonly rights: readonly string[];
  readonly policy: string;
}

/** The fields of a form that begins: empty, or with what is collected already. What the edge alone knows cannot be shown. */
export function typedOf(
  known: TargetWish | undefined,
  change: TargetChange | undefined,
  usual: { readonly edge: string; readonly policy: string },
): Typed {
  const target = change?.target ?? known;
  const kind = target !== undefined && isTargetKind(target.kind) ? target.kind : "ssh";
  return {
    name: target?.name ?? "",
    id: target?.id ?? "",
    edge: target?.edge ?? usual.edge,
    kind,
    host: "",
    ports: usualPorts[kind],
    login: "",
    hostKeys: "",
    legacy: target?.legacy ?? false,
    certificate: "",
    domain: "",
    security: "nla",
    keyboard: "us",
    secure: false,
    start: "/",
    paths: "",
    signIn: "none",
    header: "",
    form: "",
    loginField: "",
    passwordField: "",
    formFields: "",
    secretKind: known === undefined && change === undefined ? "password" : "none",
    secret: "",
    rights: target?.rights ?? usualRights[kind],
    policy: target?.policy ?? usual.policy,
    ...(change?.device && fieldsOf(change.device)),
  };
}

function fieldsOf(device: DeviceToProbe): Partial<Typed> {
  const { host } = device;
  if (device.kind === "tcp") return { host, ports: device.ports.join(", ") };
  const reach = { host, ports: String(device.port) };
  switch (device.kind) {
    case "ssh":
      return { ...reach, login: device.login, hostKeys: device.hostKeys.join("\n") };
    case "vnc":
      return { ...reach, login: device.login ?? "", certificate: device.certificate ?? "" };
    case "rdp": {
      const { login, security, keyboard } = device;
      const certificate = device.certificate ?? "";
      return { ...reach, login, security, keyboard, certificate, domain: device.domain ?? "" };
    }
    case "http": {
      const { secure, start, signIn } = device;
      const panel = {
        ...reach,
        secure,
        start,
        certificate: device.certificate ?? "",
        paths: device.paths.join("\n"),
        signIn: signIn.how,
      };
      if (signIn.how === "basic" || signIn.how === "digest")
        return { ...panel, login: signIn.login };
      if (signIn.how === "header") return { ...panel, header: signIn.name };
      if (signIn.how === "none") return panel;
      return {
        ...panel,
        form: signIn.path,
        login: signIn.login ?? "",
        loginField: signIn.loginField ?? "",
        passwordField: signIn.passwordField,
        formFields: signIn.fields.map(({ name, value }) => `${name}=${value}`).join("\n"),
      };
    }
  }
}

/** The fields after another kind was chosen: its usual port and rights, and no secret that it has no use for. */
export function withKind(typed: Typed, kind: TargetKindName): Typed {
  const next = { ...typed, kind, rights: usualRights[kind], ports: usualPorts[kind] };
  if (kind === "http" && next.secure) return { ...next, ports: usualSecurePort };
  return typed.secretKind === "ssh-key" && kind !== "ssh"
    ? { ...next, secretKind: "password", secret: "" }
    : next;
}

/** The fields after HTTPS was switched on or off; the port follows if it was the usual one. */
export function withSecure(typed: Typed, secure: boolean): Typed {
  const [before, after] = secure
    ? [usualPorts.http, usualSecurePort]
    : [usualSecurePort, usualPorts.http];
  return { ...typed, secure, ports: typed.ports.trim() === before ? after : typed.ports };
}

/** Whether the box signs in there with something secret. */
export function takesSecret({ kind, signIn }: Pick<Typed, "kind" | "signIn">): boolean {
  return kind !== "tcp" && (kind !== "http" || signIn !== "none");
}

/** The device as it was typed, faults and all. */
export function deviceIn(typed: Typed): DeviceToProbe {
  const ports = parsePorts(typed.ports) ?? [];
  const host = typed.host.trim();
  // Several ports where there is one are a fault, as is none.
  const port = ports.length === 1 ? (ports[0] ?? 0) : 0;
  const login = typed.login.trim();
  switch (typed.kind) {
    case "ssh":
      return {
        kind: "ssh",
        host,
        port,
        login,
        hostKeys: hostKeysIn(typed.hostKeys),
        legacy: typed.legacy,
      };
    case "tcp":
      return { kind: "tcp", host, ports };
    case "vnc":
      return { kind: "vnc", host, port, login: orNull(login), certificate: pinIn(typed) };
    case "rdp": {
      const domain = orNull(typed.domain.trim());
      const { security, keyboard } = typed;
      const certificate = pinIn(typed);
      return { kind: "rdp", host, port, login, domain, certificate, security, keyboard };
    }
    case "http":
      return {
        kind: "http",
        host,
        port,
        secure: typed.secure,
        certificate: typed.secure ? pinIn(typed) : null,
        signIn: signInOf(typed),
        start: typed.start.trim(),
        paths: linesOf(typed.paths),
      };
  }
}

function signInOf(typed: Typed): Extract<DeviceToProbe, { kind: "http" }>["signIn"] {
  const how = typed.signIn;
  const login = typed.login.trim();
  if (how === "none") return { how };
  if (how === "basic" || how === "digest") return { how, login };
  if (how === "header") return { how, name: typed.header.trim() };
  return {
    how,
    path: typed.form.trim(),
    login: orNull(login),
    loginField: orNull(typed.loginField.trim()),
    passwordField: typed.passwordField.trim(),
    fields: linesOf(typed.formFields).map((line) => {
      const [name = "", value] = line.split(/=(.*)/s);
      return { name: value === undefined ? "" : name.trim(), value: value ?? "" };
    }),
  };
}

/** The secret that was typed, if one was and the machine takes one. */
export function secretIn(typed: Typed): Secret | undefined {
  const { secretKind, secret } = typed;
  if (!takesSecret(typed) || secret === "" || secretKind === "none") return undefined;
  if (secretKind === "password") return { kind: "password", password: secret };
  return { kind: "ssh-key", privateKey: `${secret.trim()}\n` };
}

/** The target as it will stand in the manifest; throws for ids that are none. */
export function targetIn(typed: Typed): Omit<ManifestTarget, "deviceVersion"> {
  return {
    id: parseTargetId(typed.id),
    name: typed.name.trim(),
    kind: typed.kind,
    edge: parseEdgeId(typed.edge),
    rights: typed.rights,
    policy: parsePolicyId(typed.policy),
    legacy: typed.kind === "ssh" && typed.legacy,
  };
}

/** What the document calls a field, and what the form does. */
const fieldOfDevice = {
  host: "host",
  port: "ports",
  ports: "ports",
  login: "login",
  hostKeys: "hostKeys",
  certificate: "certificate",
  domain: "domain",
  start: "start",
  paths: "paths",
  "signIn.login": "login",
  "signIn.name": "header",
  "signIn.path": "form",
  "signIn.loginField": "loginField",
  "signIn.passwordField": "passwordField",
  "signIn.fields": "formFields",
} as const;
export type TypedFault =
  | "name"
  | "id"
  | "rights"
  /** Rights of a screen that nobody may see. */
  | "noScreen"
  | "secret"
  | (typeof fieldOfDevice)[keyof typeof fieldOfDevice];

/** The fields that are wrong. `leavesDevice`: what the edge knows of it stays, so nothing of it need be typed. */
export function faultsOf(typed: Typed, id: string, leavesDevice: boolean): ReadonlySet<TypedFault> {
  const faults = new Set<TypedFault>();
  if (typed.name.trim() === "") faults.add("name");
  if (!isSlug(id)) faults.add("id");
  if (typed.rights.length === 0) faults.add("rights");
  else if (opensNothing(typed.kind, typed.rights)) faults.add("noScreen");
  if (takesSecret(typed) && typed.secretKind === "ssh-key" && typed.secret.trim() === "")
    faults.add("secret");
  if (leavesDevice) return faults;
  for (const path of deviceFaults(deviceIn(typed))) {
    const named = path.replace(/\.\d+(\..*)?$/, "");
    faults.add(
      named in fieldOfDevice ? fieldOfDevice[named as keyof typeof fieldOfDevice] : "host",
    );
  }
  const isForm = typed.kind === "http" && typed.signIn === "form";
  if (isForm && (typed.login.trim() === "") !== (typed.loginField.trim() === ""))
    faults.add("loginField");
  return faults;
}

function pinIn({ certificate }: Typed): string | null {
  const text = certificate.trim();
  return text === "" ? null : (parseCertificateFingerprint(text) ?? text);
}

// What is no key stays in the device, where it is a fault.
function hostKeysIn(text: string): string[] {
  if (text.trim() === "") return [];
  try {
    return hostKeyLines(text);
  } catch {
    return [text];
  }
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function orNull(text: string): string | null {
  return text === "" ? null : text;
}
