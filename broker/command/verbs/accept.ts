// `sallyport accept`: newcomers whose introductions verify enter the next manifest (owners) or the next roster (a company's administrator).
import type { Command } from "commander";
import type { CompanyId } from "../../../shared/ids.ts";
import type { Context } from "../context.ts";
import { CommandError } from "../exit-codes.ts";
import {
  firstCheckpoint,
  newcomersAmong,
  withNewcomers,
  withTechnicians,
  type Newcomer,
} from "../../../shared/site/introductions.ts";
import { spoken } from "../../../shared/site/invitations.ts";
import { successor } from "../../../shared/site/manifest-draft.ts";
import { proposeManifest, publishedLine } from "../manifest-steps.ts";
import { ownCompany, technicians } from "../../../shared/site/rosters.ts";
import { publishRoster } from "../rosters.ts";
import { openSite, type Site } from "../site.ts";
import { table } from "../tui.ts";

export function addAcceptVerbs(program: Command, context: Context): void {
  program
    .command("accept [who...]")
    .helpGroup("People and edges:")
    .description(
      "list verified introductions with their keys' fingerprints, and add them to the site",
    )
    .option("--list", "only list them")
    .addHelpText(
      "after",
      '\nExamples:\n  sallyport accept\n  sallyport accept ben "Hall 3"\nCompare the fingerprints by voice unless you handed the link or the card over yourself.',
    )
    .action((who: string[], options: { list?: boolean }) =>
      accept(context, who, options.list === true),
    );
}

async function accept(
  context: Context,
  wanted: readonly string[],
  onlyList: boolean,
): Promise<void> {
  const { tui } = context;
  const site = await openSite(context);
  const company = ownCompany(site);
  const stored = await site.relay.documents(["invitation", "introduction"]);
  const all = await newcomersAmong(stored, site.held, tui);
  const mine = all.filter(({ subject }) =>
    company === undefined
      ? subject.kind !== "technician"
      : subject.kind === "technician" && subject.company === company,
  );
  const chosen = mine.filter(({ who }) => wanted.length === 0 || wanted.includes(who));
  const missing = wanted.find((who) => !chosen.some((each) => each.who === who));
  if (missing !== undefined)
    throw new CommandError(
      "notFound",
      `no verified introduction of "${missing}" waits`,
      "see: sallyport accept --list",
    );
  if (chosen.length === 0 || onlyList) {
    tui.list(chosen.map(describe), columns, "nobody waits to be accepted");
    return;
  }
  tui.progress(`verified introductions:\n${table(chosen.map(describe), columns)}`);
  const line =
    company === undefined
      ? await acceptIntoManifest(site, chosen)
      : await acceptIntoRoster(site, company, chosen);
  tui.result(chosen.map(describe), `${chosen.map(({ who }) => `"${who}"`).join(", ")}: ${line}`);
}

async function acceptIntoManifest(site: Site, chosen: readonly Newcomer[]): Promise<string> {
  const { payload } = site.view.chain.held;
  const draft = { ...(await withNewcomers(payload, chosen, site.held)), ...successor(site) };
  const published = await proposeManifest(site, draft);
  for (const newcomer of chosen) {
    const checkpoint = firstCheckpoint(newcomer);
    const [edge] = newcomer.fingerprints;
    if (checkpoint === undefined || edge === undefined) continue;
    // Attack: a box that was here before comes back with an older disk; what was seen of it then stays the anchor.
    const { home } = site.context;
    if ((await home.newest(site.id, "checkpoints", edge)) === undefined)
      await home.keepNewest(site.id, "checkpoints", edge, checkpoint);
  }
  return published === undefined ? "nothing changed" : publishedLine(published);
}

async function acceptIntoRoster(
  site: Site,
  company: CompanyId,
  chosen: readonly Newcomer[],
): Promise<string> {
  await site.context.tui.mustConfirm(`sign the next roster of "${company}"?`);
  const roster = await publishRoster(
    site,
    company,
    withTechnicians(technicians(site, company), chosen),
  );
  return `in roster ${roster.version}`;
}

const columns = {
  who: (row: Described) => row.who,
  kind: (row: Described) => row.kind,
  "key fingerprints": (row: Described) => row.fingerprints.map(spoken).join(" / "),
};
type Described = ReturnType<typeof describe>;

function describe({ who, subject, fingerprints }: Newcomer) {
  const kind = subject.kind === "person" ? subject.roles.join(", ") : subject.kind;
  return { who, kind, fingerprints };
}
