// A table of machines as people keep it: CSV with a line of column names, comma, semicolon or tab between cells, quotation marks around what holds one.
// Every fault is told with its line, all of them together; nothing is taken over while there is one.
import type { Manifest } from "../../../shared/document/manifest.ts";
import type { Secret } from "../../../shared/document/secret.ts";
import { parseTargetId } from "../../../shared/ids.ts";
import { rightsOfKind } from "../../../shared/document/rights.ts";
import { targets } from "../texts/site.ts";
import type { TargetWish } from "./changes.ts";
import { deviceFault, parsePorts, type DeviceToProbe, type TargetKind } from "./device-words.ts";

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
  "rules",
  "rights",
] as const;
type Column = (typeof columns)[number];
const needed: readonly Column[] = ["id", "kind", "address"];
const usualSshPort = 22;

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
  const { lines, fault } = cellsOf(text);
  const faults: TableFault[] = fault === undefined ? [] : [fault];
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
  const ports =
    value("ports") === "" && kind === "ssh" ? [usualSshPort] : parsePorts(value("ports"));
  if (ports === undefined) found.push(words.ports(value("ports")));
  if (kind === undefined) return { row: undefined, found };

  const rights =
    value("rights") === "" ? [...rightsOfKind[kind]] : value("rights").split(/[\s+,]+/);
  const known: readonly string[] = rightsOfKind[kind];
  for (const right of rights) if (!known.includes(right)) found.push(words.rights(right, kind));
  if (kind === "ssh" && value("login") === "") found.push(words.login);
  if (kind === "tcp" && value("password") !== "") found.push(words.password);
  if (id === undefined || edge === undefined || policy === undefined || ports === undefined)
    return { row: undefined, found };

  const device = deviceOf(kind, value("address"), ports, value("login"));
  if (value("address") !== "" && deviceFault(device) === "host")
    found.push(words.address(value("address")));
  const target: TargetWish = {
    id,
    name: value("name") === "" ? id : value("name"),
    kind,
    edge: edge.id,
    rights: [...new Set(rights)],
    policy: policy.id,
    legacy: false,
  };
  const password = value("password");
  const secret: Secret | undefined = password === "" ? undefined : { kind: "password", password };
  return { row: { target, device, secret }, found };
}

function deviceOf(
  kind: TargetKind,
  host: string,
  ports: readonly number[],
  login: string,
): DeviceToProbe {
  if (kind === "tcp") return { kind, host, ports: [...ports] };
  const [port = usualSshPort] = ports;
  return { kind, host, port, login, hostKeys: [], legacy: false };
}

function kindOf(text: string): TargetKind | undefined {
  const word = text.toLowerCase();
  return word === "ssh" || word === "tcp" ? word : undefined;
}

function idOf(text: string) {
  try {
    return parseTargetId(text);
  } catch {
    return undefined;
  }
}

interface Line {
  /** Where it begins in the text, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

// RFC 4180, and what spreadsheets make of it: the first line says which of three separators it is; a mark of byte order may stand in front.
function cellsOf(text: string): { readonly lines: Line[]; readonly fault?: TableFault } {
  const source = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const separator = separatorOf(source.split("\n", 1)[0] ?? "");
  const lines: Line[] = [];
  let cells: string[] = [];
  let cell = "";
  let line = 1;
  let startsAt = 1;
  let quotedSince: number | undefined;
  const endLine = (): void => {
    cells.push(cell);
    if (cells.some((each) => each.trim() !== "")) lines.push({ line: startsAt, cells });
    cells = [];
    cell = "";
  };
  for (let at = 0; at < source.length; at += 1) {
    const letter = source[at] ?? "";
    if (letter === "\n") line += 1;
    if (quotedSince !== undefined) {
      if (letter !== '"') cell += letter;
      else if (source[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quotedSince = undefined;
    } else if (letter === '"' && cell.trim() === "") {
      cell = "";
      quotedSince = line;
    } else if (letter === separator) {
      cells.push(cell);
      cell = "";
    } else if (letter === "\n") {
      endLine();
      startsAt = line;
    } else cell += letter;
  }
  if (quotedSince !== undefined) return { lines, fault: { line: quotedSince, text: words.quote } };
  endLine();
  return { lines };
}

function separatorOf(head: string): string {
  const counted = [",", ";", "\t"].map((each) => ({ each, count: head.split(each).length }));
  return counted.toSorted((left, right) => right.count - left.count)[0]?.each ?? ",";
}
