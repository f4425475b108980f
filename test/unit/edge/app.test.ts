// The whole edge, without a relay that answers: what it keeps of itself when it is started wrongly.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { startEdge } from "../../../edge/app.ts";
import { askConsole } from "../../../edge/console-socket.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { systemClock } from "../../../shared/clock.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import {
  bootId,
  paperAt,
  PaperSite,
  publicOf,
  refused,
  seedOf,
  signed,
} from "../document/paper-site.ts";

async function optionsFor(state: string) {
  const site = await PaperSite.make();
  const invitation = await signed(
    "invitation",
    {
      site: site.id,
      invitation: toBase64Url(new Uint8Array(16)),
      publicKey: await publicOf("one-time"),
      subject: { kind: "edge", name: "Hall 2" },
      issuedAt: paperAt,
      untilAt: paperAt + 86_400,
    },
    "anna",
  );
  const relay = {
    name: "relay",
    url: "https://127.0.0.1:1",
    attestationKey: await publicOf("relay"),
    authority: null,
  };
  return {
    version: "0",
    state,
    claim: {
      site: site.id,
      relays: [relay],
      invitation,
      privateKey: toBase64Url(seedOf("one-time")),
    },
    proxy: undefined,
    authority: undefined,
    idleLimitMs: 3_600_000,
    recordingQuotaBytes: 16_000_000,
    clock: systemClock,
    bootId,
    isTimeProven: () => true,
    log: () => undefined,
  };
}

async function journalOf(state: string): Promise<string> {
  const folder = join(state, "journal");
  const texts = (await readdir(folder)).sort().map((name) => readFile(join(folder, name), "utf8"));
  return (await Promise.all(texts)).join("");
}

await group("edge", {}, (test) => {
  test("a second process on the same state touches nothing of it", async () => {
    using folder = temporaryFolder();
    const options = await optionsFor(folder.path);
    await using _edge = await startEdge(options);
    const before = await journalOf(folder.path);
    // It wrote "edge-started" over what the first one would write next, and the journal was damaged.
    await refused(() => startEdge(options), "conflict", /another edge runs/);
    assert.is(await journalOf(folder.path), before);
    for await (const line of askConsole(folder.path, { ask: "status" })) {
      assert.is((JSON.parse(line) as { link: string }).link, "connecting");
    }
  });

  test("an edge that does not come up gives its console free again", async () => {
    using folder = temporaryFolder();
    const options = await optionsFor(folder.path);
    await refused(
      () => startEdge({ ...options, claim: undefined }),
      "config_invalid",
      /belongs to no site/,
    );
    await using edge = await startEdge(options);
    assert.is(edge.failed.aborted, false);
  });
});
