// `sallyport sessions`, `watch`, `recordings`, `play`, `journal`, `export`, `status`: what happened, read from the edge itself.
import type { Command } from "commander";
import { verifyWitnessed } from "../../../shared/document/checkpoint.ts";
import { encodeEnvelope } from "../../../shared/document/envelope.ts";
import { requireEdge } from "../../../shared/document/held.ts";
import { parseDocumentHash, parseEdgeId, parsePersonId, type EdgeId } from "../../../shared/ids.ts";
import type { Context } from "../context.ts";
import { readEdge, readLines } from "../../../shared/site/edge-reading.ts";
import { edgeNamed, edgesNamed } from "../edge-names.ts";
import { changedDeviceHints } from "../device-keys.ts";
import { CommandError } from "../exit-codes.ts";
import { exists, writeNew, writeNewStream } from "../files.ts";
import { personWords } from "../../../shared/site/people.ts";
import { jobId } from "../../../shared/site/jobs.ts";
import { playLines } from "../player.ts";
import { listRecordings, type ListedRecording } from "../../../shared/site/recordings.ts";
import { findRecording } from "../recording-choice.ts";
import { openSite, type Site } from "../site.ts";
import { lengthOf, momentOf } from "../times.ts";

interface EdgeOption {
  readonly edge?: string;
}

interface ExportOptions extends EdgeOption {
  readonly out: string;
  readonly witness?: string;
}

const edgeOption = ["--edge <name>", "which edge, if the site has several"] as const;

export function addRecordVerbs(program: Command, context: Context): void {
  program
    .command("sessions")
    .helpGroup("Record:")
    .description("list who is on an edge now, as the relay sees it")
    .action(() => listSessions(context));
  program
    .command("watch [recording]")
    .helpGroup("Record:")
    .description("watch a running session (without a name: list those that run)")
    .option(...edgeOption)
    .action((recording: string | undefined, options: EdgeOption) =>
      watch(context, recording, options),
    );
  program
    .command("recordings")
    .helpGroup("Record:")
    .description("list recordings")
    .option(...edgeOption)
    .option("--search <text>", "print where a text occurs, as lines of JSON")
    .action((options: EdgeOption & { search?: string }) => recordings(context, options));
  program
    .command("play <recording>")
    .helpGroup("Record:")
    .description("play a recording; into a file or pipe it goes as asciicast v2 or NDJSON")
    .option(...edgeOption)
    .option("--speed <factor>", "how fast", "1")
    .addHelpText(
      "after",
      "\nExamples:\n  sallyport play 8c1f20aa93 --speed 4\n  sallyport play 8c1f20aa93 > session.cast",
    )
    .action((recording: string, options: EdgeOption & { speed: string }) =>
      play(context, recording, options),
    );
  program
    .command("journal")
    .helpGroup("Record:")
    .description("print an edge's journal, one entry per line")
    .option(...edgeOption)
    .option("--from <number>", "the first entry", "0")
    .option("--follow", "go on as it grows")
    .action((options: EdgeOption & { from: string; follow?: boolean }) =>
      journal(context, options),
    );
  program
    .command("status")
    .helpGroup("Record:")
    .description("what an edge says of itself to you")
    .option(...edgeOption)
    .action((options: EdgeOption) => status(context, options));
  program
    .command("export")
    .helpGroup("Record:")
    .description("write an edge's evidence as a bundle that anyone verifies offline")
    .option(...edgeOption)
    .requiredOption("--out <file>", "where the bundle is written")
    .option("--witness <file>", "also write the newest checkpoint that the relay has countersigned")
    .addHelpText(
      "after",
      '\nExample:\n  sallyport export --edge "Hall 3" --out hall3.tar --witness hall3.json && sallyport verify --site <id> hall3.tar --witness hall3.json',
    )
    .action((options: ExportOptions) => exportBundle(context, options));
}

async function listSessions(context: Context): Promise<void> {
  const site = await openSite(context);
  const sessions = await site.relay.sessions();
  const rows = sessions.map(({ edge, person, request, startedAt }) => ({
    person,
    job: request === null ? null : jobId(parseDocumentHash(request)),
    edge,
    startedAt,
  }));
  context.tui.list(
    rows,
    {
      person: (row) =>
        row.person === null ? null : personWords(site.held, parsePersonId(row.person)),
      job: (row) => row.job,
      edge: (row) => site.edgeName(parseEdgeId(row.edge)),
      since: (row) => `${lengthOf(site.now() - row.startedAt)} ago`,
    },
    "nobody is connected through this relay",
  );
}

async function watch(
  context: Context,
  wanted: string | undefined,
  options: EdgeOption,
): Promise<void> {
  const site = await openSite(context);
  const edges = edgesNamed(site, options.edge);
  if (wanted === undefined) {
    context.tui.list(
      await listRecordings(site, edges, "watch"),
      columns(site.edgeName.bind(site)),
      "no session runs now",
    );
    return;
  }
  const found = await findRecording(site, edges, "watch", wanted);
  await show(
    context,
    readLines(site, found.edge, "watch", { recording: found.recording, follow: true }),
    Number.POSITIVE_INFINITY,
  );
}

async function recordings(
  context: Context,
  options: EdgeOption & { search?: string },
): Promise<void> {
  const site = await openSite(context);
  const edges = edgesNamed(site, options.edge);
  if (options.search === undefined) {
    context.tui.list(
      await listRecordings(site, edges, "play"),
      columns(site.edgeName.bind(site)),
      "no recordings yet",
    );
    return;
  }
  for (const edge of edges) {
    for await (const line of readLines(site, edge, "play", { search: options.search }))
      context.tui.passOn(line);
  }
}

function columns(edgeName: (edge: ListedRecording["edge"]) => string) {
  return {
    recording: (row: ListedRecording) => row.id,
    started: (row: ListedRecording) => momentOf(row.startedMs / 1000),
    person: (row: ListedRecording) => row.person,
    target: (row: ListedRecording) => row.target,
    kind: (row: ListedRecording) => row.kind,
    state: (row: ListedRecording) => row.state,
    edge: (row: ListedRecording) => edgeName(row.edge),
    title: (row: ListedRecording) => row.title,
  };
}

async function play(
  context: Context,
  wanted: string,
  options: EdgeOption & { speed: string },
): Promise<void> {
  const speed = Number(options.speed);
  if (!(speed > 0))
    throw new CommandError("usage", `"${options.speed}" is not a speed, expected for example 4`);
  const site = await openSite(context);
  const found = await findRecording(site, edgesNamed(site, options.edge), "play", wanted);
  await show(context, readLines(site, found.edge, "play", { recording: found.recording }), speed);
}

// On a terminal it is played; anywhere else the open format itself is wanted.
async function show(context: Context, lines: AsyncIterable<string>, speed: number): Promise<void> {
  const { stdout } = context.streams;
  if (stdout.isTTY === true && !context.tui.json) {
    await playLines(lines, { speed, signal: context.signal, write: (text) => stdout.write(text) });
    return;
  }
  for await (const line of lines) context.tui.passOn(line);
}

async function journal(
  context: Context,
  options: EdgeOption & { from: string; follow?: boolean },
): Promise<void> {
  const from = Number(options.from);
  if (!Number.isSafeInteger(from) || from < 0)
    throw new CommandError("usage", `"${options.from}" is not the number of an entry`);
  const site = await openSite(context);
  const lines = readLines(site, edgeNamed(site, options.edge), "journal", {
    from,
    follow: options.follow === true,
  });
  for await (const line of lines) context.tui.passOn(line);
}

async function status(context: Context, options: EdgeOption): Promise<void> {
  const site = await openSite(context);
  for (const edge of edgesNamed(site, options.edge)) {
    for await (const line of readLines(site, edge, "status", {})) {
      const told: unknown = JSON.parse(line);
      context.tui.result(told, () => JSON.stringify(told, null, 2));
      for (const hint of changedDeviceHints(told)) context.tui.hint(hint);
    }
  }
}

async function exportBundle(context: Context, options: ExportOptions): Promise<void> {
  const { tui } = context;
  const site = await openSite(context);
  const edge = edgeNamed(site, options.edge);
  if (await exists(options.out))
    throw new CommandError(
      "cannotWrite",
      `file "${options.out}" exists already, expected a new name`,
    );
  // What the edge has shown before it writes the bundle becomes a witness of it.
  await site.checkpoint(edge);
  if (options.witness !== undefined) await writeNew(options.witness, await witnessText(site, edge));
  let bytes = 0;
  const counted = async function* () {
    for await (const piece of readEdge(site, edge, "export", {})) {
      bytes += piece.length;
      yield piece;
    }
  };
  await writeNewStream(options.out, counted());
  const { out, witness } = options;
  tui.result({ file: out, bytes, edge, witness: witness ?? null }, `${bytes} bytes in "${out}"`);
  const more = witness === undefined ? "" : ` --witness ${witness}`;
  tui.hint(`verify it anywhere: sallyport verify --site ${site.id} ${out}${more}`);
}

/** The relay's countersigned checkpoint as it gives it, once it verifies. */
async function witnessText(site: Site, edge: EdgeId): Promise<string> {
  const { held } = site;
  const witness = (await site.edges()).find((each) => each.edge === edge)?.witness ?? null;
  if (witness === null)
    throw new CommandError(
      "notFound",
      `relay has witnessed no checkpoint of edge "${site.edgeName(edge)}"`,
      "try again when the edge has been online",
    );
  const { relays } = await verifyWitnessed(
    held.suite,
    witness,
    site.id,
    requireEdge(edge, held),
    held.manifest.payload.relays,
  );
  if (relays.length === 0)
    throw new CommandError("protocol", "relay's witness is not signed by any relay of the site");
  return `${encodeEnvelope(witness)}\n`;
}
