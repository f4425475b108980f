// Hello, answer and keys: every cut and every changed byte of either is found, and only the one edge is believed.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { decodeAnswer } from "../../../shared/channel/answer.ts";
import type { EpochKeys, SentHello } from "../../../shared/channel/handshake.ts";
import {
  answerHello,
  chooseCipher,
  finishHello,
  makeHello,
  refuseHello,
} from "../../../shared/channel/handshake.ts";
import { decodeHello, encodeHello } from "../../../shared/channel/hello.ts";
import { browserCrypto } from "../../../shared/crypto/browser.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { ChannelId, EdgeId, SiteId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";

const suite = nodeCrypto;
const site = toBase64Url(new Uint8Array(32).fill(1)) as SiteId;
const channel = toBase64Url(new Uint8Array(16).fill(2)) as ChannelId;
const psk = { key: new Uint8Array(32).fill(3), id: new Uint8Array(32).fill(4) };
const kinds = ["open", "resume", "further"] as const;

await group("handshake", { timeoutMs: 60_000 }, (test) => {
  for (const kind of kinds) {
    test(`${kind}: both sides derive the same keys, and no two of them are alike`, async () => {
      const { vendor, edge } = await shake(kind);
      assert.equal(vendor, edge);
      const keys = [
        vendor.vendorToEdge,
        vendor.edgeToVendor,
        vendor.resume.key,
        vendor.further.key,
      ];
      assert.is(new Set(keys.map((key) => key.toHex())).size, 4);
    });

    test(`${kind}: two handshakes share no key`, async () => {
      const [one, other] = [await shake(kind), await shake(kind)];
      assert.not.equal(one.vendor.vendorToEdge, other.vendor.vendorToEdge);
      assert.not.equal(one.vendor.resume.key, other.vendor.resume.key);
    });

    test(`${kind}: hello and answer are read at their full length only`, async () => {
      const { sent, answer } = await shake(kind);
      assert.equal(encodeHello(decodeHello(sent.bytes)), sent.bytes);
      for (let length = 0; length < sent.bytes.length; length += 1) {
        refuses(() => decodeHello(sent.bytes.subarray(0, length)));
      }
      for (let length = 0; length < answer.length; length += 1) {
        refuses(() => decodeAnswer(answer.subarray(0, length), kind === "open"));
      }
      refuses(() => decodeHello(new Uint8Array([...sent.bytes, 0])));
      refuses(() => decodeAnswer(new Uint8Array([...answer, 0]), kind === "open"));
    });

    test(`${kind}: a hello that was changed in any byte gives no common key`, async () => {
      const { identity, sent } = await begin(kind);
      for (const at of positions(sent.bytes.length)) {
        const changed = flip(sent.bytes, at);
        await comesToNothing(
          async () => {
            const hello = decodeHello(changed);
            const cipher = chooseCipher(suite, hello);
            if (cipher === undefined) throw new SallyportError("handshake_failed", "no suite");
            const { answer, keys } = await answerHello(
              suite,
              identity.privateKey,
              changed,
              cipher,
              kind === "open" ? undefined : psk,
            );
            return { answer, keys };
          },
          sent,
          identity.publicKey,
        );
      }
    });

    test(`${kind}: an answer that was changed in any byte gives no common key`, async () => {
      const { identity, sent } = await begin(kind);
      const { answer, keys } = await answerHello(
        suite,
        identity.privateKey,
        sent.bytes,
        "aes-256-gcm",
        kind === "open" ? undefined : psk,
      );
      for (const at of positions(answer.length)) {
        const changed = flip(answer, at);
        await comesToNothing(async () => ({ answer: changed, keys }), sent, identity.publicKey);
      }
    });
  }

  test("an answer signed by another edge is refused", async () => {
    const { sent } = await begin("open");
    const other = await suite.ed25519KeyPair();
    const expected = await suite.ed25519KeyPair();
    const { answer } = await answerHello(suite, other.privateKey, sent.bytes, "aes-256-gcm");
    const edge = { id: "edge" as EdgeId, signingKey: expected.publicKey };
    await rejects(finishHello(suite, edge, sent, answer));
  });

  test("an answer to another hello is refused", async () => {
    const { identity, sent } = await begin("open");
    const earlier = await begin("open");
    const { answer } = await answerHello(
      suite,
      identity.privateKey,
      earlier.sent.bytes,
      "aes-256-gcm",
    );
    const edge = { id: "edge" as EdgeId, signingKey: identity.publicKey };
    await rejects(finishHello(suite, edge, sent, answer));
  });

  test("a suite that was not offered is refused, even under the edge's signature", async () => {
    const identity = await suite.ed25519KeyPair();
    const sent = await makeHello(browserCrypto, {
      site,
      edge: site as string as EdgeId,
      purpose: "session",
    });
    const { answer } = await answerHello(suite, identity.privateKey, sent.bytes, "aes-256-gcm");
    const edge = { id: "edge" as EdgeId, signingKey: identity.publicKey };
    await rejects(finishHello(browserCrypto, edge, sent, answer));
  });

  test("a resumption under another key gives no common key", async () => {
    const { identity, sent } = await begin("resume");
    const { answer, keys } = await answerHello(
      suite,
      identity.privateKey,
      sent.bytes,
      "aes-256-gcm",
      { ...psk, key: new Uint8Array(32).fill(9) },
    );
    await comesToNothing(async () => ({ answer, keys }), sent, identity.publicKey);
  });

  for (const code of ["unknown", "unsupported", "busy"] as const) {
    test(`the refusal "${code}" is believed only under the edge's signature over this hello`, async () => {
      const { identity, sent } = await begin("resume");
      const edge = { id: "edge" as EdgeId, signingKey: identity.publicKey };
      const answer = await refuseHello(suite, identity.privateKey, sent.bytes, code);
      assert.equal(await finishHello(suite, edge, sent, answer), { outcome: code });
      for (let at = 0; at < answer.length; at += 1) {
        await rejects(finishHello(suite, edge, sent, flip(answer, at)));
      }
      const other = await begin("resume");
      await rejects(finishHello(suite, edge, other.sent, answer));
    });
  }

  test("the edge chooses what it seals fastest of what it was offered", () => {
    const prefers = (...names: ("aes-256-gcm" | "chacha20-poly1305")[]) => ({
      ...suite,
      ciphersByPreference: () => names,
    });
    const hello = (...ciphers: ("aes-256-gcm" | "chacha20-poly1305")[]) =>
      ({ ciphers }) as unknown as Parameters<typeof chooseCipher>[1];
    const both = prefers("chacha20-poly1305", "aes-256-gcm");
    assert.is(chooseCipher(both, hello("aes-256-gcm", "chacha20-poly1305")), "chacha20-poly1305");
    assert.is(chooseCipher(both, hello("aes-256-gcm")), "aes-256-gcm");
    assert.is(chooseCipher(prefers("aes-256-gcm"), hello("chacha20-poly1305")), undefined);
  });

  test("suites of later versions are passed over, doubled ones refused", async () => {
    const { sent } = await begin("open");
    const later = sent.bytes.slice();
    later[3] = 9;
    assert.equal(decodeHello(later).ciphers.length, sent.hello.ciphers.length - 1);
    const doubled = sent.bytes.slice();
    doubled[4] = doubled[3] ?? 0;
    refuses(() => decodeHello(doubled));
  });
});

async function begin(kind: (typeof kinds)[number]) {
  const identity = await suite.ed25519KeyPair();
  const sent = await makeHello(suite, {
    site,
    edge: site as string as EdgeId,
    purpose: "session",
    ...(kind !== "open" && { standing: { kind, channel, number: 1, psk } }),
  });
  return { identity, sent };
}

async function shake(kind: (typeof kinds)[number]) {
  const { identity, sent } = await begin(kind);
  const { answer, keys } = await answerHello(
    suite,
    identity.privateKey,
    sent.bytes,
    "aes-256-gcm",
    kind === "open" ? undefined : psk,
  );
  const edge = { id: "edge" as EdgeId, signingKey: identity.publicKey };
  const result = await finishHello(suite, edge, sent, answer);
  if (result.outcome !== "accepted") throw new Error(`answered ${result.outcome}`);
  return { vendor: result.keys, edge: keys, sent, answer };
}

/** Either somebody refuses, or the two sides end with nothing in common. */
async function comesToNothing(
  answerIt: () => Promise<{ answer: Uint8Array; keys: EpochKeys }>,
  sent: SentHello,
  publicKey: Uint8Array,
): Promise<void> {
  try {
    const { answer, keys } = await answerIt();
    const edge = { id: "edge" as EdgeId, signingKey: publicKey };
    const again = { ...sent, privateKey: sent.privateKey.slice() };
    const result = await finishHello(suite, edge, again, answer);
    if (result.outcome !== "accepted") throw new Error("a forged refusal was believed");
    assert.not.equal(result.keys.vendorToEdge, keys.vendorToEdge);
    assert.not.equal(result.keys.edgeToVendor, keys.edgeToVendor);
    assert.not.equal(result.keys.resume.key, keys.resume.key);
  } catch (thrown) {
    if (!(thrown instanceof SallyportError)) throw thrown;
  }
}

/** All bytes but those in the middle of the long keys, of which every 29th. */
function positions(length: number): number[] {
  const all = Array.from({ length }, (_, at) => at);
  return all.filter((at) => at < 120 || at > length - 80 || at % 29 === 0);
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function refuses(act: () => unknown): void {
  assert.throws(
    act,
    (thrown: unknown) => thrown instanceof SallyportError && thrown.code === "handshake_failed",
  );
}

async function rejects(promise: Promise<unknown>): Promise<void> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  assert.ok(thrown instanceof SallyportError && thrown.code === "handshake_failed");
}
