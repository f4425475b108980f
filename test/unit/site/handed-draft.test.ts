// Machines that somebody prepares for an owner: sealed for the one who has the link, of that site and name alone.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import type { SiteId } from "../../../shared/ids.ts";
import {
  encodeDraftLink,
  openDraft,
  parseDraftFragment,
  sealDraft,
  type HandedMachine,
} from "../../../shared/site/handed-draft.ts";
import { group } from "../../support/group.ts";
import { PaperSite, suite } from "../document/paper-site.ts";

async function machine(): Promise<HandedMachine> {
  const { edge } = await PaperSite.make();
  return {
    target: {
      id: "plc" as never,
      name: "PLC",
      kind: "tcp",
      edge: edge.id,
      rights: ["connect"],
      policy: "normal" as never,
      legacy: false,
    },
    device: { kind: "tcp", host: "10.20.30.40", ports: [502] },
    secret: null,
  };
}
const site = toBase64Url(new Uint8Array(32).fill(1)) as SiteId;
const other = toBase64Url(new Uint8Array(32).fill(2)) as SiteId;

async function rejects(work: () => Promise<unknown>, pattern: RegExp): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    assert.match(String(thrown), pattern);
    return;
  }
  assert.unreachable("nothing was thrown");
}

await group("machines that are handed over", {}, (test) => {
  test("the link's seed opens them; the relay sees no address", async () => {
    const handed = [await machine()];
    const { content, seed } = await sealDraft(suite, site, "hall-3", handed);
    const kept = JSON.parse(JSON.stringify(content)) as unknown;
    assert.not.match(JSON.stringify(kept), /10\.20\.30\.40|"plc"/i);
    assert.equal(await openDraft(suite, site, "hall-3", kept, seed), handed);
    const link = new URL(encodeDraftLink("https://relay.example.org", "hall-3", seed));
    assert.is(link.pathname, "/targets");
    assert.equal(parseDraftFragment(link.hash), { draft: "hall-3", seed });
  });
  test("another seed, site or name opens nothing", async () => {
    const { content, seed } = await sealDraft(suite, site, "hall-3", [await machine()]);
    await rejects(() => openDraft(suite, site, "hall-3", content, new Uint8Array(32)), /./);
    await rejects(() => openDraft(suite, other, "hall-3", content, seed), /./);
    await rejects(() => openDraft(suite, site, "hall-4", content, seed), /./);
    await rejects(() => openDraft(suite, site, "hall-3", { format: "else" }, seed), /draft/);
  });
  test("a fragment of something else is none, a cut one is told without being quoted", () => {
    assert.is(parseDraftFragment(""), undefined);
    assert.is(parseDraftFragment("#content"), undefined);
    assert.throws(
      () => parseDraftFragment("#draft=hall-3.AAAA"),
      (thrown: Error) => /not whole/.test(thrown.message) && !thrown.message.includes("AAAA"),
    );
  });
});
