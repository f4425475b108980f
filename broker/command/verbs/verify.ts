// `sallyport verify`: an evidence bundle, offline, from the pinned site id alone. Says how complete it is, and what stays the edge's word.
import type { Command } from "commander";
import { createReadStream } from "node:fs";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { startSha256 } from "../../../shared/crypto/node-hash.ts";
import { parseEnvelope } from "../../../shared/document/envelope.ts";
import { parseSiteId, type SiteId } from "../../../shared/ids.ts";
import { tarBundle } from "../../../shared/record/evidence-bundle.ts";
import { describeEvidence, verifyEvidence } from "../../../shared/record/evidence.ts";
import { openAuditKey } from "../audit-key.ts";
import type { Context } from "../context.ts";
import { CommandError, ExitWith, exitCodes } from "../exit-codes.ts";
import { exists, readNamed } from "../files.ts";

interface VerifyOptions {
  readonly auditKey?: string;
  readonly witness?: readonly string[];
}

export function addVerifyVerbs(program: Command, context: Context): void {
  program
    .command("verify <bundle>")
    .helpGroup("Record:")
    .description("verify an evidence bundle offline; --site takes the site's whole id")
    .option(
      "--audit-key <file>",
      "the auditor's sealed key: every recording is opened and counted too",
    )
    .option("--witness <file...>", "checkpoints that somebody else has kept")
    .addHelpText(
      "after",
      "\nExample:\n  sallyport verify --site LyLlOeTAIKJ9KclHAoFADju2d-0wmc93Wg6-LtMlsc4 hall3.tar\nExits with 65 if anything in the bundle was changed, cut or is missing.",
    )
    .action((bundle: string, options: VerifyOptions) => verify(context, bundle, options));
}

async function verify(context: Context, path: string, options: VerifyOptions): Promise<void> {
  if (!(await exists(path))) throw new CommandError("notFound", `file "${path}" does not exist`);
  const site = await wantedSite(context);
  const auditKey =
    options.auditKey === undefined ? undefined : await openAuditKey(context, options.auditKey);
  const given = await Promise.all(
    (options.witness ?? []).map(async (file) => parseEnvelope((await readNamed(file)).trim())),
  );
  const bundle = await tarBundle((from, to) =>
    createReadStream(path, { start: from, ...(to !== undefined && { end: to - 1 }) }),
  );
  const report = await verifyEvidence(bundle, site, {
    suite: nodeCrypto,
    startHash: startSha256,
    witnesses: [...given, ...(await context.home.allCheckpoints(site))],
    ...(auditKey && { auditKey }),
  });
  context.tui.result(report, describeEvidence(report));
  if (report.faults.length > 0) throw new ExitWith(exitCodes.invalid[0]);
}

// Verification needs no home: a whole id is enough. A name is only a short way to one that was pinned before.
async function wantedSite(context: Context): Promise<SiteId> {
  const { site } = context.chosen;
  if (site === undefined) return (await context.home.pinOf(undefined)).site;
  try {
    return parseSiteId(site);
  } catch {
    return (await context.home.pinOf(site)).site;
  }
}
