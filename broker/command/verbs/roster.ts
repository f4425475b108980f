// `sallyport roster`: a company's administrator keeps the list of technicians, without asking the plants. Technicians are added by invitation.
import type { Command } from "commander";
import { rosterOf } from "../../../shared/document/held.ts";
import type { CompanyId } from "../../../shared/ids.ts";
import { companyArgument } from "../arguments.ts";
import type { Context } from "../context.ts";
import { CommandError } from "../exit-codes.ts";
import { ownCompany, technicians } from "../../../shared/site/rosters.ts";
import { publishRoster } from "../rosters.ts";
import { openSite, type Site } from "../site.ts";

export function addRosterVerbs(program: Command, context: Context): void {
  const roster = program
    .command("roster")
    .helpGroup("People and edges:")
    .description("a company's list of technicians, kept by its administrator");
  roster
    .command("show [company]")
    .description("print the newest roster")
    .action((company?: string) => show(context, company));
  roster
    .command("publish")
    .description("sign the list anew, so that it is fresh for another thirty days")
    .action(() => publish(context));
  roster
    .command("remove <technician...>")
    .description("remove technicians; their sessions end where the edges hear of it")
    .addHelpText(
      "after",
      "\nExample:\n  sallyport roster remove acme/joe\nTo add somebody: sallyport invite acme/<name>, then sallyport accept.",
    )
    .action((leaving: string[]) => remove(context, leaving));
}

async function show(context: Context, named: string | undefined): Promise<void> {
  const site = await openSite(context);
  const company = named === undefined ? companyOf(site) : companyArgument(named);
  const roster = rosterOf(site.held, company)?.payload;
  if (roster === undefined)
    throw new CommandError("notFound", `no roster of "${company}" is known`);
  if (roster.freshUntilAt < site.now())
    context.tui.warning(
      "the roster is stale: its technicians do not count until it is signed anew (sallyport roster publish)",
    );
  else
    context.tui.progress(
      `roster ${roster.version}, fresh until ${new Date(roster.freshUntilAt * 1000).toISOString().slice(0, 10)}`,
    );
  context.tui.list(
    roster.technicians.map(({ id, name, keys }) => ({ id, name, keys: keys.length })),
    { technician: (row) => row.id, name: (row) => row.name, keys: (row) => row.keys },
    "the roster is empty; invite somebody: sallyport invite <company>/<name>",
  );
}

async function publish(context: Context): Promise<void> {
  const site = await openSite(context);
  const company = companyOf(site);
  const roster = await publishRoster(site, company, technicians(site, company));
  context.tui.result(
    { company, version: roster.version, freshUntilAt: roster.freshUntilAt },
    `roster ${roster.version} of "${company}" is published`,
  );
}

async function remove(context: Context, leaving: readonly string[]): Promise<void> {
  const site = await openSite(context);
  const company = companyOf(site);
  const listed = technicians(site, company);
  const unknown = leaving.find((id) => !listed.some((each) => each.id === id));
  if (unknown !== undefined)
    throw new CommandError(
      "notFound",
      `"${unknown}" is not in the roster of "${company}"`,
      "see: sallyport roster show",
    );
  await context.tui.mustConfirm(`remove ${leaving.join(", ")} from the roster of "${company}"?`);
  const roster = await publishRoster(
    site,
    company,
    listed.filter(({ id }) => !leaving.includes(id)),
  );
  context.tui.result(
    { company, version: roster.version, removed: leaving },
    `roster ${roster.version} of "${company}" is published`,
  );
}

function companyOf(site: Site): CompanyId {
  const company = ownCompany(site);
  if (company === undefined)
    throw new CommandError("refused", `"${site.me}" administers no company here`);
  return company;
}
