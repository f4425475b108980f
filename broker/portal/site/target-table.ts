// A table of machines as people keep it: CSV with a line of column names, read into the same fields as the form of one machine.
// Every fault is told with its line, all of them together; nothing is taken over while there is one.
import { keyboards } from "../../../shared/document/keyboard.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import type { Secret } from "../../../shared/document/secret.ts";
import { parseTargetId } from "../../../shared/ids.ts";
import {
  isTargetKind,
  rightsOfKind,
  usualRights,
  type TargetKindName,
} from "../../../shared/document/rights.ts";
import { opensNothing } from "../../../shared/site/right-choice.ts";
import { targets } from "../texts/targets.ts";
import type { TargetWish } from "./changes.ts";
import {
  deviceFaults,
  parsePorts,
  usualPorts,
  usualSecurePort,
  type DeviceToProbe,
} from "./device-words.ts";
import { cellsOf } from "./table-cells.ts";
import {
  deviceIn,
  secretIn,
  securities,
  takesSecret,
  typedOf,
  type SignInWay,
  type Typed,
} from "./typed-target.ts";

const words = targets.table.faults;

export const columns = [
  "id",
  "name",
  "kind",
  "box",
  "address",
  "ports",
  "login",
  "password",
  "domain",
  "security",
  "keyboard",
  "certificate",
  "secure",
  "start",
  "sign_in",
  "rules",
  "rights",
] as const;
type Column = (typeof columns)[number];
const needed: readonly Column[] = ["id", "kind", "address"];

/** The columns that not every kind has. A form's fields do not fit into cells: they are set up on the machine's own page. */
const columnsOfKind: Readonly<Record<TargetKindName, readonly Column[]>> = {
  ssh: ["login", "password"],
  tcp: [],
  vnc: ["login", "password", "certificate"],
  rdp: ["login", "password", "domain", "security", "keyboard", "certificate"],
  http: ["login", "password", "certificate", "secure", "start", "sign_in"],
};
const ofSomeKind = new Set(Object.values(columnsOfKind).flat());

export interface TableRow {
  readonly line: number;
  readonly target: TargetWish;
  readonly device: DeviceToProbe;
  readonly secret: Secret | undefined;
}

export interface TableFault {
  readonly line: number;
  readonly text: string;
}

export interface Table {
  readonly rows: readonly TableRow[];
  readonly faults: readonly TableFault[];
}

/** The rows of a table and every fault in it, by the boxes and rules of the site. */
export function parseTargetTable(
  text: string,
  manifest: Pick<Manifest, "edges" | "policies">,
): Table {
  const { lines, openSince } = cellsOf(text);
  const faults: TableFault[] =
    openSince === undefined ? [] : [{ line: openSince, text: words.quote }];
  const [head, ...body] = lines;
  if (head === undefined) return { rows: [], faults: [...faults, { line: 1, text: words.empty }] };
  const names = head.cells.map((cell) => cell.trim().toLowerCase());
  const headFaults = faultsOfHead(names).map((each) => ({ line: head.line, text: each }));
  if (headFaults.length > 0) return { rows: [], faults: [...faults, ...headFaults] };
  const rows: TableRow[] = [];
  const seen = new Set<string>();
  for (const { line, cells } of body) {
    if (cells.length !== names.length) {
      faults.push({ line, text: words.cells(cells.length, names.length) });
      continue;
    }
    const value = (column: Column): string => cells[names.indexOf(column)]?.trim() ?? "";
    const { row, found } = rowOf(value, manifest);
    const id = value("id");
    if (id !== "" && seen.has(id)) found.push(words.twice(id));
    seen.add(id);
    faults.push(...found.map((each) => ({ line, text: each })));
    if (row !== undefined && found.length === 0) rows.push({ line, ...row });
  }
  if (body.length === 0) faults.push({ line: head.line, text: words.empty });
  return { rows, faults };
}

function faultsOfHead(names: readonly string[]): string[] {
  const known = new Set<string>(columns);
  return [
    ...needed.filter((column) => !names.includes(column)).map(words.header),
    ...names.filter((name) => !known.has(name)).map(words.unknownColumn),
    ...names
      .filter((name, at) => known.has(name) && names.indexOf(name) !== at)
      .map(words.twiceColumn),
  ];
}

function rowOf(
  value: (column: Column) => string,
  { edges, policies }: Pick<Manifest, "edges" | "policies">,
): { readonly row: Omit<TableRow, "line"> | undefined; readonly found: string[] } {
  const found: string[] = [];
  for (const column of needed) if (value(column) === "") found.push(words.missing(column));
  const kind = kindOf(value("kind"));
  if (kind === undefined && value("kind") !== "") found.push(words.kind(value("kind")));
  const id = idOf(value("id"));
  if (id === undefined && value("id") !== "") found.push(words.id(value("id")));
  const box = value("box");
  const [onlyEdge, ...otherEdges] = edges;
  const edge =
    box === "" && otherEdges.length === 0
      ? onlyEdge
      : edges.find((each) => each.name === box || each.id === box);
  if (edge === undefined) found.push(box === "" ? words.noBox : words.box(box));
  const policy =
    value("rules") === "" ? policies[0] : policies.find((each) => each.id === value("rules"));
  if (policy === undefined) found.push(words.rules(value("rules")));
  const isSecure = yesOrNo(value("secure"));
  if (isSecure === undefined) found.push(words.secure(value("secure")));
  const ports = value("ports") || usualPort(kind, isSecure === true);
  if (parsePorts(ports) === undefined) found.push(words.ports(value("ports")));
  if (kind === undefined) return { row: undefined, found };

  const usual = { edge: edge?.id ?? "", policy: policy?.id ?? "" };
  const typed = typedIn(value, kind, { ...typedOf(undefined, undefined, usual), ports });
  found.push(...faultsOfFields(value, { ...typed, secure: isSecure === true }));
  const known: readonly string[] = rightsOfKind[kind];
  const rights = value("rights") === "" ? usualRights[kind] : value("rights").split(/[\s+,]+/);
  for (const right of rights) if (!known.includes(right)) found.push(words.rights(right, kind));
  if (opensNothing(kind, rights)) found.push(words.noScreen(value("rights")));
  if (id === undefined || edge === undefined || policy === undefined)
    return { row: undefined, found };
  const target: TargetWish = {
    id,
    name: value("name") === "" ? id : value("name"),
    kind,
    edge: edge.id,
    rights: [...new Set(rights)],
    policy: policy.id,
    legacy: false,
  };
  const whole = { ...typed, secure: isSecure === true };
  return { row: { target, device: deviceIn(whole), secret: secretIn(whole) }, found };
}

function usualPort(kind: TargetKindName | undefined, isSecure: boolean): string {
  if (kind === undefined) return "";
  return kind === "http" && isSecure ? usualSecurePort : usualPorts[kind];
}

function typedIn(value: (column: Column) => string, kind: TargetKindName, empty: Typed): Typed {
  const [, way = "", header = ""] = /^(header):(.*)$/.exec(value("sign_in")) ?? [];
  const signIn = signInWays.find((each) => each === (way || value("sign_in"))) ?? "none";
  return {
    ...empty,
    kind,
    host: value("address"),
    login: value("login"),
    domain: value("domain"),
    certificate: value("certificate"),
    security: securities.find((each) => each === value("security").toLowerCase()) ?? "nla",
    keyboard: keyboards.find((each) => each === value("keyboard").toLowerCase()) ?? "us",
    start: value("start") || empty.start,
    signIn,
    header: header.trim(),
    secretKind: "password",
    secret: value("password"),
  };
}

const signInWays: readonly SignInWay[] = ["none", "basic", "digest", "header"];

function faultsOfFields(value: (column: Column) => string, typed: Typed): string[] {
  const { kind } = typed;
  const own = columnsOfKind[kind];
  const found: string[] = [];
  for (const column of columns) {
    if (!ofSomeKind.has(column) || own.includes(column) || value(column) === "") continue;
    // A login is what people put beside an address out of habit; a password that goes nowhere is a mistake.
    if (kind === "tcp" && column === "login") continue;
    found.push(
      kind === "tcp" && column === "password" ? words.password : words.foreign(column, kind),
    );
  }
  if (own.includes("password") && value("password") !== "" && !takesSecret(typed))
    found.push(words.foreign("password", `${kind} without sign_in`));
  if (kind === "rdp" && !["", "nla", "tls"].includes(value("security").toLowerCase()))
    found.push(words.security(value("security")));
  if (kind === "rdp" && !["", ...keyboards].includes(value("keyboard").toLowerCase()))
    found.push(words.keyboard(value("keyboard"), keyboards));
  if (kind === "http" && !/^(none|basic|digest|header:.*)?$/.test(value("sign_in")))
    found.push(words.signIn(value("sign_in")));
  const told = new Set<string>();
  for (const path of deviceFaults(deviceIn(typed))) told.add(faultWords(path, value, kind));
  return [...found, ...[...told].filter((text) => text !== "")];
}

// Ports are told where they are read; what is empty and needed, too.
function faultWords(path: string, value: (column: Column) => string, kind: string): string {
  if (path === "login" || path === "signIn.login") return words.login(kind);
  if (path === "host") return value("address") === "" ? "" : words.address(value("address"));
  if (path === "certificate") return words.certificate(value("certificate"));
  if (path === "start") return words.start(value("start"));
  if (path === "signIn.name") return words.signIn(value("sign_in"));
  if (path === "port" && (parsePorts(value("ports"))?.length ?? 0) > 1)
    return words.ports(value("ports"));
  return path.startsWith("port") ? "" : words.invalid(path);
}

function yesOrNo(text: string): boolean | undefined {
  if (/^(yes|true|1)$/i.test(text)) return true;
  return /^(no|false|0)?$/i.test(text) ? false : undefined;
}

function kindOf(text: string): TargetKindName | undefined {
  const word = text.toLowerCase();
  return isTargetKind(word) ? word : undefined;
}

function idOf(text: string) {
  try {
    return parseTargetId(text);
  } catch {
    return undefined;
  }
}
