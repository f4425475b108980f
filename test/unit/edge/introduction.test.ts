// Coming up by a claim: signed once, verified by the owner's code, and handed to the relay again and again until it has it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Claim } from "../../../edge/claim.ts";
import { openIdentity } from "../../../edge/identity.ts";
import { introduce, openIntroduction } from "../../../edge/introduction.ts";
import { makeCheckpoint, openJournal } from "../../../edge/journal.ts";
import type { Uplink } from "../../../edge/link/uplink.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { encodeEnvelope, hashEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { verifyIntroduction } from "../../../shared/document/introduction.ts";
import { verifyInvitation } from "../../../shared/document/invitation.ts";
import type { DocumentHash } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import {
  bootId,
  paperAt,
  PaperSite,
  publicOf,
  refused,
  seedOf,
  signed,
  suite,
} from "../document/paper-site.ts";

async function claimed() {
  const site = await PaperSite.make();
  const folder = temporaryFolder();
  const clock = new TurnedClock(paperAt * 1000);
  const invitation = await signed(
    "invitation",
    {
      site: site.id,
      invitation: toBase64Url(new Uint8Array(16)),
      publicKey: await publicOf("one-time"),
      subject: { kind: "edge", name: "Hall 3" },
      issuedAt: paperAt,
      untilAt: paperAt + 86_400,
    },
    "anna",
  );
  const claim: Claim = {
    site: site.id,
    relays: [
      {
        name: "relay",
        url: "https://relay.example",
        attestationKey: await publicOf("relay"),
        authority: null,
      },
    ],
    invitation,
    privateKey: toBase64Url(seedOf("one-time")),
  };
  const identity = await openIdentity(suite, join(folder.path, "identity"), new Uint8Array(32));
  const journal = await openJournal({ folder: join(folder.path, "journal"), clock, bootId, suite });
  const { edge, sign } = identity;
  const manifest = site.id as string as DocumentHash;
  let checkpoints = 0;
  const open = (brought: Claim | undefined, nowAt = paperAt) =>
    openIntroduction({
      suite,
      path: join(folder.path, "introduction.json"),
      claim: brought,
      identity,
      nowAt,
      makeCheckpoint() {
        checkpoints += 1;
        return makeCheckpoint({ journal, site: site.id, edge, manifest, clock, sign });
      },
    });
  return {
    site,
    claim,
    identity,
    open,
    checkpoints: () => checkpoints,
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** A clock whose timers a test waits for. */
class WaitedClock extends TurnedClock {
  readonly delays: number[] = [];
  #waiters: (() => void)[] = [];

  override setTimer(delayMs: number, act: () => void): Disposable {
    this.delays.push(delayMs);
    for (const wake of this.#waiters.splice(0)) wake();
    return super.setTimer(delayMs, act);
  }

  async timers(count: number): Promise<void> {
    while (this.delays.length < count) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }
}

/** A relay that gives these statuses in turn; `null` cuts the connection. The last one stays. */
async function relayWith(...statuses: readonly (number | null)[]) {
  const bodies: string[] = [];
  const paths: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const status = statuses[Math.min(bodies.length, statuses.length - 1)] ?? null;
      bodies.push(body);
      paths.push(`${request.method} ${request.url}`);
      if (status === null) request.socket.destroy();
      else response.writeHead(status).end(`forged\nline ${"x".repeat(5000)}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const uplink = {
    authority: "relay.example",
    openStream: async () => connect(port, "127.0.0.1"),
  } as unknown as Uplink;
  return {
    bodies,
    paths,
    uplink,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function introducing(uplink: Uplink, signal = new AbortController().signal) {
  const site = await PaperSite.make();
  const introduction = await signed("introduction", { any: "text" }, "edge");
  const clock = new WaitedClock();
  const logged: string[] = [];
  const log = (line: string): void => void logged.push(line);
  const over = introduce({ uplink, site: site.id, introduction, clock, log, signal });
  return { site, introduction, clock, logged, over };
}

await group("introduction", {}, (test) => {
  test("is what the owner's code verifies: the box's own keys under its invitation, with a first checkpoint", async () => {
    await using box = await claimed();
    const introduction = await box.open(box.claim);
    const held = box.site.held();
    const invitation = await verifyInvitation(box.claim.invitation, held);
    const { payload } = await verifyIntroduction(introduction, held, invitation);
    assert.is(payload.edge?.signingKey, toBase64Url(box.identity.signing.publicKey));
    assert.is(payload.edge?.sealingKey, toBase64Url(box.identity.sealing.publicKey));
    assert.is(payload.site, box.site.id);
    assert.is(box.checkpoints(), 1);
  });

  test("is signed once: a new start sends the same bytes, without its claim and at any time", async () => {
    await using box = await claimed();
    const first = await box.open(box.claim);
    const again = await box.open(undefined, paperAt + 86_400);
    assert.is(await hashEnvelope(again), await hashEnvelope(first));
    assert.is(encodeEnvelope(again), encodeEnvelope(first));
    assert.is(box.checkpoints(), 1);
  });

  test("without a claim there is nothing to sign", async () => {
    await using box = await claimed();
    await refused(() => box.open(undefined), "config_invalid", /--claim FILE/);
  });

  test("under another's one-time key it is nothing to the owner's code", async () => {
    await using box = await claimed();
    const introduction = await box.open({
      ...box.claim,
      privateKey: toBase64Url(seedOf("stranger")),
    });
    const held = box.site.held();
    const invitation = await verifyInvitation(box.claim.invitation, held);
    const verify = () => verifyIntroduction(introduction, held, invitation);
    await refused(verify, "signature_invalid", /may not sign/);
  });

  for (const status of [200, 201]) {
    test(`a relay that answers ${status} has it`, async () => {
      await using relay = await relayWith(status);
      const { site, introduction, over, logged, clock } = await introducing(relay.uplink);
      await over;
      assert.equal(relay.paths, [`POST /api/sites/${site.id}/documents`]);
      const { envelope } = JSON.parse(relay.bodies[0] ?? "") as { envelope: Envelope };
      assert.is(JSON.stringify(envelope), encodeEnvelope(introduction));
      assert.match(logged.join("\n"), /waiting for a manifest/);
      assert.equal(clock.delays, []);
    });
  }

  test("409 is no reason to go on: somebody has answered the invitation, and the log says so", async () => {
    await using relay = await relayWith(409);
    const { over, logged, clock } = await introducing(relay.uplink);
    await over;
    assert.match(logged.join("\n"), /introduction refused/);
    assert.is(relay.bodies.length, 1);
    assert.equal(clock.delays, []);
  });

  test("cut, refused or overloaded it is sent again, the same and ever less often, up to a minute", async () => {
    await using relay = await relayWith(null, 503, 500, 404, 400, 429, 413, 502, 201);
    const { over, clock, logged } = await introducing(relay.uplink);
    for (let round = 1; round <= 8; round += 1) {
      await clock.timers(round);
      assert.is(relay.bodies.length, round);
      clock.advanceMs(clock.delays.at(-1) ?? 0);
    }
    await over;
    assert.equal(clock.delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    assert.is(new Set(relay.bodies).size, 1);
    assert.match(logged[0] ?? "", /introduction not sent/);
    assert.match(logged[1] ?? "", /introduction not taken: 503/);
  });

  test("what a relay answers goes to the log cut short and on one line", async () => {
    await using relay = await relayWith(503, 201);
    const { over, clock, logged } = await introducing(relay.uplink);
    await clock.timers(1);
    clock.advanceMs(1000);
    await over;
    assert.ok((logged[0] ?? "").length < 400);
    assert.is(logged[0]?.includes("\n"), false);
  });

  test("an edge that stops waits no longer and sends nothing more", async () => {
    await using relay = await relayWith(503);
    const stop = new AbortController();
    const { over, clock } = await introducing(relay.uplink, stop.signal);
    await clock.timers(1);
    stop.abort();
    await over;
    clock.advanceMs(60_000);
    assert.is(relay.bodies.length, 1);
  });
});
