// The second factor in the attacker's hands. A relay attests codes, so a hostile one can say what it likes of them: that is stated, and bounded here:
// an attestation holds for one person and one handshake, is used once, and never stands in for the person's key.
import * as assert from "uvu/assert";
import { nodeCrypto as suite } from "../../shared/crypto/node.ts";
import { signEnvelope, type Envelope, type SignPae } from "../../shared/document/envelope.ts";
import { group } from "../support/group.ts";
import { fromWire, payloadJson, strangersKey } from "./forger.ts";
import { enter, nowAt, sharedWorld, toWire, type Job, type World } from "./world.ts";

const shared = sharedWorld("required");
let granted: Promise<Job> | undefined;
let step = Math.floor(Date.now() / 30_000) + 1000;

function job(world: World): Promise<Job> {
  granted ??= world.grantedJob("press-hmi");
  return granted;
}

interface Word {
  readonly person?: string;
  readonly sign?: SignPae;
  readonly timeStep?: number;
}

/** The relay's word for a handshake, forged by its own key unless another one is given. */
async function attest(world: World, transcript: string, word: Word = {}): Promise<Envelope> {
  const { site, relay, vendor } = world;
  const sign = word.sign ?? (await strangersKey(relay.attestationSeed)).sign;
  step += 1;
  const payload = {
    site,
    person: word.person ?? vendor.id,
    transcript,
    timeStep: word.timeStep ?? step,
    issuedAt: nowAt(),
  };
  return signEnvelope("attestation", payload, [sign]);
}

await group("a hostile relay: the second factor", { timeoutMs: 90_000 }, (test) => {
  test("control: a code that is right opens the session; its attestation replayed into another session does not", async () => {
    const world = await shared();
    const { relay, vendor, installation } = world;
    const { id } = await job(world);
    let attestation: unknown;
    {
      using _recording = relay.attack({
        async api(call, forward) {
          const answer = await forward();
          if (call.path.endsWith("/attestations")) attestation = answer.body;
          return answer;
        },
      });
      const code = await installation.vendor.code();
      const ran = await vendor.do("ssh", "press-hmi", "--job", id, "--code", code, "--", "echo in");
      assert.is(ran.stdout, "in\n");
    }
    assert.ok(attestation);
    step =
      payloadJson<{ timeStep: number }>(fromWire((attestation as { envelope: unknown }).envelope))
        .timeStep + 1000;
    using _attack = relay.attack({
      api: async (call, forward) =>
        call.path.endsWith("/attestations") ? { status: 201, body: attestation } : forward(),
    });
    const again = await vendor.run(
      "ssh",
      "press-hmi",
      "--job",
      id,
      "--code",
      "000000",
      "--",
      "echo in",
    );
    assert.is(again.code, 77, again.stderr);
    assert.match(again.stderr, /a fresh code is needed/);
  });

  test("an attestation for another person does not serve, neither does one by a key that no manifest names", async () => {
    const world = await shared();
    const { approver } = world;
    const granted = await job(world);
    const stranger = await strangersKey();
    const words: Word[] = [
      { person: approver.id },
      { person: "nobody" },
      { sign: stranger.sign },
      { sign: world.vendor.sign },
      { sign: stranger.signAs(await vendorsRelayKeyId(world)) },
    ];
    for (const word of words) {
      using visited = await enter(world, granted, {
        attest: (transcript) => attest(world, transcript, word),
      });
      assert.match(visited.verdict, /^second-factor-needed/, JSON.stringify(word));
    }
  });

  test("a session without the second factor is refused", async () => {
    const world = await shared();
    using visited = await enter(world, await job(world));
    assert.match(visited.verdict, /^second-factor-needed/);
  });

  test("a code's time step serves one session", async () => {
    const world = await shared();
    const granted = await job(world);
    step += 1;
    const once = { timeStep: step };
    using first = await enter(world, granted, {
      attest: (transcript) => attest(world, transcript, once),
    });
    assert.is(first.verdict, "admitted");
    using second = await enter(world, granted, {
      attest: (transcript) => attest(world, transcript, once),
    });
    assert.match(second.verdict, /^second-factor-needed/);
  });

  test("a relay that forges the second factor has not the first: without the person's key nothing opens", async () => {
    const world = await shared();
    const { relay, vendor, approver } = world;
    const granted = await job(world);
    const relayKey = await strangersKey(relay.attestationSeed);
    const forged = (transcript: string) => attest(world, transcript);
    // Stated in SECURITY.md: together with the person's own key the relay's word is believed.
    using believed = await enter(world, granted, { attest: forged });
    assert.is(believed.verdict, "admitted");
    const keyid = await vendor.keyId();
    for (const sign of [relayKey.sign, relayKey.signAs(keyid), approver.sign]) {
      using visited = await enter(world, granted, { sign, attest: forged });
      assert.match(visited.verdict, /^not-permitted/);
    }
    using asOther = await enter(world, granted, {
      person: approver.id,
      sign: approver.sign,
      attest: (transcript) => attest(world, transcript, { person: approver.id }),
    });
    assert.match(asOther.verdict, /^not-permitted/, "an approver's key opens no vendor's session");
  });

  test("a proof given to another handshake, edge or purpose opens nothing", async () => {
    const world = await shared();
    const granted = await job(world);
    const forged = (transcript: string) => attest(world, transcript);
    const lies = [
      { transcript: Buffer.from(suite.randomBytes(32)).toString("base64url") },
      { edge: Buffer.from(suite.randomBytes(32)).toString("base64url") as never },
      { purpose: "status" as const },
    ];
    for (const proof of lies) {
      using visited = await enter(world, granted, { attest: forged, proof });
      assert.match(visited.verdict, /^not-permitted/, JSON.stringify(proof));
    }
  });

  test("afterwards the same edge serves whoever is permitted", async () => {
    await using world = await shared();
    const { vendor } = world;
    const { id } = await job(world);
    using _relay = world.relay.attack({
      async api(call, forward) {
        if (!call.path.endsWith("/attestations")) return forward();
        const { transcriptHash } = call.body as { transcriptHash: string };
        return { status: 201, body: { envelope: toWire(await attest(world, transcriptHash)) } };
      },
    });
    const ran = await vendor.do(
      "ssh",
      "press-hmi",
      "--job",
      id,
      "--code",
      "000000",
      "--",
      "echo in",
    );
    assert.is(ran.stdout, "in\n");
  });
});

/** The key id of the relay's attestation key, as the manifest has it. */
async function vendorsRelayKeyId(world: World): Promise<string> {
  const [{ attestationKey } = { attestationKey: "" }] = (await world.chain()).held.payload.relays;
  return Buffer.from(await suite.sha256(Buffer.from(attestationKey, "base64url"))).toString(
    "base64url",
  );
}
