// Founding a site in a browser: the owner's keys, the recovery sheet, manifest 1, and its registration at this relay.
// Invariant: the sheet's seed stays in memory; nothing of a site is given away before its owner has the sheet on paper.
import { browserCrypto } from "../../../shared/crypto/browser.ts";
import { hashEnvelope, signEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import { parseManifest } from "../../../shared/document/manifest.ts";
import type { PersonId, SiteId } from "../../../shared/ids.ts";
import { firstManifest, makeRecovery, type Recovery } from "../../../shared/site/founding.ts";
import { OpenRelay } from "../../../shared/site/relay-client.ts";
import { browserMemory } from "../person/browser-memory.ts";
import { ownKeyOrNew } from "../person/own-key.ts";
import { forgetPin, keepPin } from "../person/pins.ts";
import { pageRelay } from "../person/relay-fetch.ts";
import type { RelayFacts } from "../person/session.ts";
import type { SigningWindow } from "../person/signing-window.ts";
import { presetRules, type Preset } from "../site/presets.ts";

const goodForSeconds = 2 * 365 * 24 * 3600;

export interface SiteToFound {
  readonly name: string;
  readonly owner: PersonId;
  readonly ownerName: string;
  readonly preset: Preset;
}

/** A manifest 1 that its owner has signed and that no relay has yet. */
export interface Founded {
  readonly site: SiteId;
  readonly envelope: Envelope;
}

export const newRecovery = (): Promise<Recovery> => makeRecovery(browserCrypto);

/** What has to be typed to show that the sheet is on paper. */
export function lastGroup({ sheet }: Recovery): string {
  return sheet.split(/\s+/).at(-1) ?? "";
}

/** Manifest 1, signed by the passkey, or by the browser's own key where there is none. */
export async function signFirstManifest(
  { name, owner, ownerName, preset }: SiteToFound,
  relay: RelayFacts,
  recovery: Recovery,
  passkey: PasskeyPublic | undefined,
  touch: SigningWindow | undefined,
): Promise<Founded> {
  const own = await ownKeyOrNew();
  const issuedAt = Math.floor(Date.now() / 1000);
  const { signing } = relay;
  const manifest = firstManifest(
    {
      name,
      owner: {
        id: owner,
        name: ownerName,
        roles: ["owner", "approver"],
        keys: passkey === undefined ? [own.publicKey] : [own.publicKey, passkey],
      },
      relay: {
        name: relay.name,
        url: location.origin,
        attestationKey: relay.attestationKey,
      },
      signing: signing ? { rpId: signing.rpId, origins: [signing.origin] } : null,
      policy: presetRules(preset, 1),
      issuedAt,
      endsAt: issuedAt + goodForSeconds,
    },
    recovery.keys,
    undefined,
  );
  const unsigned = await signEnvelope("manifest", manifest, []);
  parseManifest(unsigned);
  const envelope =
    passkey === undefined || touch === undefined
      ? await signEnvelope("manifest", manifest, [own.sign])
      : {
          ...unsigned,
          signatures: [
            await touch.sign({
              type: "manifest",
              payload: unsigned.payload,
              keys: [passkey],
              chain: [],
              about: [],
            }),
          ],
        };
  return { envelope, site: (await hashEnvelope(envelope)) as string as SiteId };
}

/** Gives a founded site to the relay, and pins it here. What is pinned first survives a page that is closed in between. */
export async function registerFounded(
  { site, envelope }: Founded,
  { name, owner }: SiteToFound,
  token: string,
): Promise<void> {
  await browserMemory.keepManifests(site, [envelope]);
  await keepPin({ site, person: owner, name });
  try {
    await new OpenRelay(pageRelay).registerSite(token.trim(), envelope);
  } catch (thrown) {
    await forgetPin(site);
    throw thrown;
  }
}
