// Where a passphrase comes from, in this order: a file that the environment names, an askpass program, the terminal. Never an argument and
// never standard input, which belongs to the session. Without any of them the command ends with its own exit code.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "../../shared/errors.ts";
import { CommandError } from "./exit-codes.ts";
import { isPrivate, readNamed } from "./files.ts";
import type { Tui } from "./tui.ts";

export interface PassphraseSources {
  /** SALLYPORT_PASSPHRASE_FILE: its first line is the passphrase. */
  readonly file: string | undefined;
  /** SALLYPORT_ASKPASS or SSH_ASKPASS: prints the passphrase, gets the question as its argument. */
  readonly askpass: string | undefined;
}

const noneHint =
  "name a file by SALLYPORT_PASSPHRASE_FILE, a program by SALLYPORT_ASKPASS, keep the key in ssh-agent (`sallyport key create --agent`), or run it on a terminal";

/** The passphrase that opens what `question` names. */
export async function passphraseFor(
  sources: PassphraseSources,
  tui: Tui,
  question: string,
): Promise<string> {
  return (
    (await unattended(sources, tui, question)) ?? (await tui.askSecret(`${question}:`, noneHint))
  );
}

/** A passphrase for a new file; typed ones twice. */
export async function newPassphrase(
  sources: PassphraseSources,
  tui: Tui,
  question: string,
): Promise<string> {
  const given = await unattended(sources, tui, question);
  if (given !== undefined) return given;
  const typed = required(await tui.askSecret(`new ${question}:`, noneHint), "the terminal");
  if ((await tui.askSecret("the same again:", noneHint)) !== typed) {
    throw new CommandError("refused", "the two passphrases differ; nothing was written");
  }
  return typed;
}

async function unattended(
  sources: PassphraseSources,
  tui: Tui,
  question: string,
): Promise<string | undefined> {
  if (sources.file !== undefined) {
    const text = await readNamed(sources.file);
    if (!(await isPrivate(sources.file)))
      tui.warning(`others may read "${sources.file}", expected mode 0600`);
    return required(firstLine(text), `"${sources.file}"`);
  }
  if (sources.askpass === undefined) return undefined;
  return required(firstLine(await askProgram(sources.askpass, question)), `"${sources.askpass}"`);
}

async function askProgram(program: string, question: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, [question], { encoding: "utf8" });
    return stdout;
  } catch (thrown) {
    throw new CommandError(
      "nobodyToAsk",
      `askpass program "${program}" gave no passphrase: ${messageOf(thrown)}`,
    );
  }
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? "";
}

function required(passphrase: string, source: string): string {
  if (passphrase === "")
    throw new CommandError("nobodyToAsk", `passphrase from ${source} is empty`);
  return passphrase;
}
