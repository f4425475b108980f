// What a person or a script reads and is asked. Results go to standard output; everything else (`error:`, `warning:`, `hint:`, progress,
// questions) to standard error or the terminal, so that output can always be piped. Questions need a terminal, and are refused without one.
import { messageOf } from "../../shared/errors.ts";
import { SiteFault } from "../../shared/site/fault.ts";
import { CommandError } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

/** Where a table's cell comes from: anything printable; `null` shows as `-`. */
export type Cell = string | number | null;

export interface TuiOptions {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
  /** Opens the controlling terminal, also when the standard streams are redirected; undefined if there is none. */
  readonly openTerminal: () => Terminal | undefined;
}

/** One command's conversation. `json` is set once, from the options, before a verb runs. */
export class Tui {
  json = false;
  assumeYes = false;
  readonly #options: TuiOptions;

  constructor(options: TuiOptions) {
    this.#options = options;
  }

  /** The result: `value` as one line of JSON with --json, else `text`. */
  result(value: unknown, text: string | (() => string)): void {
    const line = this.json
      ? escapedJson(JSON.stringify(value))
      : printable(typeof text === "string" ? text : text());
    if (line !== "") this.#options.stdout.write(`${line}\n`);
  }

  /** A line of JSON that an edge wrote: byte by byte into files and pipes, where hashes count; harmless on a terminal. */
  passOn(line: string): void {
    const { stdout } = this.#options;
    stdout.write(`${stdout.isTTY === true ? escapedJson(line) : line}\n`);
  }

  /** A list: an array with --json, else a table, or `empty` (which says what to do next) when there is nothing. */
  list<Row>(
    rows: readonly Row[],
    columns: Readonly<Record<string, (row: Row) => Cell>>,
    empty: string,
  ): void {
    this.result(rows, () => (rows.length === 0 ? empty : table(rows, columns)));
  }

  /** One line of what goes on, for people; not part of the result, and left out with --json. */
  progress(text: string): void {
    if (!this.json) this.#line(text);
  }

  warning(text: string): void {
    this.#line(`warning: ${text}`);
  }

  hint(text: string): void {
    this.#line(`hint: ${text}`);
  }

  /** Reports what a verb threw: one `error:` line, then its hints. Never a stack trace. */
  error(thrown: unknown): void {
    this.#line(`error: ${messageOf(thrown).replaceAll("\n", " ")}`);
    if (thrown instanceof CommandError || thrown instanceof SiteFault)
      for (const hint of thrown.hints) this.hint(hint);
  }

  /** A line typed by the person; `fallback` says how to give the answer without a terminal. */
  async ask(question: string, fallback: string): Promise<string> {
    return this.#withTerminal(question, fallback, (terminal) =>
      terminal.readLine(`${printable(question)} `),
    );
  }

  /** A line that is not shown while it is typed. */
  async askSecret(question: string, fallback: string): Promise<string> {
    return this.#withTerminal(question, fallback, (terminal) =>
      terminal.readSecret(`${printable(question)} `),
    );
  }

  /** Shows a secret on the terminal alone and waits until it is read; refused before anything is shown if there is none. */
  async showSecret(text: string, question: string, fallback: string): Promise<void> {
    await this.#withTerminal(question, fallback, (terminal) =>
      terminal.readLine(printable(`${text}\n${question} `)),
    );
  }

  /** Throws unless there is a terminal: for verbs that would otherwise find out after half of their work. */
  requireTerminal(question: string, fallback: string): void {
    const terminal = this.#options.openTerminal();
    if (terminal === undefined) throw noTerminal(question, fallback);
    terminal[Symbol.dispose]();
  }

  /** True after `y` or `yes`, or at once with --yes. Anything else is no. */
  async confirm(question: string): Promise<boolean> {
    if (this.assumeYes) return true;
    const answer = await this.ask(`${question} [y/N]`, "use --yes to agree in advance");
    return /^y(es)?$/i.test(answer.trim());
  }

  /** Throws unless the person agrees. */
  async mustConfirm(question: string): Promise<void> {
    if (!(await this.confirm(question))) throw new CommandError("refused", "nothing was done");
  }

  async #withTerminal<Answer>(
    question: string,
    fallback: string,
    act: (terminal: Terminal) => Promise<Answer>,
  ): Promise<Answer> {
    const terminal = this.#options.openTerminal();
    if (terminal === undefined) throw noTerminal(question, fallback);
    using _ = terminal;
    return await act(terminal);
  }

  #line(text: string): void {
    this.#options.stderr.write(`sallyport: ${printable(text)}\n`);
  }
}

function noTerminal(question: string, fallback: string): CommandError {
  return new CommandError("nobodyToAsk", `no terminal to ask "${question}" on`, fallback);
}

/** Text from elsewhere without the control and direction characters that could repaint a terminal. Line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, "\u{fffd}");
}

// `JSON.stringify` leaves the second control block (0x9b begins an escape sequence too) and direction characters as they are.
function escapedJson(json: string): string {
  return json.replace(/\p{C}/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** Rows under upper-case headings, columns wide enough for their content. */
export function table<Row>(
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => Cell>>,
): string {
  const heads = Object.keys(columns).map((name) => name.toUpperCase());
  const cells = rows.map((row) =>
    Object.values(columns).map((cell) => printable(String(cell(row) ?? "-")).replaceAll("\n", " ")),
  );
  const widths = heads.map((head, at) =>
    Math.max(head.length, ...cells.map((line) => line[at]?.length ?? 0)),
  );
  return [heads, ...cells]
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Names with their values, one per line, values aligned. */
export function facts(entries: Readonly<Record<string, Cell>>): string {
  const width = Math.max(...Object.keys(entries).map((name) => name.length));
  return Object.entries(entries)
    .map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${printable(String(value ?? "-"))}`)
    .join("\n");
}
