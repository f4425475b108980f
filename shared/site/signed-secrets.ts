// Which secrets of a site were really given, out of what a relay shows: those that somebody signed who is or was an owner.
// Attack stopped here: a relay invents a secret of the highest version, the owner's next one cannot rise above it, and no password changes any more.
import type { Envelope } from "../document/envelope.ts";
import { candidatesOf, requireSite, signatureRules, type Held } from "../document/held.ts";
import { parseManifest } from "../document/manifest.ts";
import { parseSecretDocument, type SecretDocument } from "../document/secret.ts";
import { verifyDocument } from "../document/verify.ts";
import { SallyportError } from "../errors.ts";

/** The secrets among `stored` that an owner of any manifest of the verified chain signed. Whether an edge takes them is another matter. */
export async function signedSecrets(
  stored: readonly Envelope[],
  chain: readonly Envelope[],
  held: Held,
): Promise<SecretDocument[]> {
  const owners = chain
    .flatMap((envelope) => parseManifest(envelope).persons)
    .filter(({ roles }) => roles.includes("owner"))
    .flatMap(candidatesOf);
  const found: SecretDocument[] = [];
  for (const envelope of stored) {
    try {
      const payload = parseSecretDocument(envelope);
      requireSite(payload.site, held);
      await verifyDocument(held.suite, envelope, payload, owners, signatureRules(held));
      found.push(payload);
    } catch (thrown) {
      if (!(thrown instanceof SallyportError)) throw thrown;
    }
  }
  return found;
}
