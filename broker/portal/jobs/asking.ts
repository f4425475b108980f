// Asking: the request is signed quietly and given to the relay, then the proof opens the session in which the vendor waits. The person's one touch is
// that proof.
import { signEnvelope } from "../../../shared/document/envelope.ts";
import { verifyRequest, type Request } from "../../../shared/document/request.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import { jobsAmong, type Job } from "../../../shared/site/jobs.ts";
import { ownKey } from "../person/own-key.ts";
import type { PageSide } from "../person/page-side.ts";
import { proof } from "../texts/jobs.ts";
import { edgeOf, requestOf, type RequestFields } from "./request-draft.ts";

const nonceBytes = 16;

/** Signs and publishes the request; the job as everybody sees it from now on. */
export async function askForJob(side: PageSide, fields: RequestFields): Promise<Job> {
  const { held } = side;
  const own = await ownKey();
  const edge = edgeOf(held.manifest.payload, fields.targets.keys());
  if (own === undefined || !side.signsQuietly) throw new SiteFault("forbidden", proof.noKey);
  if (edge === undefined) throw new SiteFault("document_invalid", "no target is chosen");
  const request: Request = requestOf(
    fields,
    { site: side.id, edge, vendor: side.me, key: own.keyid },
    side.suite.randomBytes(nonceBytes),
    side.now(),
  );
  const envelope = await signEnvelope("request", request, [own.sign]);
  // What the edge would refuse is told here, before anybody is woken up.
  await verifyRequest(envelope, held);
  const { posted } = await side.give(envelope);
  const [job] = await jobsAmong([{ type: "request", envelope, ...posted }], held);
  if (job === undefined) throw new SiteFault("signature_invalid", "request does not verify");
  return job;
}
