// Runs a script of commands in the manner of Go's testscript (age keeps its failures so): each line is an expectation that a newcomer can read.
//   sallyport ARGS          must exit 0            ! CODE sallyport ARGS   must exit with CODE
//   stdout REGEX, stderr REGEX                     of the last command; with ! in front it must not match
//   env NAME=VALUE          for what follows; $HERE is the script's own folder
//   stdin TEXT              for the next command; \n is a line feed
//   file NAME TEXT, mode NAME OCTAL                in the script's folder
import { chmodSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { nodePath, runProcess, type Finished } from "../../support/process.ts";
import type { TemporaryFolder } from "../../support/temporary.ts";

export const launcher = join(import.meta.dirname, "../../../broker/command/sallyport.mjs");

/** The environment of a command that has nobody to ask: no terminal (tests run detached), no agent, no passphrase. */
export function loneEnvironment(folder: string): Record<string, string | undefined> {
  return {
    SALLYPORT_HOME: join(folder, "home"),
    SALLYPORT_PASSPHRASE_FILE: undefined,
    SALLYPORT_ASKPASS: undefined,
    SSH_ASKPASS: undefined,
    SSH_AUTH_SOCK: undefined,
    HTTPS_PROXY: undefined,
    https_proxy: undefined,
    XDG_RUNTIME_DIR: folder,
  };
}

/** Runs the script's lines one after the other; throws an assertion that names the line. */
export async function runScript(
  name: string,
  text: string,
  folder: TemporaryFolder,
): Promise<void> {
  const env = loneEnvironment(folder.path);
  let input = "";
  let last: Finished | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const where = `${name}:${index + 1}: ${line}`;
    const filled = line.replaceAll("$HERE", folder.path).trim();
    if (filled === "" || filled.startsWith("#")) continue;
    const [, not = "", code = "0", verb = "", rest = ""] =
      /^(! ?)?(\d+)? ?(\S+) ?(.*)$/.exec(filled) ?? [];
    if (verb === "sallyport") {
      last = await runProcess(nodePath, [launcher, ...words(rest)], {
        cwd: folder.path,
        env,
        input,
      });
      input = "";
      assert.is(last.code, Number(code), `${where}\n${last.stdout}${last.stderr}`);
      assert.not.match(last.stderr, /\n\s+at /, `${where}: a stack trace\n${last.stderr}`);
    } else if (verb === "stdout" || verb === "stderr") {
      const found = new RegExp(rest, "m").test(last?.[verb] ?? "");
      assert.is(found, not === "", `${where}\n${last?.[verb]}`);
    } else if (verb === "env") {
      const [key = "", value] = rest.split(/=(.*)/s);
      env[key] = value;
    } else if (verb === "stdin") {
      input = rest.replaceAll("\\n", "\n");
    } else if (verb === "file") {
      const [file = "", content = ""] = rest.split(/ (.*)/s);
      folder.file(file, content.replaceAll("\\n", "\n"));
    } else if (verb === "mode") {
      const [file = "", mode = ""] = rest.split(" ");
      chmodSync(join(folder.path, file), Number.parseInt(mode, 8));
    } else {
      throw new Error(`${where}: unknown word "${verb}"`);
    }
  }
}

/** Words as a shell splits them, with single and double quotes. */
function words(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}
