// `sallyport site devices` and `site secrets`: where a target is, and what the edge signs in there with. Both are sealed on this machine to the
// target's edge and to the recovery key; the relay carries them and cannot read them. A secret is never an argument.
import { Option, type Command } from "commander";
import { text as readAll } from "node:stream/consumers";
import { sealDevice } from "../../../shared/document/device.ts";
import { keyboards } from "../../../shared/document/keyboard.ts";
import { findTarget, type ManifestTarget } from "../../../shared/document/manifest.ts";
import { sealSecret, type Secret } from "../../../shared/document/secret.ts";
import { targetArgument } from "../arguments.ts";
import type { Context } from "../context.ts";
import { deviceOfFlags, rdpSecurities, signInWays, type DeviceFlags } from "../device-flags.ts";
import { CommandError } from "../exit-codes.ts";
import { readNamed } from "../files.ts";
import { successor } from "../../../shared/site/manifest-draft.ts";
import { proposeManifest } from "../manifest-steps.ts";
import {
  deviceVersionToUse,
  hostKeyLines,
  nextSecretVersion,
  recipientsOf,
  secretsOf,
} from "../../../shared/site/devices.ts";
import { openSite, type Site } from "../site.ts";

interface DeviceOptions extends Omit<DeviceFlags, "hostKeys"> {
  readonly hostKeys?: string;
}

interface SecretOptions {
  readonly name: string;
  readonly passwordFile?: string;
  readonly sshKey?: string;
}

export function addDeviceVerbs(site: Command, context: Context): void {
  const devices = site
    .command("devices")
    .description("addresses, ports, logins and pins of targets");
  devices
    .command("set <target>")
    .description("say where a target is; becomes part of the next manifest")
    .requiredOption("--host <address>", "its address in the plant's network")
    .option(
      "--port <port...>",
      "its port (ssh 22, vnc 5900, rdp 3389, http 80 or 443), or its ports (tcp)",
    )
    .option("--login <name>", "whom the edge signs in as (all but tcp)")
    .option(
      "--host-keys <file>",
      "its host keys as ssh-keyscan prints them, or - for standard input (ssh)",
    )
    .option("--legacy", "also offer old algorithms to it (ssh); the approver is told")
    .option(
      "--certificate <fingerprint>",
      "SHA-256 of its certificate as openssl x509 -fingerprint prints it (vnc, rdp, http)",
    )
    .option("--domain <name>", "the Windows domain of the login (rdp)")
    .addOption(
      new Option(
        "--security <kind>",
        "how it wants to be signed in to, nla unless given (rdp)",
      ).choices(rdpSecurities),
    )
    .addOption(
      new Option(
        "--keyboard <layout>",
        "the keyboard layout of its Windows, us unless given (rdp)",
      ).choices(keyboards),
    )
    .option("--secure", "it speaks HTTPS (http)")
    .option("--start <path>", "where its first page is, / unless given (http)")
    .option("--path <prefix...>", "only paths that begin so may be asked for (http)")
    .addOption(
      new Option(
        "--sign-in <way>",
        "how the edge signs in to it, none unless given; many small devices have digest (http)",
      ).choices(signInWays),
    )
    .option("--header <name>", "the header whose value is the secret (http, sign-in header)")
    .option("--form <path>", "where its login form is sent to (http, sign-in form)")
    .option("--login-field <name>", "the form's field for the login (http, sign-in form)")
    .option("--password-field <name>", "the form's field for the secret (http, sign-in form)")
    .option("--field <name=value...>", "what else the form sends (http, sign-in form)")
    .addHelpText(
      "after",
      `
Examples:
  ssh-keyscan 10.0.0.5 | sallyport site devices set press-hmi --host 10.0.0.5 --login service --host-keys -
  sallyport site devices set press-plc --host 10.0.0.6 --port 502 102
  sallyport site devices set press-panel --host 10.0.0.7
  sallyport site devices set press-desk --host 10.0.0.8 --login service --certificate AA:BB:...
  sallyport site devices set press-web --host 10.0.0.9 --secure --certificate AA:BB:... --sign-in form --login service \\
    --form /login --login-field user --password-field password

A certificate's fingerprint, seen from the plant:
  openssl s_client -connect 10.0.0.9:443 </dev/null | openssl x509 -noout -fingerprint -sha256
The password is the target's secret: sallyport site secrets set <target>`,
    )
    .action((target: string, options: DeviceOptions) => setDevice(context, target, options));
  devices
    .command("list")
    .description("targets and the version of what their edge knows of them")
    .action(() => listDevices(context));
  const secrets = site
    .command("secrets")
    .description("passwords and keys that edges sign in with; only the edge can read them");
  secrets
    .command("set <target>")
    .description("give the edge a password or SSH key for a target")
    .option("--name <name>", "which of the target's secrets", "login")
    .addOption(
      new Option(
        "--password-file <file>",
        "its first line is the password; - for standard input",
      ).conflicts("sshKey"),
    )
    .option("--ssh-key <file>", "an SSH private key without passphrase; - for standard input")
    .addHelpText(
      "after",
      "\nExamples:\n  sallyport site secrets set press-hmi\n  pass show press | sallyport site secrets set press-hmi --password-file -",
    )
    .action((target: string, options: SecretOptions) => setSecret(context, target, options));
  secrets
    .command("list")
    .description("which secrets were given, and their versions")
    .action(() => listSecrets(context));
}

async function setDevice(context: Context, id: string, options: DeviceOptions): Promise<void> {
  const { hostKeys: keysFile, ...flags } = options;
  const hostKeys =
    keysFile === undefined ? {} : { hostKeys: hostKeyLines(await readInput(context, keysFile)) };
  const site = await openSite(context);
  const target = targetOf(site, id);
  const device = deviceOfFlags(target, { ...flags, ...hostKeys });
  const version = await deviceVersionToUse(site, target);
  if (version > target.deviceVersion) {
    const { payload } = site.view.chain.held;
    const targets = payload.targets.map((each) =>
      each.id === target.id ? { ...each, deviceVersion: version } : each,
    );
    const published = await proposeManifest(site, { ...payload, ...successor(site), targets });
    if (published?.posted.state === "partial") {
      throw new CommandError(
        "waitedInVain",
        "further owners must sign the manifest first",
        "when they have (sallyport site sign), run the same again",
      );
    }
  }
  const place = { site: site.id, edge: target.edge, target: target.id, version };
  const { posted } = await site.publish(
    "device",
    await sealDevice(context.suite, place, recipientsOf(site, target), device),
  );
  context.tui.result(
    { target: target.id, version, ...posted },
    `device of "${target.id}" is version ${version}`,
  );
}

async function setSecret(context: Context, id: string, options: SecretOptions): Promise<void> {
  const secret = await readSecret(context, id, options);
  const site = await openSite(context);
  site.requireRole("owner");
  const target = targetOf(site, id);
  const version = await nextSecretVersion(site, target, options.name);
  const place = {
    site: site.id,
    edge: target.edge,
    target: target.id,
    name: options.name,
    version,
  };
  const { posted } = await site.publish(
    "secret",
    await sealSecret(context.suite, place, recipientsOf(site, target), secret),
  );
  context.tui.result(
    { target: target.id, name: options.name, version, ...posted },
    `secret "${options.name}" of "${target.id}" is version ${version}`,
  );
}

async function readSecret(context: Context, id: string, options: SecretOptions): Promise<Secret> {
  if (options.sshKey !== undefined)
    return { kind: "ssh-key", privateKey: await readInput(context, options.sshKey) };
  if (options.passwordFile !== undefined) {
    const password = (await readInput(context, options.passwordFile)).split(/\r?\n/, 1)[0] ?? "";
    if (password === "")
      throw new CommandError("invalid", `password from "${options.passwordFile}" is empty`);
    return { kind: "password", password };
  }
  return {
    kind: "password",
    password: await context.tui.askSecret(
      `password of "${id}":`,
      "give it by --password-file <file>, or - for standard input",
    ),
  };
}

async function listDevices(context: Context): Promise<void> {
  const site = await openSite(context);
  const rows = site.view.chain.held.payload.targets.map(
    ({ id, name, kind, edge, deviceVersion }) => ({
      id,
      name,
      kind,
      edge: site.edgeName(edge),
      version: deviceVersion,
    }),
  );
  context.tui.list(
    rows,
    {
      target: (row) => row.id,
      name: (row) => row.name,
      kind: (row) => row.kind,
      edge: (row) => row.edge,
      version: (row) => row.version || "none yet",
    },
    "no targets yet; add some to the site file: sallyport site show",
  );
}

async function listSecrets(context: Context): Promise<void> {
  const site = await openSite(context);
  site.requireRole("owner");
  const stored = await secretsOf(site);
  const newest = Map.groupBy(stored, ({ target, name }) => `${target} ${name}`);
  const rows = [...newest.values()].map((versions) =>
    versions.reduce((left, right) => (left.version > right.version ? left : right)),
  );
  context.tui.list(
    rows.map(({ target, name, edge, version }) => ({
      target,
      name,
      edge: site.edgeName(edge),
      version,
    })),
    {
      target: (row) => row.target,
      name: (row) => row.name,
      edge: (row) => row.edge,
      version: (row) => row.version,
    },
    "no secrets yet; give one: sallyport site secrets set <target>",
  );
}

function targetOf(site: Site, id: string): ManifestTarget {
  const { payload } = site.view.chain.held;
  const target = findTarget(payload, targetArgument(id));
  if (target !== undefined) return target;
  const known = payload.targets.map((each) => `"${each.id}"`).join(", ");
  throw new CommandError(
    "notFound",
    `target "${id}" is not in the manifest${known && `, expected one of ${known}`}`,
    "add it to the site file: sallyport site show > site.yaml",
  );
}

async function readInput(context: Context, path: string): Promise<string> {
  return path === "-" ? readAll(context.streams.stdin) : readNamed(path);
}
