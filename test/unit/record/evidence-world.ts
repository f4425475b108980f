// An edge that has carried out one job, and the evidence that it gives: made by the real journal, recorder, archive and export.
import { makeCheckpoint } from "../../../edge/journal.ts";
import { openArchive, type Archive } from "../../../edge/record/archive.ts";
import { exportEvidence } from "../../../edge/record/export.ts";
import type { RecordingFilter } from "../../../edge/record/reading.ts";
import type { Recordings, RecordingSubject } from "../../../edge/recording.ts";
import type { Journal } from "../../../edge/journal.ts";
import { concatBytes, fromBase64Url } from "../../../shared/bytes.ts";
import { startSha256 } from "../../../shared/crypto/node-hash.ts";
import { signEnvelope, type Envelope, type SignPae } from "../../../shared/document/envelope.ts";
import type { Grant } from "../../../shared/document/grant.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import type { Request } from "../../../shared/document/request.ts";
import type { Verified } from "../../../shared/document/verify.ts";
import type { PersonId, TargetId } from "../../../shared/ids.ts";
import { tarBundle } from "../../../shared/record/evidence-bundle.ts";
import {
  verifyEvidence,
  type EvidenceOptions,
  type EvidenceReport,
} from "../../../shared/record/evidence.ts";
import type { EntryIds } from "../../../shared/record/journal-entry.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import {
  PaperSite,
  paperAt,
  seedOf,
  signed,
  signerOf,
  transcript,
  xwingOf,
} from "../document/paper-site.ts";
import { all, journalIn, pieces, recordingsIn, suite } from "./record-world.ts";

/** One job's documents; a test changes one of them. */
export interface JobChanges {
  readonly request?: Partial<Request>;
  readonly grant?: Partial<Grant>;
  readonly grantSigners?: readonly string[];
  readonly proof?: object;
  readonly proofSigner?: string | SignPae;
  readonly attestation?: object;
  readonly attestationSigner?: string;
  /** Ids that `session-admitted` is to carry instead. */
  readonly ids?: Record<string, string | undefined>;
  readonly session?: string;
  /** The grant's anchor instead of the newest checkpoint. */
  readonly anchor?: Envelope;
}

export class EvidenceWorld implements AsyncDisposable {
  readonly paper: PaperSite;
  readonly clock: TurnedClock;
  readonly journal: Journal;
  readonly recordings: Recordings;
  readonly archive: Archive;
  readonly #folder: Disposable;

  constructor(
    paper: PaperSite,
    clock: TurnedClock,
    recordings: Recordings,
    archive: Archive,
    folder: Disposable,
  ) {
    this.paper = paper;
    this.clock = clock;
    this.journal = recordings.options.journal;
    this.recordings = recordings;
    this.archive = archive;
    this.#folder = folder;
  }

  /** An edge that holds the manifest and roster of the paper site, changed by `change`. */
  static async start(change?: (manifest: Manifest) => Manifest): Promise<EvidenceWorld> {
    const folder = temporaryFolder();
    const paper = await PaperSite.make(change);
    const clock = new TurnedClock((paperAt + 120) * 1000);
    const journal = await journalIn(folder.path, { clock });
    const recordings = await recordingsIn(folder.path, journal, {
      clock,
      site: paper.id,
      edge: paper.edge.id,
      edgeKeys: await suite.xwingKeyPair(seedOf("edge")),
      auditKey: fromBase64Url((await xwingOf("audit")).public),
    });
    const archive = await openArchive(folder.file("archive"));
    const world = new EvidenceWorld(paper, clock, recordings, archive, folder);
    await world.note("manifest-held", {}, paper.chain.held.envelope);
    for (const roster of paper.rosters) await world.note("roster-held", {}, roster.envelope);
    return world;
  }

  /** Archives a document and journals an event that names it. */
  async note(event: string, ids: EntryIds, ...documents: readonly Envelope[]): Promise<string> {
    const named: Record<string, string> = { ...ids };
    for (const envelope of documents) named[envelope.type] = await this.archive.keep(envelope);
    return (await this.journal.append(event, named)).hash;
  }

  async checkpoint(): Promise<Envelope> {
    const { paper, journal, clock } = this;
    return makeCheckpoint({
      journal,
      site: paper.id,
      edge: paper.edge.id,
      manifest: paper.chain.held.hash,
      clock,
      sign: await signerOf("edge"),
    });
  }

  /** Journals the admission of a session; answers the grant's hash and payload. */
  async admit(change: JobChanges = {}): Promise<{ grant: Envelope; request: Verified<Request> }> {
    const { paper } = this;
    const session = change.session ?? "session-1";
    const request = await paper.verifiedRequest(change.request);
    const payload = await paper.grant(request, change.grant, {
      anchor: change.anchor ?? (await this.checkpoint()),
    });
    const grant = await signed("grant", payload, ...(change.grantSigners ?? ["anna", "ben"]));
    const about = { site: paper.id, person: "vera", transcript, issuedAt: paperAt + 100 };
    const grantHash = await this.archive.keep(grant);
    const proofPayload = {
      site: paper.id,
      edge: paper.edge.id,
      purpose: "session",
      person: "vera",
      request: request.hash,
      grant: grantHash,
      transcript,
      issuedAt: about.issuedAt,
      ...change.proof,
    };
    const by = change.proofSigner ?? "vera";
    const sign = typeof by === "string" ? await signerOf(by) : by;
    const proof = await signEnvelope("proof", proofPayload, [sign]);
    const { site, person, issuedAt } = about;
    const code = { site, person, transcript, timeStep: 59, issuedAt, ...change.attestation };
    const attestation = await signed("attestation", code, change.attestationSigner ?? "relay");
    const ids: Record<string, string | undefined> = { session, person: "vera" };
    for (const envelope of [request.envelope, grant, proof, attestation]) {
      ids[envelope.type] = await this.archive.keep(envelope);
    }
    await this.journal.append("session-admitted", present({ ...ids, ...change.ids }));
    return { grant, request };
  }

  /** Records some bytes to a target of the session; answers the recording's id. */
  async record(grant: Envelope, change: Partial<RecordingSubject> = {}): Promise<string> {
    const subject = {
      session: "session-1",
      target: "plc" as TargetId,
      person: "vera" as PersonId,
      grant: await this.archive.keep(grant),
      kind: "tcp",
      ...change,
    };
    const recording = await this.recordings.open(subject);
    const { session, target } = subject;
    await this.journal.append("opening-admitted", { session, target, recording: recording.id });
    recording.write("to-device", Buffer.from("read register 40001"));
    recording.write("from-device", Buffer.from("1234"));
    await recording.close();
    return recording.id;
  }

  /** The whole bundle. */
  async bundle(filter?: RecordingFilter): Promise<Uint8Array> {
    const { recordings, archive, paper } = this;
    const stream = exportEvidence({
      recordings,
      archive,
      manifest: paper.chain.held.hash,
      sign: await signerOf("edge"),
      ...(filter && { filter }),
    });
    return concatBytes(...(await all(stream)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.journal[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** The report on a tar in memory. */
export async function verify(
  tar: Uint8Array,
  site: PaperSite["id"],
  options: Partial<EvidenceOptions> = {},
): Promise<EvidenceReport> {
  const bundle = await tarBundle((from, to) => pieces(tar.subarray(from, to), 4096));
  return verifyEvidence(bundle, site, { suite, startHash: startSha256, ...options });
}

function present(ids: Record<string, string | undefined>): EntryIds {
  return Object.fromEntries(
    Object.entries(ids).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
