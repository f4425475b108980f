// The worked examples of shared/protocol.md ("Envelopes", "Worked chain"), read out of the page: our code and the naive twin both make them from
// the stated seeds, byte for byte, and both walk the chain. Properties then compare the two on texts that nobody wrote.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { fromUtf8, toBase64, toBase64Url } from "../../../shared/bytes.ts";
import {
  encodeEnvelope,
  hashEnvelope,
  pae,
  parseEnvelope,
  signEnvelope,
  type Envelope,
} from "../../../shared/document/envelope.ts";
import { verifyGrant } from "../../../shared/document/grant.ts";
import { verifyProof } from "../../../shared/document/proof.ts";
import { verifyRequest } from "../../../shared/document/request.ts";
import { ed25519Signer } from "../../../shared/document/signer.ts";
import { parseStrictJson } from "../../../shared/document/strict-json.ts";
import { acceptFirst } from "../../../shared/document/succession.ts";
import type { EdgeId, SiteId } from "../../../shared/ids.ts";
import {
  readStrictJson,
  twinHash,
  twinKeyId,
  twinPae,
  twinPublicKey,
  twinSign,
  twinWalk,
  type TwinEnvelope,
} from "../../naive-twin/documents.ts";
import { group } from "../../support/group.ts";
import { suite } from "./paper-site.ts";

const page = readFileSync(join(import.meta.dirname, "../../../shared/protocol.md"), "utf8");

/** Seeds as the page states them, by who signs. */
const seeds: Readonly<Record<string, number>> = { anna: 1, vera: 2, "the edge": 3 };
const seedOf = (signer: string) => new Uint8Array(32).fill(seeds[signer] ?? 0);

interface Step {
  readonly type: string;
  readonly signer: string;
  readonly payload: string;
  readonly hash: string;
  readonly sig: string;
}

const stepPattern =
  /\*\*\d+\. ([a-z-]+)\*\*, signed by ([a-z ]+)\n\n```text\n(.*)\n```\n\n {4}hash (\S+)\n {4}sig {2}(\S+)/g;
const steps: readonly Step[] = [...page.matchAll(stepPattern)].map((match) => {
  const [, type = "", signer = "", payload = "", hash = "", sig = ""] = match;
  return { type, signer, payload, hash, sig };
});

/** A value of the envelope example by its label. */
function example(label: string): string {
  return new RegExp(`^ {4}${label} +(\\S+)$`, "m").exec(page)?.[1] ?? "";
}

async function made({ type, signer, payload }: Step): Promise<Envelope> {
  const pair = await suite.ed25519KeyPair(seedOf(signer));
  return signEnvelope(type, parseStrictJson(payload), [ed25519Signer(suite, pair)]);
}

function twinMade({ type, signer, payload }: Step): TwinEnvelope {
  return twinSign(type, payload, [Buffer.from(seedOf(signer))]);
}

async function chain(): Promise<Readonly<Record<string, Envelope>>> {
  const made_ = await Promise.all(
    steps.map(async (step) => [step.type, await made(step)] as const),
  );
  return Object.fromEntries(made_);
}

function accepts(read: (text: string) => unknown, text: string): string | undefined {
  try {
    return JSON.stringify(read(text));
  } catch {
    return undefined;
  }
}

await group("protocol: documents", {}, (test) => {
  test("the page's envelope is made from its seed, by both", async () => {
    const pair = await suite.ed25519KeyPair(new Uint8Array(32).fill(1));
    const envelope = await signEnvelope("deny", { a: 1 }, [ed25519Signer(suite, pair)]);
    const message = pae("deny", envelope.payload);
    assert.is(pair.publicKey.toHex(), example("public"));
    assert.is(message.toHex(), example("PAE"));
    assert.is((await suite.sha256(message)).toHex(), example("SHA-256"));
    assert.is(await hashEnvelope(envelope), example("hash"));
    assert.is(envelope.signatures[0]?.keyid, example("keyid"));
    assert.is(envelope.signatures[0]?.sig.toHex(), example("sig"));
    assert.ok(page.includes(`\n    ${encodeEnvelope(envelope)}\n`));

    const seed = Buffer.alloc(32, 1);
    const twin = twinSign("deny", '{"a":1}', [seed]);
    assert.is(twinPublicKey(seed).toString("hex"), example("public"));
    const twinMessage = twinPae(twin.payloadType, Buffer.from('{"a":1}'));
    assert.is(twinMessage.toString("hex"), example("PAE"));
    assert.is(twinHash(twin), example("hash"));
    assert.is(twinKeyId(twinPublicKey(seed)), example("keyid"));
    assert.is(JSON.stringify(twin), encodeEnvelope(envelope));
  });
  test("the page has the whole chain", () => {
    const types = steps.map(({ type }) => type);
    assert.equal(types, ["manifest", "checkpoint", "request", "grant", "proof"]);
  });
  for (const step of steps) {
    test(`the page's ${step.type} is made from its seed, by both`, async () => {
      const envelope = await made(step);
      assert.is(fromUtf8(envelope.payload), step.payload);
      assert.is(await hashEnvelope(envelope), step.hash);
      assert.is(toBase64(envelope.signatures[0]?.sig ?? new Uint8Array()), step.sig);
      const twin = twinMade(step);
      assert.is(twinHash(twin), step.hash);
      assert.is(twin.signatures[0]?.sig, step.sig);
      assert.is(JSON.stringify(twin), encodeEnvelope(envelope));
    });
  }
  test("the page's chain is verified from the pinned site id to the proof", async () => {
    const { manifest, request, grant, proof } = await chain();
    assert.ok(manifest && request && grant && proof);
    const pinned = (await hashEnvelope(manifest)) as string as SiteId;
    const { held: accepted } = await acceptFirst(suite, manifest, pinned);
    const held = { suite, manifest: accepted, rosters: [], nowAt: 1_795_420_800 };
    const asked = await verifyRequest(request, held);
    const granted = await verifyGrant(grant, held, { request: asked });
    const transcript = toBase64Url(new Uint8Array(32).fill(7));
    const edge = granted.payload.edge as EdgeId;
    const proven = await verifyProof(proof, held, { edge, purpose: "session", transcript });
    assert.is(proven.payload.grant, granted.hash);
    assert.is(granted.anchor.payload.manifest, pinned);
  });
  test("the page's chain is walked by the naive twin, and not with its grant replaced", async () => {
    const twins = Object.fromEntries(steps.map((step) => [step.type, twinMade(step)]));
    assert.is(twinWalk(twins), steps[0]?.hash);
    const grant = steps.find(({ type }) => type === "grant");
    assert.ok(grant);
    const changed = twinMade({
      ...grant,
      payload: grant.payload.replace('"minutes":10', '"minutes":11'),
    });
    assert.throws(() => twinWalk({ ...twins, grant: changed }), /grant's minutes/);
  });
  test("strict JSON: both read the same texts, and refuse the same", () => {
    const spellings = fc.oneof(
      fc.json(),
      fc.json().map((text) => text.replace(/[,:]/, "$& ")),
      fc.stringMatching(/^-?[0-9.eE+-]{1,8}$/),
      fc.stringMatching(/^"(\\["\\/bfnrtu]|[0-9a-fA-F]|[^"\\])*"$/),
      fc.stringMatching(/^\{("[0-9a]{1,2}":[0-9],){0,3}"[0-9a]{1,2}":1\}$/),
      fc.string({ unit: "binary", maxLength: 12 }).map((text) => JSON.stringify(text)),
      fc.string({ unit: "binary", maxLength: 12 }).map((text) => `"${text}"`),
      fc.constantFrom(
        '{"__proto__":1}',
        '"\\ud800"',
        '"\ud800"',
        "-0",
        "1e21",
        "1e+21",
        "",
        "\ufeff1",
      ),
    );
    fc.assert(
      fc.property(
        spellings,
        (text) => accepts(parseStrictJson, text) === accepts(readStrictJson, text),
      ),
      { numRuns: 5000 },
    );
  });
  test("envelopes: both make the same text, hash and signature of any payload and seed", async () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const type = fc.stringMatching(/^[a-z-]{1,12}$/);
    const json = fc
      .json({ maxDepth: 3 })
      .filter((text) => accepts(parseStrictJson, text) !== undefined);
    await fc.assert(
      fc.asyncProperty(seed, type, json, async (bytes, word, text) => {
        const signer = ed25519Signer(suite, await suite.ed25519KeyPair(bytes));
        const ours = await signEnvelope(word, parseStrictJson(text), [signer]);
        const twin = twinSign(word, text, [Buffer.from(bytes)]);
        assert.is(JSON.stringify(twin), encodeEnvelope(ours));
        assert.is(twinHash(twin), await hashEnvelope(ours));
        assert.equal(parseEnvelope(JSON.stringify(twin)), ours);
      }),
      { numRuns: 200 },
    );
  });
});
