// `sallyport key`: the person's own key.
import type { Command } from "commander";
import type { Context } from "../context.ts";
import { CommandError } from "../exit-codes.ts";
import { spoken } from "../../../shared/site/invitations.ts";
import { type KnownKey } from "../keys.ts";
import { facts } from "../tui.ts";

export function addKeyVerbs(program: Command, context: Context): void {
  const key = program
    .command("key")
    .helpGroup("Your own key:")
    .description("your key: a file sealed under a passphrase, or an Ed25519 key in ssh-agent");
  key
    .command("create")
    .description("make your key")
    .option("--agent", "use an Ed25519 key that ssh-agent holds")
    .option("--agent-key <comment>", "which key of the agent, by its comment")
    .addHelpText(
      "after",
      "\nExamples:\n  sallyport key create\n  sallyport key create --agent --agent-key joe@laptop",
    )
    .action((options: { agent?: boolean; agentKey?: string }) => createKey(context, options));
  key
    .command("show")
    .description("print your key's fingerprint, to be compared by voice")
    .action(() => showKey(context));
}

async function createKey(
  context: Context,
  options: { agent?: boolean; agentKey?: string },
): Promise<void> {
  const useAgent = options.agent === true || options.agentKey !== undefined;
  const key = useAgent
    ? await context.keys.adoptFromAgent(options.agentKey)
    : await context.keys.createSealed();
  print(context, key);
}

async function showKey(context: Context): Promise<void> {
  const key = await context.keys.known();
  if (key === undefined) {
    throw new CommandError(
      "notFound",
      `no key in "${context.home.path}"`,
      "make one: sallyport key create",
    );
  }
  print(context, key);
}

function print(context: Context, { kept, keyid, publicKey }: KnownKey): void {
  context.tui.result({ kept, fingerprint: keyid, publicKey }, () =>
    facts({ fingerprint: spoken(keyid), kept: kept === "ssh-agent" ? kept : context.home.keyPath }),
  );
}
