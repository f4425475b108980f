// Both crypto suites against published vectors and against each other: what one makes, the other opens.
import { createSign, generateKeyPairSync } from "node:crypto";
import * as assert from "uvu/assert";
import { concatBytes, utf8 } from "../../../shared/bytes.ts";
import { browserCrypto, createBrowserCrypto } from "../../../shared/crypto/browser.ts";
import { createNodeCrypto, nodeCrypto } from "../../../shared/crypto/node.ts";
import type { CryptoSuite, PublicJwk } from "../../../shared/crypto/suite.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const suites: readonly CryptoSuite[] = [nodeCrypto, browserCrypto];
const pairs = suites.flatMap((maker) => suites.map((taker) => [maker, taker] as const));

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

await group("crypto suites", {}, (test) => {
  for (const suite of suites) {
    test(`${suite.name}: RFC 5869 test case 1 (HKDF-SHA256)`, async () => {
      const prk = await suite.hkdfExtract(
        hex("000102030405060708090a0b0c"),
        new Uint8Array(22).fill(0x0b),
      );
      assert.is(prk.toHex(), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
      const okm = await suite.hkdfExpand(prk, hex("f0f1f2f3f4f5f6f7f8f9"), 42);
      assert.is(
        okm.toHex(),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
      );
    });

    test(`${suite.name}: RFC 5869 test case 3 (empty salt and info)`, async () => {
      const empty = new Uint8Array();
      const prk = await suite.hkdfExtract(empty, new Uint8Array(22).fill(0x0b));
      assert.is(
        (await suite.hkdfExpand(prk, empty, 42)).toHex(),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
      );
    });

    test(`${suite.name}: SHA-256 of parts is SHA-256 of their concatenation`, async () => {
      assert.is(
        (await suite.sha256(utf8("a"), utf8("b"), utf8("c"))).toHex(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      );
    });

    test(`${suite.name}: RFC 8032 §7.1 test 1 (Ed25519)`, async () => {
      const seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
      const pair = await suite.ed25519KeyPair(seed);
      assert.is(
        pair.publicKey.toHex(),
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      );
      assert.is(
        (await suite.ed25519Sign(pair.privateKey, new Uint8Array())).toHex(),
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
      );
    });

    test(`${suite.name}: X-Wing draft vector 1`, async () => {
      const seed = hex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");
      const encapsulationSeed = hex(
        "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
      );
      const create = suite.name === "node" ? createNodeCrypto : createBrowserCrypto;
      const pinned = create(() => encapsulationSeed);
      const { publicKey, privateKey } = await pinned.xwingKeyPair(seed);
      const { encapsulation, sharedSecret } = await pinned.xwingEncapsulate(publicKey);
      assert.is(
        sharedSecret.toHex(),
        "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384",
      );
      assert.equal(await pinned.xwingDecapsulate(encapsulation, privateKey), sharedSecret);
    });

    test(`${suite.name}: X-Wing refuses a key or encapsulation of another length`, async () => {
      const { publicKey, privateKey } = await suite.xwingKeyPair();
      await rejects(suite.xwingEncapsulate(publicKey.subarray(1)), "handshake_failed");
      await rejects(suite.xwingDecapsulate(new Uint8Array(1119), privateKey), "handshake_failed");
      await rejects(suite.xwingKeyPair(new Uint8Array(31)), "handshake_failed");
    });

    test(`${suite.name}: fresh keys differ`, async () => {
      const [one, other] = [await suite.ed25519KeyPair(), await suite.ed25519KeyPair()];
      assert.not.equal(one.privateKey, other.privateKey);
      assert.not.equal(suite.randomBytes(16), suite.randomBytes(16));
    });

    test(`${suite.name}: what no platform can parse does not verify, and does not throw`, async () => {
      const { publicKey } = await suite.ed25519KeyPair();
      const message = utf8("message");
      assert.is(await suite.ed25519Verify(publicKey, message, new Uint8Array(63)), false);
      assert.is(await suite.ed25519Verify(new Uint8Array(31), message, new Uint8Array(64)), false);
      assert.is(await suite.verifyJwk({ kty: "EC" }, "ES256", message, new Uint8Array(70)), false);
    });

    test(`${suite.name}: passkey signatures verify by the stored key's algorithm only`, async () => {
      const message = utf8("authenticatorData and client data hash");
      const ec = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
      const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const ecJwk = ec.publicKey.export({ format: "jwk" }) as unknown as PublicJwk;
      const rsaJwk = rsa.publicKey.export({ format: "jwk" }) as unknown as PublicJwk;
      const rsaSignature = createSign("sha256").update(message).sign(rsa.privateKey);
      for (let round = 0; round < 40; round += 1) {
        // Many rounds, because leading zeros of r and s change the DER's shape.
        const signature = createSign("sha256").update(message).sign(ec.privateKey);
        assert.is(await suite.verifyJwk(ecJwk, "ES256", message, signature), true);
        assert.is(await suite.verifyJwk(ecJwk, "ES256", utf8("other"), signature), false);
      }
      assert.is(await suite.verifyJwk(rsaJwk, "RS256", message, rsaSignature), true);
      assert.is(await suite.verifyJwk(rsaJwk, "ES256", message, rsaSignature), false);
      assert.is(await suite.verifyJwk(rsaJwk, "RS256", utf8("other"), rsaSignature), false);
      const okp = await suite.ed25519KeyPair();
      const okpJwk: PublicJwk = {
        kty: "OKP",
        crv: "Ed25519",
        x: okp.publicKey.toBase64({ alphabet: "base64url", omitPadding: true }),
      };
      const okpSignature = await suite.ed25519Sign(okp.privateKey, message);
      assert.is(await suite.verifyJwk(okpJwk, "EdDSA", message, okpSignature), true);
      assert.is(await suite.verifyJwk(okpJwk, "EdDSA", utf8("other"), okpSignature), false);
    });
  }

  for (const [maker, taker] of pairs) {
    test(`${taker.name} verifies and decapsulates what ${maker.name} made`, async () => {
      const message = utf8("message");
      const signer = await maker.ed25519KeyPair();
      const signature = await maker.ed25519Sign(signer.privateKey, message);
      assert.is(await taker.ed25519Verify(signer.publicKey, message, signature), true);
      for (const at of [0, 31, 32, 63]) {
        const forged = flipped(signature, at);
        assert.is(await taker.ed25519Verify(signer.publicKey, message, forged), false);
      }
      const receiver = await taker.xwingKeyPair();
      const sent = await maker.xwingEncapsulate(receiver.publicKey);
      assert.equal(
        await taker.xwingDecapsulate(sent.encapsulation, receiver.privateKey),
        sent.sharedSecret,
      );
    });

    for (const cipherName of maker.ciphersByPreference()) {
      if (!taker.ciphersByPreference().includes(cipherName)) continue;
      test(`${taker.name} opens ${cipherName} records of ${maker.name}, at every size`, () => {
        const key = maker.randomBytes(32);
        const nonce = maker.randomBytes(12);
        const sealer = maker.recordCipher(cipherName, key);
        const opener = taker.recordCipher(cipherName, key);
        for (const size of [0, 1, 15, 16, 17, 65_519, 65_520, 65_521]) {
          const plaintext = maker.randomBytes(size);
          const cut = size >> 1;
          const parts = [plaintext.subarray(0, cut), plaintext.subarray(cut)];
          const sealed = concatBytes(...sealer.seal(nonce, parts));
          assert.is(sealed.length, size + 16);
          assert.equal(opener.open(nonce, sealed).toHex(), plaintext.toHex());
        }
      });

      test(`${taker.name} opens no ${cipherName} record of ${maker.name} with any byte changed`, () => {
        const key = maker.randomBytes(32);
        const nonce = maker.randomBytes(12);
        const sealed = concatBytes(
          ...maker.recordCipher(cipherName, key).seal(nonce, [utf8("record")]),
        );
        const opener = taker.recordCipher(cipherName, key);
        for (let at = 0; at < sealed.length; at += 1) {
          throws(() => opener.open(nonce, flipped(sealed, at)), "record_invalid");
        }
        for (let length = 0; length < sealed.length; length += 1) {
          throws(() => opener.open(nonce, sealed.subarray(0, length)), "record_invalid");
        }
        throws(() => opener.open(flipped(nonce, 11), sealed), "record_invalid");
      });
    }
  }

  test("browser: a cipher without a sync form is refused by name", () => {
    throws(() => browserCrypto.recordCipher("aes-256-gcm", new Uint8Array(32)), "handshake_failed");
  });

  test("every suite prefers at least one cipher, each once", () => {
    for (const suite of suites) {
      const names = suite.ciphersByPreference();
      assert.ok(names.length > 0);
      assert.is(new Set(names).size, names.length);
    }
  });
});

function throws(act: () => unknown, code: string): void {
  assert.throws(act, (thrown: unknown) => thrown instanceof SallyportError && thrown.code === code);
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  assert.ok(thrown instanceof SallyportError, `expected ${code}`);
  assert.is(thrown.code, code);
}
