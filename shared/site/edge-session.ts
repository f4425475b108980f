// A session with an edge as a person's side holds it: handshake, proof, second factor, the manifests that the edge lacks, and the edge's answers
// as events. Sessions under a job and channels that read (play, journal, export) differ only in their purpose.
import { toBase64Url } from "../bytes.ts";
import type { Channel } from "../channel/channel.ts";
import type {
  AdmittedTarget,
  ControlMessage,
  ControlMessageOf,
  Flight,
  Opening,
} from "../channel/messages.ts";
import { openSession, type SessionChannel } from "../channel/session.ts";
import { encodeEnvelope, type Envelope } from "../document/envelope.ts";
import { requireEdge } from "../document/held.ts";
import { edgeKeys } from "../document/manifest.ts";
import type { Proof, Purpose } from "../document/proof.ts";
import type { EdgeId } from "../ids.ts";
import { closingOf, type Closing } from "./closing.ts";
import { SiteFault } from "./fault.ts";
import type { Job } from "./jobs.ts";
import type { Side } from "./side.ts";

export type Admitted = ControlMessageOf<"admitted">;
export type { AdmittedTarget };

/** What happens on a session after it was opened; each may come several times. */
export interface SessionEvents {
  waiting(untilAt: number): void;
  warning(secondsLeft: number): void;
  extended(minutesLeft: number): void;
  away(): void;
  back(): void;
}

export interface SessionPlan {
  readonly side: Side;
  readonly edge: EdgeId;
  readonly purpose: Purpose;
  /** The job, for the purposes `session` and `waiting`. */
  readonly job: Job | undefined;
  /** A code for the second factor, if the job needs one. */
  readonly code: string | undefined;
  readonly events: SessionEvents;
}

export class EdgeSession implements AsyncDisposable {
  readonly channel: SessionChannel;
  /** What the edge admits; rejects if it refuses, or the session closes before. */
  readonly admitted: Promise<Admitted>;
  readonly closed: Promise<Closing>;
  /** What the edge said last about why it ends the session. */
  ending: string | undefined;
  readonly #plan: SessionPlan;
  readonly #admit = Promise.withResolvers<Admitted>();

  constructor(channel: SessionChannel, plan: SessionPlan) {
    this.channel = channel;
    this.#plan = plan;
    this.admitted = this.#admit.promise;
    this.closed = closingOf(channel);
    channel.onControl = (message) => this.#heed(message);
    channel.onAway = () => plan.events.away();
    channel.onBack = () => plan.events.back();
    // The edge ends the session in order; answered at once, so that both sides know it within a round trip.
    channel.onEnd = () => channel.end();
    void this.closed.then((closing) => this.#admit.reject(plan.side.faultOf(closing, this.ending)));
    // Who does not ask for the admission still learns of the end by `closed`.
    this.admitted.catch(() => undefined);
  }

  /** A stream to a target of the session. */
  open(opening: Opening): Promise<Channel> {
    return this.channel.further(opening);
  }

  /** Ends the session in order and waits until that is known, or for two seconds. */
  async end(): Promise<void> {
    this.channel.end();
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, 2000);
    await Promise.race([this.closed, limit.promise]);
    clearTimeout(timer);
    this.channel.abort("ended by the vendor");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #heed(message: ControlMessage): void {
    const { events } = this.#plan;
    if (message.type === "admitted") this.#admit.resolve(message);
    else if (message.type === "waiting") events.waiting(message.untilAt);
    else if (message.type === "manifest-needed") this.#sendManifests(message);
    else if (message.type === "warning") events.warning(message.secondsLeft);
    else if (message.type === "extended") events.extended(message.minutesLeft);
    else if (message.type === "ending") this.ending = message.reason;
  }

  // The edge verifies them from its own pinned site id; if its chain is not ours, one of us was shown another site.
  #sendManifests({ version, held }: ControlMessageOf<"manifest-needed">): void {
    const { view } = this.#plan.side;
    if (view.chain.hashes[version - 1] !== held) {
      this.channel.abort("another manifest chain");
      this.#admit.reject(
        new SiteFault(
          "manifest_fork",
          `edge holds manifest ${version} "${held}", which is not in the chain known here`,
          "owners may have signed two manifests of one version; compare by voice",
        ),
      );
      return;
    }
    const missing = view.envelopes.slice(version);
    missing.forEach((envelope, at) => {
      this.channel.sendControl({
        type: "manifest",
        envelope: encodeEnvelope(envelope),
        last: at === missing.length - 1,
      });
    });
  }
}

/** Opens a session with the one edge that the manifest names; makes ready what proves before it dials. */
export async function openEdgeSession(plan: SessionPlan): Promise<EdgeSession> {
  const { side, edge: id, purpose } = plan;
  const { suite, clock } = side;
  const { signingKey } = edgeKeys(requireEdge(id, side.held));
  await side.readyToProve();
  const channel = await openSession({
    suite,
    clock,
    site: side.id,
    edge: { id, signingKey },
    purpose,
    asksPerson: side.asksForTouch(purpose),
    dial: () => side.dial(id),
    makeFlight: (transcriptHash) => makeFlight(plan, toBase64Url(transcriptHash)),
  });
  return new EdgeSession(channel, plan);
}

async function makeFlight(
  { side, edge, purpose, job, code }: SessionPlan,
  transcript: string,
): Promise<Flight> {
  const grant = purpose === "session" ? job?.grant : undefined;
  const proof: Proof = {
    site: side.id,
    edge,
    purpose,
    person: side.me,
    request: job?.request.hash ?? null,
    grant: grant?.hash ?? null,
    transcript,
    issuedAt: side.now(),
  };
  const attestation = code === undefined ? undefined : await side.relay.attest(code, transcript);
  const signed = await side.prove(proof);
  return {
    type: "flight",
    proof: encodeEnvelope(signed),
    attestation: textOf(attestation),
    request: textOf(job?.request.envelope),
    grant: textOf(grant?.envelope),
    manifestHash: side.view.chain.held.hash,
  };
}

function textOf(envelope: Envelope | undefined): string | null {
  return envelope === undefined ? null : encodeEnvelope(envelope);
}
