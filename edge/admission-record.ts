// A session's admission on record and in words: who came with what, for the journal, and what he may do for how long, for him.
import type { EdgeChannel } from "../shared/channel/admission.ts";
import type { AdmittedTarget, ControlMessageOf } from "../shared/channel/messages.ts";
import type { Attestation } from "../shared/document/attestation.ts";
import type { Proof, Purpose } from "../shared/document/proof.ts";
import type { Verified } from "../shared/document/verify.ts";
import { messageOf } from "../shared/errors.ts";
import type { DocumentHash } from "../shared/ids.ts";
import type { SpentStep } from "./consumption.ts";
import type { Devices } from "./devices.ts";
import type { Admission } from "./gate.ts";
import type { RefusalReason } from "./refusal.ts";
import type { SessionWorld } from "./session-world.ts";
import type { EdgeTime } from "./time.ts";

/** Who opened the session, and with what. */
export interface SessionCaller {
  readonly channel: EdgeChannel;
  readonly purpose: Purpose;
  readonly transcript: string;
  readonly proof: Verified<Proof>;
  readonly attestation: Verified<Attestation> | undefined;
  readonly request: DocumentHash;
}

type RecordWorld = Pick<SessionWorld, "archive" | "journal" | "consumption" | "job" | "log">;

/** What the journal says of one session. */
export class SessionRecord {
  readonly #world: RecordWorld;
  readonly #caller: SessionCaller;
  #hasSpentStep = false;
  #isBegun = false;

  constructor(world: RecordWorld, caller: SessionCaller) {
    this.#world = world;
    this.#caller = caller;
  }

  /** True once the journal holds the session, so that its end belongs there too. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** The last time step of the person; undefined once this handshake has spent its own, whatever the person's other sessions spend since. */
  get spentStep(): SpentStep | undefined {
    const { person } = this.#caller.proof.payload;
    return this.#hasSpentStep ? undefined : this.#world.consumption.stepOf(person);
  }

  /**
   * Journals that the session waits or is admitted. What is over by the time that this is written is journaled as ended after it, so that
   * no session stands there without its end.
   */
  async begin(event: "session-waiting" | "session-admitted", isOver: () => boolean): Promise<void> {
    const written = this.#write(event);
    this.#hasSpentStep = true;
    await written;
    this.#isBegun = true;
    if (isOver()) await this.end("closed");
  }

  /** Journals the end. What cannot be written is logged: an end takes effect all the same. */
  async end(reason: RefusalReason | "closed"): Promise<void> {
    const { journal, log } = this.#world;
    const { id } = this.#caller.channel;
    try {
      await journal.append("session-ended", { session: id }, { reason });
    } catch (fault) {
      log(`end of session not journaled: ${messageOf(fault)}`);
    }
  }

  // The second factor's step is used up, and every document kept, before the entry names it.
  async #write(event: string): Promise<void> {
    const { archive, journal, consumption } = this.#world;
    const { channel, proof, attestation, transcript, request } = this.#caller;
    const { person } = proof.payload;
    if (attestation !== undefined) {
      const { timeStep } = attestation.payload;
      await consumption.spendStep(person, { timeStep, transcript });
      await archive.keep(attestation.envelope);
    }
    await archive.keep(proof.envelope);
    const job = this.#world.job(request);
    if (job !== undefined) await archive.keep(job.request.envelope);
    const grant = job?.line.at(-1)?.grant.hash;
    await journal.append(event, {
      session: channel.id,
      person,
      request,
      proof: proof.hash,
      ...(grant !== undefined && { grant }),
      ...(attestation !== undefined && { attestation: attestation.hash }),
    });
  }
}

/** What the vendor is told when he is in. */
export async function admittedMessage(
  world: Pick<SessionWorld, "devices" | "time">,
  admission: Admission,
): Promise<ControlMessageOf<"admitted">> {
  const targets = admission.targets.map(async ({ target, rights }): Promise<AdmittedTarget> => {
    const { id, name, kind } = target;
    const ports = await portsOf(world.devices, target, rights);
    return { id, name, kind, rights: [...rights], ports };
  });
  return {
    type: "admitted",
    targets: await Promise.all(targets),
    startsOnFirstOpening: !admission.hasStarted,
    ...timeLeft(world.time, admission),
  };
}

/** What is left of a job, as the vendor is told. An end by the wall clock is given only where that clock is proven. */
export function timeLeft(
  time: EdgeTime,
  { leftMs, hasStarted }: Admission,
): { minutesLeft: number; endsAt: number | null } {
  const { proven, wallMs } = time.reading();
  const endsAt = hasStarted && proven ? Math.floor((wallMs + leftMs) / 1000) : null;
  return { minutesLeft: leftMs / 60_000, endsAt };
}

async function portsOf(
  devices: Devices,
  target: Parameters<Devices["device"]>[0],
  rights: readonly string[],
): Promise<number[]> {
  const device = await devices.device(target);
  // A panel's port is the command's to bind, if that was granted.
  if (device?.kind === "http") return rights.includes("connect") ? [device.port] : [];
  return device?.kind === "tcp" ? [...device.ports] : [];
}
