// Whose keys count, by their ids: computed once per change of manifest or roster, so that the gate need not wait for a hash.
import { ed25519Key, keyIdOf } from "../shared/document/keys.ts";
import { rosterOf, type Held } from "../shared/document/held.ts";
import { fromBase64Url } from "../shared/bytes.ts";
import type { Envelope } from "../shared/document/envelope.ts";
import { verifyRoster, type Roster } from "../shared/document/roster.ts";
import type { Verified } from "../shared/document/verify.ts";
import { SallyportError } from "../shared/errors.ts";
import type { KeyId } from "../shared/ids.ts";
import type { KnownKey } from "./situation.ts";

/** Every key of the site's persons and of the technicians of believed rosters, stale ones too: the gate looks at freshness. */
export async function knownKeys(held: Held): Promise<ReadonlyMap<KeyId, KnownKey>> {
  const { persons, companies } = held.manifest.payload;
  const technicians = companies.flatMap(({ id }) => {
    const roster = rosterOf(held, id)?.payload;
    return (roster?.technicians ?? []).map((technician) => ({
      ...technician,
      roles: ["vendor"] as const,
      freshUntilAt: roster?.freshUntilAt ?? 0,
    }));
  });
  // Attack: a company lists a person's key; the manifest has the last word.
  const everybody = [...technicians, ...persons.map((item) => ({ ...item, freshUntilAt: null }))];
  const known = new Map<KeyId, KnownKey>();
  for (const { id, name, roles, freshUntilAt, keys } of everybody) {
    for (const key of keys) {
      known.set(await keyIdOf(held.suite, key), { person: id, name, roles, freshUntilAt });
    }
  }
  return known;
}

/** Ids of the keys with which the manifest's relays attest. */
export async function relayKeys(held: Held): Promise<ReadonlySet<KeyId>> {
  const ids = held.manifest.payload.relays.map(({ attestationKey }) =>
    keyIdOf(held.suite, ed25519Key(fromBase64Url(attestationKey))),
  );
  return new Set(await Promise.all(ids));
}

/** Stored rosters that verify now. One whose signer administers its company no more is not believed, and not missed. */
export async function stillVerified(
  envelopes: readonly Envelope[],
  held: Held,
): Promise<readonly Verified<Roster>[]> {
  const verified: Verified<Roster>[] = [];
  for (const envelope of envelopes) {
    try {
      verified.push(await verifyRoster(envelope, held));
    } catch (thrown) {
      if (!(thrown instanceof SallyportError)) throw thrown;
    }
  }
  return verified;
}
