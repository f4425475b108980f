// A person of one site at the resources of another, all of them, as the relay's own description lists them: each looks as if it were not there.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";
import { PaperSite } from "../document/paper-site.ts";
import { relayWithSite } from "./running-relay.ts";

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Answered to strangers too, who hold an invitation's hash from a link. */
const open = "/api/sites/{site}/invitations/{hash}";

/** One more site with the same people but vera, ben signing as before. */
function neighbour(): Promise<PaperSite> {
  return PaperSite.make((manifest) => ({
    ...manifest,
    name: "The neighbour's mill",
    persons: manifest.persons.filter(({ id }) => id !== "vera"),
  }));
}

await group("two sites at one relay", { timeoutMs: 30_000 }, (test) => {
  test("whoever is not of a site reads nothing of it, by any address of the API; its own people do", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const other = await neighbour();
    await relay.register(other);
    const vera = await relay.signIn("vera");
    const anna = await relay.signIn("anna");
    const described = await relay.call("GET", "/openapi.json");
    const { paths } = described.body as unknown as Description;
    const reads = Object.entries(paths).filter(
      ([path, methods]) => path.includes("{site}") && "get" in methods && path !== open,
    );
    assert.ok(reads.length > 12, `${reads.length} addresses`);
    const hash = toBase64Url(new Uint8Array(32).fill(1));
    const filled = (path: string, id: string): string =>
      path
        .replace("/api", "")
        .replace("{site}", id)
        .replaceAll(/\{(edge|hash|id|channel)\}/g, hash)
        .replaceAll(/\{[a-z]+\}/gi, "some");
    let own = 0;
    for (const [path] of reads) {
      relay.clock.advanceMs(2_000);
      const foreign = await relay.call("GET", filled(path, other.id), { token: vera });
      const unknown = await relay.call("GET", filled(path, hash), { token: vera });
      assert.is(foreign.status, unknown.status, `${path}: ${foreign.body.message}`);
      assert.ok([400, 404].includes(foreign.status), `${path} answers ${foreign.status}`);
      assert.is(foreign.body.message, unknown.body.message, path);
      const nobody = await relay.call("GET", filled(path, other.id));
      assert.ok([400, 401, 404].includes(nobody.status), `${path} to nobody: ${nobody.status}`);
      if ((await relay.call("GET", filled(path, site.id), { token: anna })).status === 200)
        own += 1;
    }
    assert.ok(own > 8, `an owner reads ${own} of them`);
  });
});
