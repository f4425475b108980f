// `sallyport completion`: scripts for shells, made from the tree of verbs itself, so that they cannot drift from it.
import { Argument, type Command } from "commander";
import type { Context } from "../context.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

interface Verb {
  readonly words: string;
  readonly description: string;
  readonly next: readonly { readonly word: string; readonly description: string }[];
}

export function addCompletionVerbs(program: Command, context: Context): void {
  program
    .command("completion")
    .helpGroup("This program:")
    .description("print a completion script for your shell")
    .addArgument(new Argument("<shell>").choices(shells))
    .addHelpText(
      "after",
      `
Examples:
  sallyport completion bash > ~/.local/share/bash-completion/completions/sallyport
  sallyport completion zsh > "\${fpath[1]}/_sallyport"
  sallyport completion fish > ~/.config/fish/completions/sallyport.fish`,
    )
    .action((shell: Shell) => {
      const script = scripts[shell](verbsOf(program, []));
      context.tui.result({ shell, script }, script);
    });
}

/** Every verb with what may follow it: further verbs and options. */
function verbsOf(command: Command, words: readonly string[]): Verb[] {
  const visible = command.createHelp();
  const options = [...visible.visibleOptions(command), ...visible.visibleGlobalOptions(command)];
  const own: Verb = {
    words: words.join(" "),
    description: command.description(),
    next: [
      ...visible
        .visibleCommands(command)
        .map((verb) => ({ word: verb.name(), description: verb.description() })),
      ...options.map((option) => ({
        word: option.long ?? option.flags,
        description: option.description,
      })),
    ],
  };
  return [own, ...command.commands.flatMap((verb) => verbsOf(verb, [...words, verb.name()]))];
}

const scripts: Readonly<Record<Shell, (verbs: readonly Verb[]) => string>> = {
  bash: (verbs) => `# sallyport completion for bash
_sallyport() {
  local words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) words="\${words:+$words }$word" ;; esac
  done
  case "$words" in
${verbs.map((verb) => `    "${verb.words}") COMPREPLY=($(compgen -W "${verb.next.map((next) => next.word).join(" ")}" -- "\${COMP_WORDS[COMP_CWORD]}")) ;;`).join("\n")}
  esac
}
complete -o default -F _sallyport sallyport`,
  zsh: (verbs) => `#compdef sallyport
# sallyport completion for zsh
local -a verbs
local spoken="\${(j: :)\${(@)words[2,CURRENT-1]:#-*}}"
case "$spoken" in
${verbs.map((verb) => `  "${verb.words}") verbs=(${verb.next.map((next) => quote(`${next.word}:${next.description}`)).join(" ")}) ;;`).join("\n")}
esac
_describe sallyport verbs || _files`,
  fish: (verbs) =>
    [
      "# sallyport completion for fish",
      "function __sallyport_at",
      "  set -l spoken (string match -v -- '-*' (commandline -opc)[2..-1])",
      '  test "$spoken" = "$argv"',
      "end",
      ...verbs.flatMap((verb) =>
        verb.next.map(
          (next) =>
            `complete -c sallyport -n ${quote(`__sallyport_at ${verb.words}`)} ${next.word.startsWith("--") ? `-l ${next.word.slice(2)}` : `-f -a ${next.word}`} -d ${quote(next.description)}`,
        ),
      ),
    ].join("\n"),
};

function quote(text: string): string {
  return `'${text.replaceAll("'", "’")}'`;
}
