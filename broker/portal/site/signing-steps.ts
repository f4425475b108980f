// Signing what was prepared: one touch for the manifest; then the devices and secrets that it names, by the browser's own key without a further touch.
// Order: the manifest names a device's version first, or no edge would take the device (shared/protocol.md, "device").
import { sealDevice } from "../../../shared/document/device.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import type { SecretDocument } from "../../../shared/document/secret.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import { acceptNext } from "../../../shared/document/succession.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import { changesBetween } from "../../../shared/site/changes.ts";
import { nextSecretVersion, recipientsOf } from "../../../shared/site/devices.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import { firstCheckpoint } from "../../../shared/site/introductions.ts";
import { readDraft, successor } from "../../../shared/site/manifest-draft.ts";
import type { Posted } from "../../../shared/site/relay-client.ts";
import type { PageSide } from "../person/page-side.ts";
import type { SigningWindow } from "../person/signing-window.ts";
import type { DeviceToGive, Prepared } from "./changes.ts";

/** The next manifest as it would be signed now, and what differs; no line if nothing does. Throws `document_invalid` for one that is none. */
export function nextOf(
  side: PageSide,
  prepared: Prepared,
): { readonly next: Manifest; readonly lines: readonly string[] } {
  const next = readDraft({ ...prepared.manifest, ...successor(side) });
  return { next, lines: changesBetween(side.held.manifest.payload, next) };
}

/** Signs and gives the manifest. `partial`: further owners must sign it. */
export async function signManifest(
  side: PageSide,
  next: Manifest,
  touch: SigningWindow | undefined,
): Promise<Posted["state"]> {
  return giveManifest(side, await side.decide("manifest", next, touch));
}

/** Gives a manifest that is signed, if it follows the held one. */
export async function giveManifest(side: PageSide, envelope: Envelope): Promise<Posted["state"]> {
  const step = await acceptNext(side.suite, envelope, side.view.chain);
  if (step.outcome === "refused" && step.error.code !== "threshold_missed") throw step.error;
  const { posted } = await side.give(envelope);
  if (posted.state === "complete") await side.view.update(side.relay);
  return posted.state;
}

/** The first checkpoints of accepted edges: anchors exist from the first grant on. */
export async function keepCheckpoints(side: PageSide, { accepted }: Prepared): Promise<void> {
  for (const newcomer of accepted) {
    const checkpoint = firstCheckpoint(newcomer);
    const [edge] = newcomer.fingerprints;
    if (checkpoint === undefined || edge === undefined) continue;
    await side.keepFirstCheckpoint(edge as string as EdgeId, checkpoint);
  }
}

/** Seals a device to its edge and gives it. */
export async function giveDevice(
  side: PageSide,
  { target, version, device }: DeviceToGive,
): Promise<void> {
  const place = { site: side.id, edge: target.edge, target: target.id, version };
  const payload = await sealDevice(side.suite, place, recipientsOf(side, target), device);
  await side.publish("device", payload);
}

/** Gives a secret that was sealed when it was typed; throws `conflict` if a newer one came in between. */
export async function giveSecret(
  side: PageSide,
  secret: SecretDocument,
  target: Manifest["targets"][number],
): Promise<void> {
  const version = await nextSecretVersion(side, target, secret.name);
  if (version !== secret.version)
    throw new SiteFault(
      "conflict",
      `another password for "${target.name}" was given meanwhile: type yours again`,
    );
  await side.publish("secret", secret);
}
