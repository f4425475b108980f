// `sallyport site`: a site is created, shown, changed by a readable file, and signed by its other owners.
import { Option, type Command } from "commander";
import { fromBase64Url } from "../../../shared/bytes.ts";
import { addSignatures, hashEnvelope, signEnvelope } from "../../../shared/document/envelope.ts";
import { parseManifest, type Role } from "../../../shared/document/manifest.ts";
import type { SiteId } from "../../../shared/ids.ts";
import { personArgument } from "../arguments.ts";
import { changesBetween } from "../../../shared/site/changes.ts";
import { nowSeconds, type Context } from "../context.ts";
import { CommandError } from "../exit-codes.ts";
import { exists, readNamed, writeNew } from "../files.ts";
import { halfSigned } from "../../../shared/site/half-signed.ts";
import { spoken } from "../../../shared/site/invitations.ts";
import { successor } from "../../../shared/site/manifest-draft.ts";
import { proposeManifest, publishedLine, publishManifest } from "../manifest-steps.ts";
import { newPassphrase } from "../passphrase.ts";
import { OpenRelay } from "../../../shared/site/relay-client.ts";
import { parseRelayUrl, RelayHttp } from "../relay-http.ts";
import { firstManifest, makeRecovery, usualPolicy } from "../../../shared/site/founding.ts";
import { makeAuditKey } from "../audit-birth.ts";
import { nextManifest, parseSiteFile, renderSiteFile } from "../site-file.ts";
import { openSite } from "../site.ts";
import { momentOf } from "../times.ts";
import { facts } from "../tui.ts";
import { addDeviceVerbs } from "./device.ts";

const writtenDown = "Written down? Press Enter.";
const sheetHint = "say where the recovery sheet goes: --sheet <file>, or --no-recovery";
const secondsOfYear = 365 * 24 * 3600;

interface CreateOptions {
  readonly relay: string;
  readonly authority?: string;
  readonly owner: string;
  readonly ownerName?: string;
  readonly role: readonly Role[];
  readonly years: string;
  readonly signingOrigin?: string;
  readonly secondFactor: "required" | "waived";
  readonly sheet?: string;
  readonly recovery: boolean;
  readonly auditKey?: string;
  readonly registrationToken?: string;
}

export function addSiteVerbs(program: Command, context: Context): void {
  const site = program
    .command("site")
    .helpGroup("Sites:")
    .description("create, show and change a site");
  site
    .command("create <name>")
    .description(
      "make a site: its first manifest, the owner's key, the recovery sheet, the auditor's key",
    )
    .requiredOption("--relay <url>", "the relay that will carry it")
    .option("--authority <file>", "PEM of the authority of the relay's certificate")
    .requiredOption("--owner <id>", "your id at the site, for example anna")
    .option("--owner-name <name>", "your name (default: the id)")
    .option("--role <role...>", "your roles", ["owner", "approver"])
    .option("--years <number>", "how long the manifest is good", "2")
    .option(
      "--signing-origin <url>",
      "the signing page's origin, for passkeys; it can be named once",
    )
    .addOption(
      new Option("--second-factor <how>", "of the first policy")
        .choices(["required", "waived"])
        .default("required"),
    )
    .option(
      "--sheet <file>",
      "where the recovery sheet is written, to be printed and deleted (default: the terminal)",
    )
    .option("--no-recovery", "no recovery key: lost owners cannot be replaced")
    .option(
      "--audit-key <file>",
      "where the auditor's sealed key is written (without it: no auditor's key)",
    )
    .option(
      "--registration-token <file>",
      "register the site at the relay with the operator's token, from a file",
    )
    .addHelpText(
      "after",
      `
Examples:
  sallyport site create "Press shop" --relay https://relay.example.com --owner anna --audit-key audit.json --registration-token token.txt
  sallyport site create Demo --relay https://localhost:8443 --authority ca.pem --owner anna --sheet sheet.txt`,
    )
    .action((name: string, options: CreateOptions) => createSite(context, name, options));
  site
    .command("register")
    .description("register an existing site at its relay")
    .requiredOption("--registration-token <file>", "the operator's token, from a file")
    .action((options: { registrationToken: string }) =>
      registerSite(context, options.registrationToken),
    );
  site
    .command("show")
    .description("print the site as a file that `site apply` takes")
    .addHelpText(
      "after",
      "\nExample:\n  sallyport site show > site.yaml && $EDITOR site.yaml && sallyport site apply site.yaml",
    )
    .action(() => showSite(context));
  site
    .command("apply <file>")
    .description("make the file the next manifest: shows the changes, signs, publishes")
    .action((file: string) => applyFile(context, file));
  site
    .command("sign")
    .description("add your signature to a manifest that another owner has signed")
    .action(() => cosign(context));
  site
    .command("audit-key <file>")
    .description("make the auditor's key of a site that was founded without one")
    .addHelpText(
      "after",
      "\nExample:\n  sallyport site audit-key audit.json\nIt opens recordings that are made from then on; give the file to the auditor, and the passphrase by another way.",
    )
    .action((file: string) => addAuditKey(context, file));
  addDeviceVerbs(site, context);
}

async function createSite(context: Context, name: string, options: CreateOptions): Promise<void> {
  const { tui, suite, home } = context;
  if (options.recovery && options.sheet === undefined) tui.requireTerminal(writtenDown, sheetHint);
  const authority = options.authority === undefined ? null : await readNamed(options.authority);
  const address = { url: parseRelayUrl(options.relay).origin, authority };
  const relay = new OpenRelay(new RelayHttp(address, context.proxy));
  const registrationToken =
    options.registrationToken && (await readNamed(options.registrationToken)).trim();
  const described = await relay.describe();
  fromBase64Url(described.attestationKey, 32);
  const key = (await context.keys.known())
    ? await context.keys.open()
    : await context.keys.createSealed();
  const recovery = options.recovery ? await makeRecovery(suite) : undefined;
  const audit =
    options.auditKey === undefined
      ? undefined
      : await makeAuditKey(
          suite,
          await newPassphrase(context.sources, tui, "passphrase for the auditor's key"),
          recovery?.keys.xwing.publicKey,
        );
  const issuedAt = nowSeconds(context);
  const manifest = firstManifest(
    {
      name,
      owner: {
        id: personArgument(options.owner),
        name: options.ownerName ?? options.owner,
        roles: options.role,
        keys: [key.publicKey],
      },
      relay: { name: described.name, url: address.url, attestationKey: described.attestationKey },
      signing: options.signingOrigin === undefined ? null : signingPage(options.signingOrigin),
      policy: { ...usualPolicy, secondFactor: options.secondFactor },
      issuedAt,
      endsAt: issuedAt + Math.round(Number(options.years) * secondsOfYear),
    },
    recovery?.keys,
    audit?.publicKey,
  );
  const envelope = await signEnvelope("manifest", manifest, [key.sign]);
  parseManifest(envelope);
  const site = (await hashEnvelope(envelope)) as string as SiteId;
  if (recovery !== undefined)
    await handOverSheet(context, name, site, recovery.sheet, options.sheet);
  if (audit !== undefined && options.auditKey !== undefined)
    await writeNew(options.auditKey, audit.file);
  await home.keepManifests(site, [envelope]);
  await home.keepPin({ site, name, person: options.owner, relay: address });
  if (recovery === undefined)
    tui.warning("the site has no recovery key: when its owners' keys are lost, it is lost");
  if (audit === undefined)
    tui.warning("the site has no auditor's key: only its edges can read recordings (--audit-key)");
  if (options.signingOrigin === undefined)
    tui.hint("no signing page is named yet, so nobody signs by passkey (--signing-origin)");
  if (registrationToken !== undefined) await relay.registerSite(registrationToken, envelope);
  else
    tui.hint(
      "the relay does not know the site yet: sallyport site register --registration-token <file>",
    );
  tui.result({ site, name, registered: registrationToken !== undefined }, () =>
    facts({ site, name, owner: options.owner, "your key": spoken(key.keyid) }),
  );
}

// The file is written first: a manifest that names a key which nobody has would seal recordings for nobody.
async function addAuditKey(context: Context, path: string): Promise<void> {
  const { suite, sources, tui } = context;
  const site = await openSite(context);
  site.requireRole("owner");
  const { payload } = site.view.chain.held;
  if (payload.audit !== null)
    throw new CommandError("refused", `site "${site.pin.name}" has an auditor's key already`);
  if (await exists(path))
    throw new CommandError("cannotWrite", `file "${path}" exists already, expected a new name`);
  const recovery = payload.recovery === null ? undefined : fromBase64Url(payload.recovery.xwing);
  const passphrase = await newPassphrase(sources, tui, "passphrase for the auditor's key");
  const audit = await makeAuditKey(suite, passphrase, recovery);
  await writeNew(path, audit.file);
  const draft = { ...payload, ...successor(site), audit: { xwing: audit.publicKey } };
  const published = await proposeManifest(site, draft);
  if (published !== undefined)
    tui.result({ file: path, ...published.posted }, publishedLine(published));
}

function signingPage(origin: string): { rpId: string; origins: string[] } {
  if (!URL.canParse(origin))
    throw new CommandError("usage", `signing origin "${origin}" is not a URL`);
  return { rpId: new URL(origin).hostname, origins: [new URL(origin).origin] };
}

// The sheet is shown once and kept nowhere; whoever has no terminal must say where it goes.
async function handOverSheet(
  context: Context,
  name: string,
  site: SiteId,
  sheet: string,
  file: string | undefined,
): Promise<void> {
  const page = `Sallyport recovery sheet\n\nsite  ${name}\nid    ${site}\n\n${sheet}\n\nPrint or copy it by hand, keep it offline, destroy every other copy. Whoever has it can replace the site's owners\nafter 72 hours, and read the secrets that its owners have stored.\n`;
  if (file !== undefined) {
    await writeNew(file, page);
    context.tui.hint(`print "${file}", then delete it`);
    return;
  }
  await context.tui.showSecret(page, writtenDown, sheetHint);
}

async function registerSite(context: Context, tokenFile: string): Promise<void> {
  const pin = await context.home.pinOf(context.chosen.site);
  const [first] = await context.home.manifests(pin.site);
  if (first === undefined)
    throw new CommandError("notFound", `manifest 1 of site "${pin.name}" is not on this machine`);
  await new OpenRelay(new RelayHttp(pin.relay, context.proxy)).registerSite(
    (await readNamed(tokenFile)).trim(),
    first,
  );
  context.tui.result({ site: pin.site, registered: true }, `registered at ${pin.relay.url}`);
}

async function showSite(context: Context): Promise<void> {
  const site = await openSite(context);
  const { payload } = site.view.chain.held;
  context.tui.result({ site: site.id, manifest: payload }, () =>
    renderSiteFile(payload, site.id).trimEnd(),
  );
}

async function applyFile(context: Context, path: string): Promise<void> {
  const file = parseSiteFile(await readNamed(path), path);
  const site = await openSite(context);
  const { version: _version, ...next } = successor(site);
  const { payload, hash } = site.view.chain.held;
  const draft = nextManifest(payload, file, {
    site: site.id,
    previous: hash,
    issuedAt: next.issuedAt,
  });
  const published = await proposeManifest(site, draft);
  if (published === undefined)
    context.tui.result(
      { changed: false },
      `the file is what manifest ${payload.version} says already`,
    );
  else context.tui.result({ changed: true, ...published.posted }, publishedLine(published));
}

async function cosign(context: Context): Promise<void> {
  const site = await openSite(context);
  site.requireRole("owner");
  const { chain } = site.view;
  const stored = await site.relay.documents(["manifest"]);
  const partial = stored.filter(({ state }) => state === "partial");
  const waiting = await halfSigned(
    context.suite,
    partial.map(({ envelope }) => envelope),
    chain,
  );
  if (waiting === undefined)
    throw new CommandError("notFound", "no manifest waits for further owners");
  const key = await site.key();
  if (waiting.envelope.signatures.some(({ keyid }) => keyid === key.keyid))
    throw new CommandError("refused", "you have signed it already; another owner must sign too");
  const { manifest, signers } = waiting;
  context.tui.progress(
    `manifest ${manifest.version}, drawn up ${momentOf(manifest.issuedAt)}, signed by ${signers.join(", ")}:`,
  );
  for (const line of changesBetween(chain.held.payload, manifest))
    context.tui.progress(`  ${line}`);
  await context.tui.mustConfirm(`add your signature to manifest ${manifest.version}?`);
  const published = await publishManifest(site, await addSignatures(waiting.envelope, [key.sign]));
  context.tui.result(published.posted, publishedLine(published));
}
