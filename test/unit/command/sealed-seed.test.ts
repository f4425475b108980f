import { randomBytes } from "node:crypto";
import * as assert from "uvu/assert";
import { parseSealedSeed, sealSeed, unsealSeed } from "../../../broker/command/sealed-seed.ts";
import { group } from "../../support/group.ts";

const seed = randomBytes(32);
const publicHalf = randomBytes(32);

await group("a sealed key file", {}, (test) => {
  test("opens with its passphrase, in whatever Unicode form that is typed", async () => {
    const file = await sealSeed("person", seed, publicHalf, "Schlüssel".normalize("NFC"));
    assert.equal(await unsealSeed(file, "Schlüssel".normalize("NFD")), new Uint8Array(seed));
  });
  test("does not open with another passphrase", async () => {
    const file = await sealSeed("person", seed, publicHalf, "right");
    assert.is(await unsealSeed(file, "wrong"), undefined);
  });
  test("does not open when its public half or purpose was exchanged", async () => {
    const file = await sealSeed("person", seed, publicHalf, "right");
    assert.is(await unsealSeed({ ...file, purpose: "audit" }, "right"), undefined);
    assert.is(
      await unsealSeed(
        { ...file, public: file.public.replace(/^./, (c) => (c === "A" ? "B" : "A")) },
        "right",
      ),
      undefined,
    );
  });
  test("two files of one key and passphrase share nothing but the public half", async () => {
    const [one, two] = [
      await sealSeed("person", seed, publicHalf, "p"),
      await sealSeed("person", seed, publicHalf, "p"),
    ];
    assert.is(one.public, two.public);
    assert.is.not(one.sealed, two.sealed);
    assert.is.not(one.argon2id.salt, two.argon2id.salt);
  });
  test("is read back from its text, and a fault names file and key", async () => {
    const file = await sealSeed("person", seed, publicHalf, "p");
    assert.equal(parseSealedSeed(JSON.stringify(file), "k", "person"), file);
    assert.throws(
      () => parseSealedSeed(JSON.stringify(file), "k", "audit"),
      /"k" holds a key of purpose "person", expected "audit"/,
    );
    assert.throws(() => parseSealedSeed("{", "k", "person"), /key file "k"/);
    const costly = { ...file, argon2id: { ...file.argon2id, memoryKiB: 2 ** 30 } };
    assert.throws(
      () => parseSealedSeed(JSON.stringify(costly), "k", "person"),
      /argon2id\.memoryKiB/,
    );
  });
});
