// `sallyport claim`, `invite`, `introduce`: how a newcomer's keys are learned. Each invitation admits one introduction; its one-time private key
// travels in the claim file or the link's fragment, never through the relay.
import type { Command } from "commander";
import { text as readAll } from "node:stream/consumers";
import { hashEnvelope, signEnvelope } from "../../../shared/document/envelope.ts";
import { parseInvitation, type InvitationSubject } from "../../../shared/document/invitation.ts";
import type { Role } from "../../../shared/document/manifest.ts";
import { companyArgument, personArgument } from "../arguments.ts";
import { nowSeconds, type Context } from "../context.ts";
import { CommandError } from "../exit-codes.ts";
import { readNamed, writeNew } from "../files.ts";
import { encodeClaim, encodeLink, parseLink } from "../../../shared/site/invitation-link.ts";
import { draftInvitation, oneTimeKey, spoken } from "../../../shared/site/invitations.ts";
import { OpenRelay } from "../../../shared/site/relay-client.ts";
import { parseRelayUrl, RelayHttp } from "../relay-http.ts";
import { openSite, type Site } from "../site.ts";
import { facts } from "../tui.ts";

const daySeconds = 24 * 3600;

interface InviteOptions {
  readonly name?: string;
  readonly role?: readonly Role[];
  readonly administrator?: boolean;
  readonly days: string;
}

export function addNewcomerVerbs(program: Command, context: Context): void {
  program
    .command("claim <name>")
    .helpGroup("People and edges:")
    .description("make the claim file that is flashed on an edge's card")
    .requiredOption("--out <file>", "where the claim is written; it holds a private key")
    .option("--days <number>", "how long it is good", "14")
    .addHelpText("after", '\nExample:\n  sallyport claim "Hall 3" --out claim.json')
    .action((name: string, options: { out: string; days: string }) =>
      claim(context, name, options),
    );
  program
    .command("invite <person>")
    .helpGroup("People and edges:")
    .description("print a link for a newcomer: a person, a company's administrator or technician")
    .option("--name <name>", "their name (default: the id)")
    .option("--role <role...>", "a person's roles: owner, approver, auditor, vendor")
    .option("--administrator", "they will keep their company's roster")
    .option("--days <number>", "how long the link is good", "7")
    .addHelpText(
      "after",
      `
Examples:
  sallyport invite ben --name "Ben Kraus" --role approver
  sallyport invite acme/rita --administrator
  sallyport invite acme/joe --name "Joe Park"
Send the link by a way that the relay does not carry; whoever has it can answer in the newcomer's place.`,
    )
    .action((person: string, options: InviteOptions) => invite(context, person, options));
  program
    .command("introduce <link>")
    .helpGroup("People and edges:")
    .description("answer an invitation: makes your key if you have none, and pins the site")
    .option("--authority <file>", "PEM of the authority of the relay's certificate")
    .option("--as <name>", "what this machine is to call the site")
    .addHelpText(
      "after",
      "\nExample:\n  sallyport introduce 'https://relay.example.com/join#…'\nWith - the link is read from standard input, and stays out of the list of processes.",
    )
    .action((link: string, options: { authority?: string; as?: string }) =>
      introduce(context, link, options),
    );
}

async function claim(
  context: Context,
  name: string,
  options: { out: string; days: string },
): Promise<void> {
  const site = await openSite(context);
  site.requireRole("owner");
  const { relays } = site.held.manifest.payload;
  const { envelope, seed, hash, untilAt } = await publishInvitation(
    site,
    { kind: "edge", name },
    options.days,
  );
  await writeNew(options.out, encodeClaim(site.id, relays, site.pin.relay, envelope, seed));
  context.tui.result(
    { edge: name, invitation: hash, file: options.out, untilAt },
    `claim of edge "${name}" is in "${options.out}", good until ${dateOf(untilAt)}`,
  );
  context.tui.hint("put it on the edge's card; when the edge has come up: sallyport accept");
}

async function invite(context: Context, person: string, options: InviteOptions): Promise<void> {
  const site = await openSite(context);
  const subject = subjectOf(person, options);
  const { seed, hash, untilAt } = await publishInvitation(site, subject, options.days);
  const link = encodeLink({ relayUrl: site.pin.relay.url, site: site.id, invitation: hash, seed });
  context.tui.result({ person, link, invitation: hash, untilAt }, link);
  context.tui.hint(
    `good until ${dateOf(untilAt)}; when "${person}" has answered: sallyport accept`,
  );
}

function subjectOf(id: string, options: InviteOptions): InvitationSubject {
  const person = personArgument(id);
  const name = options.name ?? id;
  const [company] = id.split("/");
  if (id.includes("/")) {
    if (options.role !== undefined)
      throw new CommandError(
        "usage",
        `"${id}" is of a company; a technician is a vendor, and --role is for persons of the site`,
      );
    const kind = options.administrator === true ? "administrator" : "technician";
    return { kind, company: companyArgument(company ?? ""), id: person, name };
  }
  if (options.administrator === true)
    throw new CommandError(
      "usage",
      `"${id}" is not of a company, expected for example "acme/${id}"`,
    );
  if (options.role === undefined)
    throw new CommandError(
      "usage",
      `roles of "${id}" are missing, expected for example --role approver`,
    );
  return { kind: "person", id: person, name, roles: options.role };
}

async function publishInvitation(site: Site, subject: InvitationSubject, days: string) {
  const { invitation, seed } = await draftInvitation(site, subject, Number(days) * daySeconds);
  const signer = await site.key();
  const envelope = await signEnvelope("invitation", invitation, [signer.sign]);
  parseInvitation(envelope);
  await site.give(envelope);
  return { envelope, seed, hash: await hashEnvelope(envelope), untilAt: invitation.untilAt };
}

async function introduce(
  context: Context,
  text: string,
  options: { authority?: string; as?: string },
): Promise<void> {
  const { home, suite, tui } = context;
  const link = parseLink(text === "-" ? await readAll(context.streams.stdin) : text);
  const authority = options.authority === undefined ? null : await readNamed(options.authority);
  const address = { url: parseRelayUrl(link.relayUrl).origin, authority };
  const relay = new OpenRelay(new RelayHttp(address, context.proxy));
  const stored = await relay.invitation(link.site, link.invitation);
  const oneTime = await oneTimeKey(suite, link.seed);
  const invitation = parseInvitation(stored.envelope);
  // The link pins the invitation's hash, so a relay that answers with another one is found here.
  if (
    (await hashEnvelope(stored.envelope)) !== link.invitation ||
    invitation.publicKey !== oneTime.public ||
    invitation.site !== link.site
  ) {
    throw new CommandError("protocol", "relay answers with another invitation than the link's");
  }
  if (invitation.subject.kind === "edge")
    throw new CommandError(
      "refused",
      "the link is an edge's claim, expected a person's invitation",
    );
  if (stored.state !== "open")
    throw new CommandError(
      "refused",
      `invitation is ${stored.state}`,
      "ask the inviter for a new link; if it was not you who answered, tell them",
    );
  const key = (await context.keys.known())
    ? await context.keys.open()
    : await context.keys.createSealed();
  const introduction = {
    site: link.site,
    invitation: link.invitation,
    keys: [key.publicKey],
    edge: null,
    issuedAt: nowSeconds(context),
  };
  await relay.introduce(
    link.site,
    await signEnvelope("introduction", introduction, [oneTime.sign, key.sign]),
  );
  const { id } = invitation.subject;
  await home.keepPin({ site: link.site, name: options.as ?? "", person: id, relay: address });
  tui.result({ site: link.site, person: id, fingerprint: key.keyid }, () =>
    facts({ site: link.site, "you are": id, "your key": spoken(key.keyid) }),
  );
  tui.hint(
    "the inviter accepts you next; compare your key's fingerprint by voice if the link came by mail",
  );
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
