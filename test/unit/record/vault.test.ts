// The vault: whole or not at all, closed to every other key, and versions that only rise.
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { readSealedFile, writeSealedFile } from "../../../edge/sealed-file.ts";
import { openVault, type Vault, type VaultItem } from "../../../edge/vault.ts";
import { utf8 } from "../../../shared/bytes.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { signed } from "../document/paper-site.ts";
import { flipped, refusal, suite } from "./record-world.ts";

const plc = "plc" as TargetId;

function vaultIn(folder: TemporaryFolder): Promise<Vault> {
  return openVault({ path: folder.file("vault"), keyFile: folder.file("key"), suite });
}

function envelopeOf(text: string): Promise<Envelope> {
  return signed("secret", { text }, "anna");
}

async function secret(version: number, text = "sealed"): Promise<VaultItem> {
  const envelope = await envelopeOf(text);
  return { kind: "secret", target: plc, name: "password", version, envelope };
}

await group("vault", {}, (test) => {
  test("what was put in is there after opening anew", async () => {
    using folder = temporaryFolder();
    const item = await secret(3);
    const device = { ...item, kind: "device" as const, name: "", version: 1 };
    const vault = await vaultIn(folder);
    await Promise.all([vault.put(item), vault.put(device)]);
    const again = await vaultIn(folder);
    assert.equal(again.get(item), item);
    assert.equal(again.get(device), device);
    assert.is(again.list().length, 2);
    assert.is(again.get({ ...item, name: "other" }), undefined);
  });

  test("the key file is made once, for its owner alone, and so is the vault", async () => {
    using folder = temporaryFolder();
    const vault = await vaultIn(folder);
    await vault.put(await secret(1));
    const key = await readFile(folder.file("key"));
    await vaultIn(folder);
    assert.equal(await readFile(folder.file("key")), key);
    assert.is(key.length, 32);
    assert.is((await stat(folder.file("key"))).mode & 0o777, 0o600);
    assert.is((await stat(folder.file("vault"))).mode & 0o777, 0o600);
    assert.equal((await readdir(folder.path)).sort(), ["key", "vault"]);
  });

  test("nothing of an item stands readable in the file", async () => {
    using folder = temporaryFolder();
    await (await vaultIn(folder)).put(await secret(1));
    assert.not.match(await readFile(folder.file("vault"), "latin1"), /plc|password|payload/);
  });

  for (const version of [1, 2]) {
    test(`version ${version} after 2 is refused, and the vault stays as it was`, async () => {
      using folder = temporaryFolder();
      const vault = await vaultIn(folder);
      const newest = await secret(2);
      await vault.put(newest);
      assert.match(
        await refusal(async () => vault.put(await secret(version)), "conflict"),
        /more than 2/,
      );
      assert.equal((await vaultIn(folder)).get(newest), newest);
    });
  }

  test("a removed item leaves its version behind", async () => {
    using folder = temporaryFolder();
    const vault = await vaultIn(folder);
    const item = await secret(5);
    await vault.put(item);
    await vault.remove(item);
    const again = await vaultIn(folder);
    assert.is(again.get(item), undefined);
    assert.equal(again.list(), []);
    await refusal(() => again.put(item), "conflict");
    await again.put({ ...item, version: 6 });
    assert.is(again.get(item)?.version, 6);
  });

  test("another key file is told from damage", async () => {
    using folder = temporaryFolder();
    await (await vaultIn(folder)).put(await secret(1));
    await writeFile(folder.file("key"), new Uint8Array(32));
    assert.match(await refusal(() => vaultIn(folder), "vault_locked"), /another key file/);
  });

  test("a missing key file is not made anew over a vault that waits for it", async () => {
    using folder = temporaryFolder();
    await (await vaultIn(folder)).put(await secret(1));
    await rm(folder.file("key"));
    assert.match(await refusal(() => vaultIn(folder), "vault_locked"), /is missing/);
    assert.equal(await readdir(folder.path), ["vault"]);
  });

  test("a key file of another length is refused", async () => {
    using folder = temporaryFolder();
    await writeFile(folder.file("key"), new Uint8Array(31));
    assert.match(await refusal(() => vaultIn(folder), "vault_locked"), /31 bytes, expected 32/);
  });

  test("every byte changed, and every cut, is found", async () => {
    using folder = temporaryFolder();
    await (await vaultIn(folder)).put(await secret(1));
    const path = folder.file("vault");
    const sound = await readFile(path);
    for (let at = 0; at < sound.length; at += 1) {
      await writeFile(path, flipped(sound, at));
      await refusal(() => vaultIn(folder), "vault_invalid", "vault_locked");
    }
    await writeFile(path, sound);
    for (let length = sound.length - 1; length >= 0; length -= 7) {
      await truncate(path, length);
      await refusal(() => vaultIn(folder), "vault_invalid");
    }
  });

  test("a sealed file of one purpose does not open for another", async () => {
    using folder = temporaryFolder();
    const path = folder.file("sealed");
    const key = suite.randomBytes(32);
    await writeSealedFile(suite, path, key, "vault", utf8("text"));
    assert.equal(await readSealedFile(suite, path, key, "vault"), Buffer.from("text"));
    await refusal(() => readSealedFile(suite, path, key, "identity"), "vault_locked");
    assert.is(await readSealedFile(suite, folder.file("none"), key, "vault"), undefined);
  });

  test("a file that cannot be replaced leaves the old one, in memory too", async () => {
    using folder = temporaryFolder();
    const vault = await vaultIn(folder);
    const item = await secret(1);
    await vault.put(item);
    // A folder where the temporary file should come makes the write fail, for root too.
    await mkdir(folder.file("vault.tmp"));
    await refusal(async () => vault.put(await secret(2)), "file_invalid");
    assert.is(vault.get(item)?.version, 1);
    assert.is((await vaultIn(folder)).get(item)?.version, 1);
  });
});
