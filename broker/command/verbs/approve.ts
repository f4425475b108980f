// `sallyport approve`, `deny`, `extend`, `accept-key`: the one question, in plain words, answered by a signature that the edge verifies.
import type { Command } from "commander";
import { targetArgument } from "../arguments.ts";
import { addSignatures, signEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { unembed } from "../../../shared/document/fields.ts";
import { deviceKeyKind } from "../../../shared/document/device-key.ts";
import { draftGrant, parseGrant, type Grant } from "../../../shared/document/grant.ts";
import { requireEdge } from "../../../shared/document/held.ts";
import { findTarget } from "../../../shared/document/manifest.ts";
import { verifyCheckpoint } from "../../../shared/document/checkpoint.ts";
import type { TargetId } from "../../../shared/ids.ts";
import type { Context } from "../context.ts";
import { CommandError } from "../exit-codes.ts";
import { deviceKeyWords, parseDeviceKey, requireOfKind } from "../device-keys.ts";
import { chooseJob } from "../job-choice.ts";
import { jobQuestion, parseTargets } from "../job-words.ts";
import { requireAnchor, whyNotApprovable } from "../../../shared/site/approvals.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { ownFingerprintLines } from "../../../shared/site/own-fingerprint.ts";
import type { Posted } from "../../../shared/site/relay-client.ts";
import { openSite, type Site } from "../site.ts";
import { parseMinutes } from "../times.ts";

interface ApproveOptions {
  readonly minutes?: string;
  readonly targets?: readonly string[];
}

export function addApproveVerbs(program: Command, context: Context): void {
  program
    .command("approve [job]")
    .helpGroup("Jobs:")
    .description(
      "show what is asked for, and sign the permission (the only open request, or the named)",
    )
    .option("--minutes <number>", "fewer minutes than asked for")
    .option("--targets <target...>", "fewer targets or rights, for example press-hmi:terminal")
    .addHelpText(
      "after",
      "\nExamples:\n  sallyport approve\n  sallyport approve 3f9a41c207 --minutes 15 --targets press-hmi:exec --yes",
    )
    .action((job: string | undefined, options: ApproveOptions) => approve(context, job, options));
  program
    .command("deny [job]")
    .helpGroup("Jobs:")
    .description("say no, with a reason that the vendor sees")
    .option("--reason <text>", "why", "")
    .action((job: string | undefined, options: { reason: string }) =>
      deny(context, job, options.reason),
    );
  program
    .command("extend [job]")
    .helpGroup("Jobs:")
    .description("give a granted job more minutes, in place: the session goes on")
    .requiredOption("--by <minutes>", "how many more")
    .addHelpText("after", "\nExample:\n  sallyport extend 3f9a41c207 --by 30")
    .action((job: string | undefined, options: { by: string }) =>
      extend(context, job, parseMinutes(options.by)),
    );
  program
    .command("accept-key [job]")
    .helpGroup("Jobs:")
    .description(
      "accept the host key or certificate that a device shows since it was changed, for one granted job",
    )
    .requiredOption("--target <target>", "which device")
    .requiredOption(
      "--key <fingerprint>",
      "SHA256:… of its new host key, or AA:BB:… (SHA-256) of its new certificate",
    )
    .addHelpText(
      "after",
      `
Compare the fingerprint with the one that the device itself tells; sallyport status and sallyport journal show
what it showed to the edge. For good an owner pins it: sallyport site devices set.
Windows makes a new certificate for Remote Desktop by itself, about every half year; the thumbprint that it shows is
SHA-1. Its SHA-256, in PowerShell at the machine:
  ${ownFingerprintLines.rdp}

Examples:
  sallyport accept-key 3f9a41c207 --target press-hmi --key SHA256:uNiVztksCsDhcc0u9e8BrYXDdv0qCyXbOyCRSgb3UQI
  sallyport accept-key --target press-desktop --key 5D:1C:…:9A`,
    )
    .action((job: string | undefined, options: { target: string; key: string }) =>
      acceptKey(context, job, targetArgument(options.target), parseDeviceKey(options.key)),
    );
}

async function approve(
  context: Context,
  id: string | undefined,
  options: ApproveOptions,
): Promise<void> {
  const site = await openSite(context);
  const job = await chooseJob(site, id, {
    verb: "approve",
    does: "waits for your approval",
    fits: (each) => isWaiting(each) && whyNotApprovable(site, each, "ed25519") === undefined,
  });
  requireApprovable(site, job);
  if (job.state !== "waiting" && job.state !== "partly approved" && job.state !== "denied") {
    throw new CommandError(
      "refused",
      `job ${job.id} is ${job.state} already`,
      job.grant
        ? `more time: sallyport extend ${job.id} --by <minutes>`
        : "see: sallyport requests --all",
    );
  }
  if (job.partial !== undefined) {
    await cosign(context, site, job, job.partial, options);
    return;
  }
  const anchor = await requireAnchor(site, job.request.payload.edge);
  const asked = job.request.payload;
  const targets =
    options.targets &&
    parseTargets(options.targets, (target) => {
      const rights = asked.targets.find((each) => each.id === target)?.rights;
      const kind = findTarget(site.held.manifest.payload, target)?.kind;
      return rights && { kind: kind ?? "", rights };
    });
  const draft = draftGrant({
    request: job.request,
    manifest: site.view.chain.held.hash,
    anchor: anchor.envelope,
    issuedAt: site.now(),
    ...(targets && { targets }),
    ...(options.minutes !== undefined && { minutes: parseMinutes(options.minutes) }),
  });
  context.tui.progress(jobQuestion(job, draft, site.held, anchor.payload));
  if (!isLess(job, draft)) context.tui.progress("you may give less: --minutes, --targets");
  // Any passphrase is asked before the question, so that the answer takes effect at once.
  await site.key();
  await context.tui.mustConfirm("approve?");
  await signAndGive(context, site, job, draft);
}

// A quorum signs the first signer's exact bytes: what that one narrowed is shown and cannot be changed.
async function cosign(
  context: Context,
  site: Site,
  job: Job,
  partial: Envelope,
  options: ApproveOptions,
): Promise<void> {
  if (options.minutes !== undefined || options.targets !== undefined) {
    throw new CommandError(
      "usage",
      `job ${job.id} is partly approved; further approvers sign the same permission, without --minutes or --targets`,
    );
  }
  const grant = parseGrant(partial);
  const key = await site.key();
  if (partial.signatures.some(({ keyid }) => keyid === key.keyid))
    throw new CommandError(
      "refused",
      `you have approved job ${job.id} already; further approvers are needed`,
    );
  const edge = requireEdge(grant.edge, site.held);
  const anchor = await verifyCheckpoint(site.held.suite, unembed(grant.anchor), site.id, edge);
  context.tui.progress(jobQuestion(job, grant, site.held, anchor.payload));
  context.tui.progress(`${partial.signatures.length} approved the same before you`);
  await context.tui.mustConfirm("approve the same?");
  const { posted } = await site.give(await addSignatures(partial, [key.sign]));
  told(context, job, grant, posted.state);
}

async function extend(context: Context, id: string | undefined, by: number): Promise<void> {
  const site = await openSite(context);
  const job = await chooseJob(site, id, {
    verb: "extend",
    does: "is granted that you may extend",
    fits: (each) =>
      each.state === "granted" && whyNotApprovable(site, each, "ed25519") === undefined,
  });
  requireApprovable(site, job);
  if (job.grant === undefined || job.state !== "granted")
    throw new CommandError(
      "refused",
      `job ${job.id} is ${job.state}, only a granted one is extended`,
    );
  const before = job.grant.payload.minutes;
  if (job.partial !== undefined) {
    // Whoever agreed to some more minutes must not sign another's thousand.
    const { minutes } = parseGrant(job.partial);
    if (minutes !== before + by)
      throw new CommandError(
        "refused",
        `job ${job.id} is half extended from ${before} to ${minutes} minutes in all, not to ${before + by}`,
        `to sign that: sallyport extend ${job.id} --by ${minutes - before}`,
      );
    await cosign(context, site, job, job.partial, {});
    return;
  }
  const anchor = await requireAnchor(site, job.request.payload.edge);
  const draft = draftGrant({
    request: job.request,
    manifest: site.view.chain.held.hash,
    anchor: anchor.envelope,
    issuedAt: site.now(),
    minutes: before + by,
    replaced: job.grant,
  });
  context.tui.progress(jobQuestion(job, draft, site.held, anchor.payload));
  await site.key();
  await context.tui.mustConfirm(`extend from ${before} to ${before + by} minutes in all?`);
  await signAndGive(context, site, job, draft);
}

async function acceptKey(
  context: Context,
  id: string | undefined,
  target: TargetId,
  fingerprint: string,
): Promise<void> {
  const what = deviceKeyWords[deviceKeyKind(fingerprint)];
  const site = await openSite(context);
  const kind = findTarget(site.held.manifest.payload, target)?.kind;
  if (kind !== undefined) requireOfKind(target, kind, fingerprint);
  const opens = ({ grant }: Job) => grant?.payload.targets.some((each) => each.id === target);
  const job = await chooseJob(site, id, {
    verb: "accept-key",
    does: `opens ${target}`,
    fits: (each) =>
      each.state === "granted" &&
      opens(each) === true &&
      whyNotApprovable(site, each, "ed25519") === undefined,
  });
  requireApprovable(site, job);
  if (job.grant === undefined || job.state !== "granted" || opens(job) !== true)
    throw new CommandError("refused", `job ${job.id} is no granted one that opens "${target}"`);
  const { deviceKeys: before, minutes } = job.grant.payload;
  const isNamed = (keys: Grant["deviceKeys"]): boolean =>
    keys.some((each) => each.target === target && each.fingerprint === fingerprint);
  if (isNamed(before))
    throw new CommandError("refused", `job ${job.id} accepts that ${what} on "${target}" already`);
  if (job.partial !== undefined) {
    // Whoever accepts a key must not sign another's thousand minutes.
    const drafted = parseGrant(job.partial);
    if (!isNamed(drafted.deviceKeys) || drafted.minutes !== minutes)
      throw new CommandError(
        "refused",
        `job ${job.id} waits for further approvers of another change`,
        "see: sallyport requests",
      );
    await cosign(context, site, job, job.partial, {});
    return;
  }
  const anchor = await requireAnchor(site, job.request.payload.edge);
  const draft = draftGrant({
    request: job.request,
    manifest: site.view.chain.held.hash,
    anchor: anchor.envelope,
    issuedAt: site.now(),
    minutes,
    replaced: job.grant,
    deviceKeys: [...before, { target, fingerprint }],
  });
  context.tui.progress(jobQuestion(job, draft, site.held, anchor.payload));
  await site.key();
  await context.tui.mustConfirm(`does "${target}" itself tell the ${what} ${fingerprint}?`);
  await signAndGive(context, site, job, draft);
}

async function deny(context: Context, id: string | undefined, reason: string): Promise<void> {
  const site = await openSite(context);
  site.requireRole("approver", "owner");
  const job = await chooseJob(site, id, {
    verb: "deny",
    does: "waits for approval",
    fits: isWaiting,
  });
  if (job.grant !== undefined)
    throw new CommandError(
      "refused",
      `job ${job.id} is ${job.state} already`,
      `end it: sallyport end ${job.id}`,
    );
  await site.publish("deny", {
    site: site.id,
    request: job.request.hash,
    reason,
    issuedAt: site.now(),
  });
  context.tui.result({ job: job.id, state: "denied" }, `job ${job.id} is denied`);
}

async function signAndGive(context: Context, site: Site, job: Job, draft: Grant): Promise<void> {
  const { sign } = await site.key();
  const envelope = await signEnvelope("grant", draft, [sign]);
  const { posted } = await site.give(envelope);
  told(context, job, draft, posted.state);
}

function told(context: Context, job: Job, grant: Grant, state: Posted["state"]): void {
  context.tui.result(
    {
      job: job.id,
      state: state === "complete" ? "granted" : "partly approved",
      minutes: grant.minutes,
      targets: grant.targets,
    },
    state === "complete"
      ? `job ${job.id} is granted: ${grant.minutes} minutes`
      : `job ${job.id} is partly approved: further approvers must sign`,
  );
}

function isWaiting({ state }: Job): boolean {
  return state === "waiting" || state === "partly approved";
}

// What an edge would refuse is not signed in the first place.
function requireApprovable(site: Site, job: Job): void {
  site.requireRole("approver");
  const why = whyNotApprovable(site, job, "ed25519");
  if (why !== undefined) throw why;
}

function isLess(job: Job, grant: Grant): boolean {
  const asked = job.request.payload;
  return (
    grant.minutes < asked.minutes || JSON.stringify(grant.targets) !== JSON.stringify(asked.targets)
  );
}
