// Newcomers whose invitation, introduction or claim goes through the attacker's hands: he wants keys of his own in the manifest, under their names.
import { join } from "node:path";
import * as assert from "uvu/assert";
import { toBase64Url } from "../../shared/bytes.ts";
import { nodeCrypto as suite } from "../../shared/crypto/node.ts";
import { embed } from "../../shared/document/fields.ts";
import {
  hashEnvelope,
  signEnvelope,
  type Envelope,
  type SignPae,
} from "../../shared/document/envelope.ts";
import { parseIntroduction, type Introduction } from "../../shared/document/introduction.ts";
import { parseInvitation } from "../../shared/document/invitation.ts";
import type { ManifestChain } from "../../shared/document/succession.ts";
import { walkChain } from "../../shared/document/succession.ts";
import { parseSiteId, type SiteId } from "../../shared/ids.ts";
import { group } from "../support/group.ts";
import { Person, startEdge } from "../support/installation.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { Actor } from "./actor.ts";
import { altered, fromWire, strangersKey } from "./forger.ts";
import { HostileRelay, type Faults } from "./hostile-relay.ts";
import { listedManifest, showingManifests } from "./lies.ts";
import { nowAt, toWire } from "./world.ts";

interface Beginning extends AsyncDisposable {
  readonly relay: HostileRelay;
  readonly owner: Actor;
  readonly site: SiteId;
  readonly folder: string;
  readonly newActor: (id: string) => Actor;
  /** Creates one more site of the same owner at the same relay. */
  readonly createSite: (name: string) => Promise<SiteId>;
  readonly chain: () => Promise<ManifestChain>;
}

async function begin(): Promise<Beginning> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const relay = started.use(await HostileRelay.start(folder.path));
  const newActor = (id: string): Actor => new Actor(new Person(id, folder));
  const owner = newActor("anna");
  const createSite = async (name: string): Promise<SiteId> => {
    const names = [
      "site",
      "create",
      name,
      "--yes",
      "--owner",
      owner.id,
      "--second-factor",
      "waived",
    ];
    const where = ["--relay", relay.url, "--authority", relay.authority];
    const token = ["--registration-token", relay.registrationToken];
    const files = [
      "--audit-key",
      join(folder.path, `${name}.json`),
      "--sheet",
      join(folder.path, `${name}.txt`),
    ];
    const { site } = await owner.ask<{ site: string }>(...names, ...where, ...token, ...files);
    return parseSiteId(site);
  };
  const site = await createSite("press");
  const chain = async () => walkChain(suite, await owner.home.manifests(site), site);
  const ending = started.move();
  const end = () => ending.disposeAsync();
  return {
    relay,
    owner,
    site,
    folder: folder.path,
    newActor,
    createSite,
    chain,
    [Symbol.asyncDispose]: end,
  };
}

/** An invitation's link, and the one-time key in it, which the attacker does not have. */
async function invited(owner: Actor, id: string, role: string): Promise<string> {
  return (await owner.ask<{ link: string }>("invite", id, "--role", role)).link;
}

function answers({ relay }: Beginning, newcomer: Actor, link: string) {
  return newcomer.run("introduce", link, "--authority", relay.authority);
}

async function waiting(owner: Actor): Promise<string[]> {
  const listed = await owner.ask<{ who: string }[]>("accept", "--list");
  return listed.map(({ who }) => who);
}

/** Swaps the introduction that a newcomer posts, and shows the owner the swapped one. */
function swapping(
  { relay }: Beginning,
  swap: (genuine: Envelope) => Promise<Envelope>,
): Disposable {
  const swapped: { envelope?: Envelope } = {};
  const api: Faults["api"] = async (call, forward) => {
    const { envelope } = (call.body ?? {}) as { envelope?: { payloadType: string } };
    if (envelope?.payloadType === "application/vnd.sallyport.introduction+json") {
      swapped.envelope = await swap(fromWire(envelope));
      return {
        status: 201,
        body: { hash: await hashEnvelope(swapped.envelope), seq: 99, state: "complete" },
      };
    }
    const answer = await forward();
    if (call.method !== "GET" || !/type=[^&]*introduction/.test(call.path) || !swapped.envelope)
      return answer;
    const body = answer.body as { documents: object[] };
    const added = {
      seq: 99,
      hash: await hashEnvelope(swapped.envelope),
      type: "introduction",
      state: "complete",
      at: nowAt(),
      envelope: toWire(swapped.envelope),
    };
    return { ...answer, body: { ...body, documents: [...body.documents, added] } };
  };
  return relay.attack({ api });
}

async function resigned(
  genuine: Envelope,
  change: Partial<Introduction>,
  ...sign: SignPae[]
): Promise<Envelope> {
  return signEnvelope("introduction", { ...parseIntroduction(genuine), ...change }, sign);
}

await group("a hostile relay: newcomers", { timeoutMs: 90_000 }, (test) => {
  test("control: a newcomer who answers his invitation is listed, with his own key", async () => {
    await using beginning = await begin();
    const { owner, newActor, chain } = beginning;
    const vera = newActor("vera");
    assert.is((await answers(beginning, vera, await invited(owner, "vera", "vendor"))).code, 0);
    assert.equal(await waiting(owner), ["vera"]);
    await owner.do("accept", "--yes");
    const listed = (await chain()).held.payload.persons.find(({ id }) => id === "vera");
    assert.is(JSON.stringify(listed?.keys), JSON.stringify([await vera.publicKey()]));
  });

  test("an invitation that is swapped or altered on its way is not answered", async () => {
    await using beginning = await begin();
    const { relay, owner, newActor } = beginning;
    const link = await invited(owner, "vera", "vendor");
    const attacker = await strangersKey();
    const swaps: ((genuine: Envelope) => Promise<Envelope>)[] = [
      async (genuine) => altered(genuine, { publicKey: attacker.public }),
      async (genuine) =>
        altered(genuine, {
          subject: { kind: "person", id: "vera", name: "vera", roles: ["owner"] },
        }),
      async (genuine) =>
        signEnvelope("invitation", { ...parseInvitation(genuine), publicKey: attacker.public }, [
          attacker.sign,
        ]),
    ];
    const vera = newActor("vera");
    for (const swap of swaps) {
      using _attack = relay.attack({
        async api(call, forward) {
          const answer = await forward();
          if (!call.path.includes("/invitations/")) return answer;
          const body = answer.body as { envelope: unknown };
          return {
            ...answer,
            body: { ...body, envelope: toWire(await swap(fromWire(body.envelope))) },
          };
        },
      });
      const answered = await answers(beginning, vera, link);
      assert.is(answered.code, 76, answered.stderr);
      assert.match(answered.stderr, /another invitation than the link's/);
    }
    assert.is((await answers(beginning, vera, link)).code, 0);
  });

  test("keys that are swapped in an introduction are never listed", async () => {
    await using beginning = await begin();
    const { owner, newActor } = beginning;
    const attacker = await strangersKey();
    const keys = [{ kind: "ed25519" as const, public: attacker.public }];
    const swaps: ((genuine: Envelope) => Promise<Envelope>)[] = [
      (genuine) => resigned(genuine, { keys }, attacker.sign),
      async (genuine) => altered(genuine, { keys }),
      async (genuine) => {
        const { signatures } = await resigned(genuine, { keys }, attacker.sign);
        return {
          ...altered(genuine, { keys }),
          signatures: [...genuine.signatures, ...signatures],
        };
      },
    ];
    for (const [index, swap] of swaps.entries()) {
      const id = `vera${index}`;
      using _attack = swapping(beginning, swap);
      assert.is(
        (await answers(beginning, newActor(id), await invited(owner, id, "vendor"))).code,
        0,
      );
      const accepted = await owner.run("accept", "--yes");
      assert.match(accepted.stderr, new RegExp(`introduction of "${id}" does not count`));
      assert.match(accepted.stdout, /nobody waits/);
    }
  });

  test("an answer that is moved to another's invitation lists nobody there", async () => {
    await using beginning = await begin();
    const { owner, newActor } = beginning;
    const strong = await owner.ask<{ invitation: string }>("invite", "max", "--role", "approver");
    using _attack = swapping(beginning, async (genuine) =>
      altered(genuine, { invitation: strong.invitation }),
    );
    assert.is(
      (await answers(beginning, newActor("vera"), await invited(owner, "vera", "vendor"))).code,
      0,
    );
    assert.equal(await waiting(owner), []);
  });

  test("an invitation that the relay invented, answered by the relay, lists nobody", async () => {
    await using beginning = await begin();
    const { relay, owner, site } = beginning;
    const [oneTime, attacker] = [await strangersKey(), await strangersKey()];
    const invitation = await signEnvelope(
      "invitation",
      {
        site,
        invitation: toBase64Url(suite.randomBytes(16)),
        publicKey: oneTime.public,
        subject: { kind: "person", id: "mallory", name: "Mallory", roles: ["approver"] },
        issuedAt: nowAt(),
        untilAt: nowAt() + 3600,
      },
      [(await strangersKey(relay.attestationSeed)).signAs(await owner.keyId())],
    );
    const introduction = await signEnvelope(
      "introduction",
      {
        site,
        invitation: await hashEnvelope(invitation),
        keys: [{ kind: "ed25519", public: attacker.public }],
        edge: null,
        issuedAt: nowAt(),
      },
      [oneTime.sign, attacker.sign],
    );
    using _attack = relay.attack({
      async api(call, forward) {
        if (call.method !== "GET" || !/type=[^&]*introduction/.test(call.path)) return forward();
        const documents = [invitation, introduction].map((envelope, seq) => {
          return {
            seq,
            hash: "",
            type: envelope.type,
            state: "complete",
            at: 0,
            envelope: toWire(envelope),
          };
        });
        return { status: 200, body: { documents, after: 2 } };
      },
    });
    assert.equal(await waiting(owner), []);
  });

  test("an edge's keys that are swapped under its claim are never listed; the edge's own are", async () => {
    await using beginning = await begin();
    const { owner, folder, site, chain } = beginning;
    const attackers = await suite.ed25519KeyPair();
    const attacker = await strangersKey(attackers.privateKey);
    const claim = join(folder, "claim.json");
    await owner.do("claim", "Hall 3", "--out", claim);
    let genuine: Envelope | undefined;
    {
      const swapped = Promise.withResolvers<void>();
      using _attack = swapping(beginning, async (envelope) => {
        genuine = envelope;
        const { edge } = parseIntroduction(envelope);
        assert.ok(edge);
        const checkpoint = await signEnvelope(
          "checkpoint",
          {
            ...JSON.parse(Buffer.from(edge.checkpoint.payload, "base64").toString()),
            edge: await attacker.edgeId(),
          },
          [attacker.sign],
        );
        swapped.resolve();
        const own = { ...edge, signingKey: attacker.public, checkpoint: embed(checkpoint) };
        return resigned(envelope, { edge: own }, attacker.sign);
      });
      await using _edge = await startEdge(folder, claim);
      await swapped.promise;
      const accepted = await owner.run("accept", "--yes");
      assert.match(accepted.stderr, /introduction of "Hall 3" does not count/);
      assert.equal((await chain()).held.payload.edges, []);
    }
    await using _edge = await startEdge(folder, claim);
    while ((await waiting(owner)).length === 0);
    await owner.do("accept", "--yes");
    const [listed] = (await chain()).held.payload.edges;
    assert.ok(genuine);
    assert.is(listed?.signingKey, parseIntroduction(genuine).edge?.signingKey);
    assert.is(parseIntroduction(genuine).site, site);
  });

  test("a newcomer who is shown another site than the one he pinned goes no further", async () => {
    await using beginning = await begin();
    const { relay, owner, newActor, createSite, site } = beginning;
    const other = await createSite("other");
    const vera = newActor("vera");
    const link = (
      await owner.ask<{ link: string }>("--site", site, "invite", "vera", "--role", "vendor")
    ).link;
    assert.is((await answers(beginning, vera, link)).code, 0);
    await owner.do("--site", site, "accept", "--yes");
    const [first] = await owner.home.manifests(other);
    assert.ok(first);
    {
      using _attack = showingManifests(relay, () => [listedManifest(first, other)]);
      const shown = await vera.run("requests");
      assert.is.not(shown.code, 0);
      assert.match(shown.stderr, /is not the pinned first one/);
    }
    assert.is((await vera.run("requests")).code, 0);
  });
});
