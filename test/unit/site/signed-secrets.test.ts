import * as assert from "uvu/assert";
import { signedSecrets } from "../../../shared/site/signed-secrets.ts";
import { sealSecret } from "../../../shared/document/secret.ts";
import { group } from "../../support/group.ts";
import { PaperSite, signed, suite, twinSite } from "../document/paper-site.ts";

async function secretOf(site: PaperSite, version: number, signer: string) {
  const place = {
    site: site.id,
    edge: site.edge.id,
    target: "hmi" as never,
    name: "login",
    version,
  };
  const recipients = {
    edge: site.edge.sealingKey,
    recovery: site.manifest.recovery?.xwing ?? null,
  };
  const payload = await sealSecret(suite, place, recipients, { kind: "password", password: "x" });
  return signed("secret", payload, signer);
}

await group("secrets that were really given", {}, (test) => {
  test("what a relay, a vendor or another site's owner made up does not raise the version", async () => {
    const [site, twin] = [await PaperSite.make(), await twinSite()];
    const highest = 2 ** 31;
    const stored = [
      await secretOf(site, 3, "olaf"),
      await secretOf(site, highest, "relay"),
      await secretOf(site, highest, "vera"),
      await secretOf(site, highest, "cleo"),
      await secretOf(twin, highest, "olaf"),
      await signed("secret", { site: site.id, version: highest }, "olaf"),
    ];
    const found = await signedSecrets(stored, [site.chain.held.envelope], site.held());
    assert.equal(
      found.map(({ version }) => version),
      [3],
    );
  });
  test("those of an owner who has left count: the next one has to rise above them", async () => {
    const site = await PaperSite.make();
    const left = await site.succeed({
      persons: site.manifest.persons.filter(({ id }) => id !== "olaf"),
    });
    const stored = [await secretOf(site, 7, "olaf")];
    const chain = [site.chain.held.envelope, left.chain.held.envelope];
    const found = await signedSecrets(stored, chain, left.held());
    assert.equal(
      found.map(({ version }) => version),
      [7],
    );
  });
});
