// Our HPKE against npm `hpke` as second implementation, both ways and in both modes, and with everything that must not open.
import * as second from "hpke";
import * as assert from "uvu/assert";
import { utf8 } from "../../../shared/bytes.ts";
import { browserCrypto } from "../../../shared/crypto/browser.ts";
import { openFrom, sealTo, setupReceiver, setupSender } from "../../../shared/crypto/hpke.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";

const info = utf8("sallyport test");
const label = utf8("a label");
const psk = { key: new Uint8Array(32).fill(7), id: utf8("id") };
const exportOnly = new second.CipherSuite(
  second.KEM_MLKEM768_X25519,
  second.KDF_HKDF_SHA256,
  second.AEAD_EXPORT_ONLY,
);
const sealing = new second.CipherSuite(
  second.KEM_MLKEM768_X25519,
  second.KDF_HKDF_SHA256,
  second.AEAD_ChaCha20Poly1305,
);
const modes = [
  { name: "base", ours: undefined, theirs: { info } },
  { name: "psk", ours: psk, theirs: { info, psk: psk.key, pskId: psk.id } },
];

await group("hpke", {}, (test) => {
  for (const suite of [nodeCrypto, browserCrypto]) {
    for (const mode of modes) {
      test(`${suite.name}, ${mode.name}: npm hpke exports what our sender exports`, async () => {
        const pair = await suite.xwingKeyPair();
        const sender = await setupSender(suite, pair.publicKey, info, mode.ours);
        const theirKey = await exportOnly.DeserializePrivateKey(pair.privateKey);
        const exported = await exportOnly.ReceiveExport(
          theirKey,
          sender.encapsulation,
          label,
          32,
          mode.theirs,
        );
        assert.equal(new Uint8Array(exported), await sender.export(label, 32));
      });

      test(`${suite.name}, ${mode.name}: our receiver exports what npm hpke exports`, async () => {
        const pair = await suite.xwingKeyPair();
        const theirKey = await exportOnly.DeserializePublicKey(pair.publicKey);
        const sent = await exportOnly.SendExport(theirKey, label, 77, mode.theirs);
        const receiver = await setupReceiver(
          suite,
          sent.encapsulatedSecret,
          pair.privateKey,
          info,
          mode.ours,
        );
        assert.equal(await receiver.export(label, 77), new Uint8Array(sent.exportedSecret));
      });
    }

    test(`${suite.name}: npm hpke opens what we seal, and we open what it seals`, async () => {
      const pair = await suite.xwingKeyPair();
      const plaintext = utf8("the device's password");
      const ours = await sealTo(suite, pair.publicKey, info, plaintext);
      const opened = await sealing.Open(
        await sealing.DeserializePrivateKey(pair.privateKey),
        ours.encapsulation,
        ours.ciphertext,
        { info },
      );
      assert.equal(new Uint8Array(opened), plaintext);
      const theirs = await sealing.Seal(
        await sealing.DeserializePublicKey(pair.publicKey),
        plaintext,
        { info },
      );
      const sealed = { encapsulation: theirs.encapsulatedSecret, ciphertext: theirs.ciphertext };
      assert.equal(await openFrom(suite, pair.privateKey, info, sealed), plaintext);
    });

    test(`${suite.name}: a sealed secret opens under no other key, info or byte`, async () => {
      const pair = await suite.xwingKeyPair();
      const other = await suite.xwingKeyPair();
      const sealed = await sealTo(suite, pair.publicKey, info, utf8("secret"));
      assert.equal(await openFrom(suite, pair.privateKey, info, sealed), utf8("secret"));
      const ciphertext = sealed.ciphertext.slice();
      ciphertext[0] = (ciphertext[0] ?? 0) ^ 1;
      const encapsulation = sealed.encapsulation.slice();
      encapsulation[1100] = (encapsulation[1100] ?? 0) ^ 1;
      for (const attempt of [
        () => openFrom(suite, other.privateKey, info, sealed),
        () => openFrom(suite, pair.privateKey, utf8("another purpose"), sealed),
        () => openFrom(suite, pair.privateKey, info, { ...sealed, ciphertext }),
        () => openFrom(suite, pair.privateKey, info, { ...sealed, encapsulation }),
      ]) {
        const thrown: unknown = await attempt().catch((cause: unknown) => cause);
        assert.ok(thrown instanceof SallyportError && thrown.code === "record_invalid");
      }
    });
  }

  test("node and browser derive the same secrets", async () => {
    const pair = await browserCrypto.xwingKeyPair();
    const sender = await setupSender(nodeCrypto, pair.publicKey, info, psk);
    const receiver = await setupReceiver(
      browserCrypto,
      sender.encapsulation,
      pair.privateKey,
      info,
      psk,
    );
    assert.equal(await sender.export(label, 64), await receiver.export(label, 64));
  });

  test("another mode, info, psk, psk id or label derives unrelated secrets", async () => {
    const pair = await nodeCrypto.xwingKeyPair();
    const sender = await setupSender(nodeCrypto, pair.publicKey, info, psk);
    const exported = await sender.export(label, 32);
    const receive = (info_: Uint8Array, psk_?: typeof psk) =>
      setupReceiver(nodeCrypto, sender.encapsulation, pair.privateKey, info_, psk_);
    assert.equal(await (await receive(info, psk)).export(label, 32), exported);
    for (const context of [
      await receive(info),
      await receive(utf8("x"), psk),
      await receive(info, { ...psk, id: utf8("other") }),
      await receive(info, { ...psk, key: new Uint8Array(32) }),
    ]) {
      assert.not.equal(await context.export(label, 32), exported);
    }
    assert.not.equal(await sender.export(utf8("b label"), 32), exported);
  });

  test("a psk shorter than 32 bytes, or without an id, is refused", async () => {
    const { publicKey } = await nodeCrypto.xwingKeyPair();
    for (const weak of [
      { key: new Uint8Array(31), id: utf8("id") },
      { key: new Uint8Array(32), id: new Uint8Array() },
    ]) {
      const thrown: unknown = await setupSender(nodeCrypto, publicKey, info, weak).catch(
        (cause: unknown) => cause,
      );
      assert.ok(thrown instanceof SallyportError && thrown.code === "handshake_failed");
    }
  });
});
