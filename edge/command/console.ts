// What the console's commands ask the running edge, and how they show the answer.
import * as v from "valibot";
import { SallyportError } from "../../shared/errors.ts";
import { askConsole, type ConsoleQuestion } from "../console-socket.ts";
import type { EdgeStatus } from "../status.ts";
import { exitCodes } from "./exit-codes.ts";

type Print = (line: string) => void;

const failure = v.object({ error: v.string() });

/** `status`: how the edge stands. */
export async function printStatus(state: string, isJson: boolean, print: Print): Promise<number> {
  const text = await oneAnswer(state, { ask: "status" });
  if (isJson) print(text);
  else for (const line of linesOf(JSON.parse(text) as EdgeStatus)) print(line);
  return exitCodes.done;
}

/** `journal`: entries as the journal holds them, or one readable line each. */
export async function printJournal(
  state: string,
  from: number,
  follow: boolean,
  isJson: boolean,
  print: Print,
): Promise<number> {
  for await (const line of askConsole(state, { ask: "journal", from, follow })) {
    print(isJson ? line : readable(line));
  }
  return exitCodes.done;
}

/** `lockdown`: everything stops for a quarter of an hour; what stays closed longer is signed by an approver. */
export async function printLockdown(state: string, isJson: boolean, print: Print): Promise<number> {
  const text = await oneAnswer(state, { ask: "lockdown" });
  if (isJson) print(text);
  else {
    print("all sessions are over; nothing opens on this edge for 15 minutes");
    print("to keep it closed, an approver signs: sallyport lockdown");
  }
  return exitCodes.done;
}

async function oneAnswer(state: string, asked: ConsoleQuestion): Promise<string> {
  for await (const line of askConsole(state, asked)) {
    const parsed: unknown = JSON.parse(line);
    if (v.is(failure, parsed)) throw new SallyportError("internal", parsed.error);
    return line;
  }
  throw new SallyportError("unreachable", `the edge on "${state}" went away before it answered`);
}

function linesOf(status: EdgeStatus): string[] {
  const { manifest, time, sessions, stops, lockdowns, journal, alarms } = status;
  return [
    `edge      ${status.name ?? "not yet listed"} ${status.edge}`,
    `site      ${status.site}`,
    `link      ${status.link}`,
    manifest === undefined
      ? "manifest  none yet"
      : `manifest  ${manifest.version}, ends ${dateOf(manifest.endsAt)}`,
    `time      ${dateOf(time.at)}, ${time.proven ? "proven" : "not proven"}`,
    `journal   ${journal.length} entries`,
    ...alarms.map((alarm) => `ALARM     ${alarm}`),
    ...(lockdowns.length > 0 ? [`locked    ${lockdowns.map(nameOf).join(", ")}`] : []),
    ...(stops.length > 0 ? [`stopped   ${stops.map(nameOf).join(", ")}, unsigned`] : []),
    ...(sessions.length === 0 ? ["sessions  none"] : []),
    ...sessions.map((session) => {
      const left =
        session.leftMs === null ? "" : `, ${Math.ceil(session.leftMs / 60_000)} min left`;
      const on = session.targets.length === 0 ? "" : ` on ${session.targets.join(", ")}`;
      return `session   ${session.person} ${session.state}${on}${left}`;
    }),
  ];
}

function nameOf(scope: { readonly kind: string; readonly id?: string }): string {
  return scope.id === undefined ? scope.kind : `${scope.kind} ${scope.id}`;
}

function dateOf(at: number): string {
  return new Date(at * 1000).toISOString().replace(".000Z", "Z");
}

const entryLine = v.object({
  header: v.object({
    n: v.number(),
    wallMs: v.number(),
    event: v.string(),
    ids: v.record(v.string(), v.string()),
  }),
  details: v.optional(v.record(v.string(), v.unknown())),
});

function readable(line: string): string {
  const parsed = v.safeParse(entryLine, JSON.parse(line));
  if (!parsed.success) return line;
  const { header, details } = parsed.output;
  const ids = Object.entries(header.ids).map(([key, id]) => `${key}=${id}`);
  const more = details === undefined ? [] : [JSON.stringify(details)];
  const at = new Date(header.wallMs).toISOString();
  return [header.n, at, header.event, ...ids, ...more].join(" ");
}
