import { join } from "node:path";
import * as assert from "uvu/assert";
import { Presence } from "../../../broker/relay/presence.ts";
import { openStore } from "../../../broker/relay/store/store.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { edgeEntry, PaperSite } from "../document/paper-site.ts";
import { paperEntry } from "./paper-entry.ts";

const strangerOf = (number: number): EdgeId =>
  toBase64Url(new Uint8Array(32).fill(number).fill(number >> 8, 16)) as EdgeId;

await group("which edges may connect", {}, (test) => {
  test("a crowd of strangers keeps out further strangers, and nobody whose claim is on file", async () => {
    using folder = temporaryFolder();
    await using store = await openStore(join(folder.path, "store.sqlite"));
    const site = await PaperSite.make();
    const introduced = await edgeEntry("edge two");
    const named = (edge: typeof introduced) => ({
      edge: edge.id,
      publicKey: edge.signingKey,
      name: edge.name,
    });
    await store.documents.register(site.id, paperEntry, {
      admitted: [named(site.edge)],
      introduced: named(introduced),
    });
    const presence = new Presence(store.edges, new TurnedClock());
    for (let number = 0; number < 256; number += 1) {
      const stranger = strangerOf(number);
      assert.is(await presence.standingOf(stranger), "newcomer");
      presence.online(stranger, "newcomer");
    }
    assert.is(await presence.standingOf(strangerOf(300)), "refused");
    assert.is(await presence.standingOf(introduced.id), "newcomer");
    assert.is(await presence.standingOf(site.edge.id), "known");
    presence.offline(strangerOf(0));
    assert.is(await presence.standingOf(strangerOf(300)), "newcomer");
  });
});
