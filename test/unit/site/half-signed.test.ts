import * as assert from "uvu/assert";
import { halfSigned } from "../../../shared/site/half-signed.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import { group } from "../../support/group.ts";
import { keyOf, PaperSite, signed, suite, twinSite } from "../document/paper-site.ts";

async function found(site: PaperSite, ...stored: readonly Envelope[]) {
  const half = await halfSigned(suite, stored, site.chain);
  return half && { name: half.manifest.name, signers: half.signers };
}

await group("manifests that wait for further owners", {}, (test) => {
  test("the newest with one present owner's signature is found, and who that was", async () => {
    const site = await PaperSite.make();
    const [older, newer] = [
      await signed("manifest", site.next({ name: "older" }), "ben"),
      await signed("manifest", site.next({ name: "newer" }), "anna"),
    ];
    assert.equal(await found(site, older, newer), { name: "newer", signers: ["anna"] });
    const whole = await signed("manifest", site.next({ name: "whole" }), "anna", "ben");
    assert.equal(await found(site, older, whole), { name: "older", signers: ["ben"] });
  });
  test("one that no present owner signed is not offered, whoever calls himself an owner in it", async () => {
    const site = await PaperSite.make();
    const mallory: Manifest["persons"][number] = {
      id: "mallory" as never,
      name: "Mallory",
      roles: ["owner"],
      keys: [await keyOf("mallory")],
    };
    const coup = site.next({ persons: [...site.manifest.persons, mallory] });
    const twin = await twinSite();
    for (const forged of [
      await signed("manifest", coup, "mallory"),
      await signed("manifest", site.next()),
      await signed("manifest", site.next(), "relay"),
      await signed("manifest", site.next(), "anna", "relay"),
      await signed("manifest", twin.next(), "anna"),
      await signed("manifest", site.next({ version: 9 }), "anna"),
      await signed("manifest", site.next({ issuedAt: 1 }), "anna"),
      await signed("manifest", { name: "rubbish" }, "anna"),
    ])
      assert.is(await found(site, forged), undefined);
  });
});
