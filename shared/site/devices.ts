// Devices and secrets on the owner's side: which version comes next, to whom they are sealed, and host keys as people paste them.
import { parseDeviceDocument } from "../document/device.ts";
import { requireEdge } from "../document/held.ts";
import type { ManifestTarget } from "../document/manifest.ts";
import type { Recipients } from "../document/sealed.ts";
import type { SecretDocument } from "../document/secret.ts";
import { SiteFault } from "./fault.ts";
import type { StoredDocument } from "./relay-client.ts";
import type { Side } from "./side.ts";
import { signedSecrets } from "./signed-secrets.ts";

// A version that the manifest names and no document has yet is used first: that is a set which waited for further owners.
/** The version that a target's next device document has. */
export async function deviceVersionToUse(side: Side, target: ManifestTarget): Promise<number> {
  if (target.deviceVersion === 0) return 1;
  return deviceVersionAmong(await side.relay.documents(["device"]), target);
}

/** The same, by the device documents that a relay has shown. */
export function deviceVersionAmong(
  stored: readonly StoredDocument[],
  target: ManifestTarget,
): number {
  if (target.deviceVersion === 0) return 1;
  const isThere = stored.some(({ envelope }) => {
    const document = parseDeviceDocument(envelope);
    return (
      document.target === target.id &&
      document.edge === target.edge &&
      document.version === target.deviceVersion
    );
  });
  return isThere ? target.deviceVersion + 1 : target.deviceVersion;
}

/** To whom a target's device and secrets are sealed. */
export function recipientsOf(side: Side, target: ManifestTarget): Recipients {
  const { manifest } = side.held;
  return {
    edge: requireEdge(target.edge, side.held).sealingKey,
    recovery: manifest.payload.recovery?.xwing ?? null,
  };
}

/** Key lines out of ssh-keyscan's, known_hosts' or .pub files' lines: the host and comment around each are left out. */
export function hostKeyLines(text: string): string[] {
  const keys = text.split("\n").flatMap((line) => {
    const match = /(?:^|\s)((?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+=*)(?:\s|$)/.exec(
      line.startsWith("#") ? "" : line,
    );
    return match?.[1] === undefined ? [] : [match[1]];
  });
  if (keys.length === 0)
    throw new SiteFault(
      "document_invalid",
      "no host key found, expected lines as ssh-keyscan prints them",
    );
  return [...new Set(keys)];
}

/** Every secret that was really given, in any version. */
export async function secretsOf(side: Side): Promise<SecretDocument[]> {
  const stored = await side.relay.documents(["secret"]);
  const envelopes = stored.map(({ envelope }) => envelope);
  return signedSecrets(envelopes, side.view.envelopes, side.held);
}

/** The version that a target's next secret of a name has. */
export async function nextSecretVersion(
  side: Side,
  target: ManifestTarget,
  name: string,
): Promise<number> {
  const stored = await secretsOf(side);
  const versions = stored
    .filter((each) => each.target === target.id && each.name === name && each.edge === target.edge)
    .map(({ version }) => version);
  return Math.max(0, ...versions) + 1;
}
