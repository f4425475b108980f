// What became of a signed stop, out of the receipts that a relay shows in whatever order.
import * as assert from "uvu/assert";
import { awaitReceipts } from "../../../shared/site/receipts.ts";
import type { Side } from "../../../shared/site/side.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { encodeEnvelope, hashEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { group } from "../../support/group.ts";
import { PaperSite, paperAt, signed } from "../document/paper-site.ts";
import { CannedRelay } from "../command/canned-relay.ts";

async function stateFor(order: readonly ("done" | "refused")[]): Promise<string | undefined> {
  const site = await PaperSite.make();
  const scope = { kind: "site" };
  const nonce = toBase64Url(new Uint8Array(16));
  const lockdown = { site: site.id, scope, reason: "drill", issuedAt: paperAt, nonce };
  const document = await hashEnvelope(await signed("lockdown", lockdown, "anna"));
  const receipts: Envelope[] = [];
  for (const outcome of order) {
    const payload = {
      site: site.id,
      edge: site.edge.id,
      document,
      outcome,
      reason: outcome === "done" ? null : "signature_invalid",
      entry: { index: outcome === "done" ? 4 : 3, hash: toBase64Url(new Uint8Array(32)) },
      at: paperAt + 1,
    };
    receipts.push(await signed("receipt", payload, "edge"));
  }
  await using relay = await CannedRelay.start();
  relay.answers.set(`/api/sites/${site.id}/receipts`, () => ({
    body: {
      receipts: receipts.map((envelope, seq) => ({
        seq,
        hash: document,
        envelope: JSON.parse(encodeEnvelope(envelope)) as unknown,
      })),
    },
  }));
  const view = {
    relay: relay.forSite(site.id),
    held: site.held(paperAt),
    signal: new AbortController().signal,
    edgeName: String,
  } as unknown as Side;
  const [carried] = await awaitReceipts(view, document, [site.edge.id], 0);
  return carried?.state;
}

await group("receipts that a relay shows", {}, (test) => {
  test("what is done stays done, in whatever order a refusal of a spoilt copy is shown", async () => {
    assert.is(await stateFor(["refused", "done"]), "done");
    assert.is(await stateFor(["done", "refused"]), "done");
  });
  test("a refusal alone is a refusal, and no receipt leaves it asked", async () => {
    assert.is(await stateFor(["refused"]), "refused");
    assert.is(await stateFor([]), "asked");
  });
});
