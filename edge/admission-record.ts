// A session's admission on record and in words: who came with what, for the journal, and what he may do for how long, for him.
import type { EdgeChannel } from "../shared/channel/admission.ts";
import type { AdmittedTarget, ControlMessageOf } from "../shared/channel/messages.ts";
import type { Attestation } from "../shared/document/attestation.ts";
import type { Proof, Purpose } from "../shared/document/proof.ts";
import type { Verified } from "../shared/document/verify.ts";
import type { DocumentHash } from "../shared/ids.ts";
import type { Devices } from "./devices.ts";
import type { Admission } from "./gate.ts";
import type { SessionWorld } from "./session.ts";
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

/** Journals that a session waits or is admitted. The second factor's step is used up, and every document kept, before the entry names it. */
export async function recordSession(
  world: Pick<SessionWorld, "archive" | "journal" | "consumption" | "job">,
  event: "session-waiting" | "session-admitted",
  { channel, proof, attestation, transcript, request }: SessionCaller,
): Promise<void> {
  const { archive, journal, consumption } = world;
  const { person } = proof.payload;
  if (attestation !== undefined) {
    const { timeStep } = attestation.payload;
    await consumption.spendStep(person, { timeStep, transcript });
    await archive.keep(attestation.envelope);
  }
  await archive.keep(proof.envelope);
  const job = world.job(request);
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

/** What the vendor is told when he is in. */
export async function admittedMessage(
  world: Pick<SessionWorld, "devices" | "time">,
  admission: Admission,
): Promise<ControlMessageOf<"admitted">> {
  const targets = admission.targets.map(async ({ target, rights }): Promise<AdmittedTarget> => {
    const { id, name, kind } = target;
    return { id, name, kind, rights: [...rights], ports: await portsOf(world.devices, target) };
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
): Promise<number[]> {
  const device = await devices.device(target);
  return device?.kind === "tcp" ? [...device.ports] : [];
}
