// A key in a real ssh-agent: named in the home, signing documents, gone when the agent forgets it.
import * as assert from "uvu/assert";
import { agentKeys } from "../../../broker/command/agent.ts";
import { pae } from "../../../shared/document/envelope.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";
import { nodePath, runProcess, startProcess, type RunningProcess } from "../../support/process.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { launcher, loneEnvironment } from "./script.ts";

async function startAgent(
  folder: TemporaryFolder,
): Promise<{ agent: RunningProcess; socket: string }> {
  const socket = folder.file("agent.sock");
  const agent = startProcess("ssh-agent", ["-D", "-a", socket]);
  await agent.line(/SSH_AUTH_SOCK/);
  return { agent, socket };
}

async function addKey(
  folder: TemporaryFolder,
  socket: string,
  type: string,
  comment: string,
): Promise<void> {
  const file = folder.file(comment.replace(/\W/g, "-"));
  await runProcess("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", comment, "-f", file]);
  const added = await runProcess("ssh-add", [file], { env: { SSH_AUTH_SOCK: socket } });
  assert.is(added.code, 0, added.stderr);
}

await group("a key in ssh-agent", { timeoutMs: 60_000 }, (test) => {
  test("signs what verifies under its raw public half; keys of other types are passed over", async () => {
    using folder = temporaryFolder();
    const { agent, socket } = await startAgent(folder);
    await using _agent = agent;
    await addKey(folder, socket, "ecdsa", "old@laptop");
    await addKey(folder, socket, "ed25519", "joe@laptop");
    const [key, ...others] = await agentKeys(socket);
    assert.is(others.length, 0);
    assert.is(key?.comment, "joe@laptop");
    const message = pae("request", utf8("{}"));
    assert.ok(
      key && (await nodeCrypto.ed25519Verify(key.publicKey, message, await key.sign(message))),
    );
  });
  test("is named by the home without a passphrase, chosen by comment among several", async () => {
    using folder = temporaryFolder();
    const { agent, socket } = await startAgent(folder);
    await using _agent = agent;
    await addKey(folder, socket, "ed25519", "joe@laptop");
    await addKey(folder, socket, "ed25519", "joe@desk");
    const env = { ...loneEnvironment(folder.path), SSH_AUTH_SOCK: socket };
    const run = (...args: readonly string[]) => runProcess(nodePath, [launcher, ...args], { env });
    const unclear = await run("key", "create", "--agent");
    assert.is(unclear.code, 66);
    assert.match(
      unclear.stderr,
      /holds 2 fitting ed25519 keys, expected one of "joe@laptop", "joe@desk"/,
    );
    const made = await run("key", "create", "--agent-key", "joe@desk", "--json");
    assert.is(made.code, 0, made.stderr);
    assert.match(made.stdout, /"kept":"ssh-agent"/);
    const shown = await run("key", "show", "--json");
    assert.is(shown.stdout, made.stdout);
  });
});
