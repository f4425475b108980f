// The edge's SSH host key as OpenSSH itself reads it.
import * as assert from "uvu/assert";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { parseSshEd25519 } from "../../../shared/document/keys.ts";
import {
  isKeyOfLine,
  sshPrivateKeyText,
  sshPublicKeyLine,
} from "../../../edge/targets/ssh-host-key.ts";
import { group } from "../../support/group.ts";
import { runProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";

await group("targets/ssh-host-key", {}, (test) => {
  test("ssh-keygen reads the private file and derives the public line from it", async () => {
    const key = await nodeCrypto.ed25519KeyPair();
    using folder = temporaryFolder();
    const file = folder.file("key", sshPrivateKeyText(key));
    const { code, stdout, stderr } = await runProcess("ssh-keygen", ["-y", "-f", file]);
    assert.is(code, 0, stderr);
    assert.is(stdout.trim(), sshPublicKeyLine(key.publicKey));
  });
  test("a manifest's parser reads the public line", async () => {
    const { publicKey } = await nodeCrypto.ed25519KeyPair();
    assert.equal(parseSshEd25519(sshPublicKeyLine(publicKey)), publicKey);
  });
  test("a key on the wire is the key of its own line and of no other", async () => {
    const one = await nodeCrypto.ed25519KeyPair();
    const other = await nodeCrypto.ed25519KeyPair();
    const line = sshPublicKeyLine(one.publicKey);
    const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
    assert.ok(isKeyOfLine(line, blob));
    assert.not.ok(isKeyOfLine(sshPublicKeyLine(other.publicKey), blob));
    assert.not.ok(isKeyOfLine(line, blob.subarray(1)));
  });
});
