// Kind `ssh`, modes `terminal` and `exec`, and the login itself, against a real sshd.
import { createHash } from "node:crypto";
import { setImmediate as immediate } from "node:timers/promises";
import * as assert from "uvu/assert";
import type { SeenKey } from "../../../edge/targets/target.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { fingerprintOfHostKey } from "../../../shared/document/host-key.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { OutputDecoder } from "../../../shared/exec-output.ts";
import type { Device } from "../../../shared/document/device.ts";
import { bulkBytes, bulkHash } from "../../plant/sink.ts";
import { startSshd, type Sshd } from "../../plant/sshd.ts";
import { group } from "../../support/group.ts";
import { failureOf, openOn, type OpenedTarget } from "../../support/opened-target.ts";
import { freePort } from "../../support/port.ts";

const bulk = 100 * 1024 * 1024;
const screen = { columns: 80, rows: 24, term: "xterm" };

function deviceOf(sshd: Sshd, changes: Partial<Extract<Device, { kind: "ssh" }>> = {}): Device {
  const { host, port, login, hostKeys } = sshd;
  return { kind: "ssh", host, port, login, hostKeys: [...hostKeys], legacy: false, ...changes };
}

function keyOf(sshd: Sshd) {
  return { kind: "ssh-key", privateKey: sshd.privateKey } as const;
}

function passwordOf({ password }: Sshd) {
  assert.ok(password !== undefined, "run as root: sshd checks passwords only then");
  return { kind: "password", password } as const;
}

/** Splits what a command printed; call before anything arrives. */
function outputsOf({ vendor }: OpenedTarget) {
  const outputs = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const decoder = new OutputDecoder((stream, bytes) => outputs[stream].push(Buffer.from(bytes)));
  vendor.onBytes = (bytes) => decoder.push(bytes);
  return {
    stdout: () => Buffer.concat(outputs.stdout).toString(),
    stderr: () => Buffer.concat(outputs.stderr).toString(),
  };
}

const command = (text: string) => ({ mode: "exec", command: text, terminal: null }) as const;
const terminal = { mode: "terminal", terminal: screen } as const;

await group("targets/ssh", { timeoutMs: 60_000 }, (test) => {
  test("a command runs under the vault's password; output, errors and exit code come apart", async () => {
    await using sshd = await startSshd();
    const opened = await openOn(
      { device: deviceOf(sshd), secret: passwordOf(sshd) },
      command("echo out; echo err >&2; cat; exit 7"),
    );
    const outputs = outputsOf(opened);
    const { vendor, served, recordings } = opened;
    await vendor.send("input");
    vendor.channel.end();
    await vendor.ended;
    assert.is(outputs.stdout(), "out\ninput");
    assert.is(outputs.stderr(), "err\n");
    assert.equal(await vendor.message("exit"), { type: "exit", code: 7, signal: null });
    await served;
    const [recording] = recordings;
    assert.is(recording?.bytesOf("from-device").toString(), "out\ninput");
    assert.is(recording?.bytesOf("device-error").toString(), "err\n");
    assert.is(recording?.bytesOf("to-device").toString(), "input");
    assert.equal(recording?.events, [{ name: "exit", details: { code: 7, signal: null } }]);
    assert.equal(recording?.subject, {
      kind: "exec",
      title: "echo out; echo err >&2; cat; exit 7",
    });
  });
  test("a command runs under the vault's private key", async () => {
    await using sshd = await startSshd();
    const opened = await openOn({ device: deviceOf(sshd), secret: keyOf(sshd) }, command("id -un"));
    const outputs = outputsOf(opened);
    await opened.vendor.ended;
    opened.vendor.channel.end();
    await opened.served;
    assert.is(outputs.stdout(), `${sshd.login}\n`);
  });
  test("a device that asks for the password in a dialogue gets it there", async () => {
    await using sshd = await startSshd({
      config: ["KbdInteractiveAuthentication yes", "PasswordAuthentication no"],
    });
    const opened = await openOn(
      { device: deviceOf(sshd), secret: passwordOf(sshd) },
      command("echo in"),
    );
    const outputs = outputsOf(opened);
    await opened.vendor.ended;
    opened.vendor.channel.end();
    await opened.served;
    assert.is(outputs.stdout(), "in\n");
  });
  test("a command that is killed says by which signal", async () => {
    await using sshd = await startSshd();
    const opened = await openOn(
      { device: deviceOf(sshd), secret: keyOf(sshd) },
      command("kill -9 $$"),
    );
    assert.equal(await opened.vendor.message("exit"), { type: "exit", code: null, signal: "KILL" });
    opened.vendor.channel.end();
    await opened.served;
  });
  test("a shell has a terminal of the vendor's size, follows it, takes signals, and says its exit code", async () => {
    await using sshd = await startSshd();
    const { vendor, served, recordings } = await openOn(
      { device: deviceOf(sshd), secret: keyOf(sshd) },
      terminal,
    );
    await vendor.send('PS1="ready> "; stty -echo; stty size; echo $TERM\n');
    await vendor.text(/24 80\r\nxterm\r\n/);
    vendor.channel.sendControl({ type: "resize", columns: 132, rows: 50 });
    await vendor.send("stty size\n");
    await vendor.text(/50 132/);
    await vendor.send("trap 'echo ca''ught' USR1; echo se''t; sleep 20 & wait $!\n");
    await vendor.text(/set/);
    vendor.channel.sendControl({ type: "signal", signal: "USR1" });
    await vendor.text(/caught/);
    await vendor.send("exit 3\n");
    assert.is((await vendor.message("exit")).code, 3);
    vendor.channel.end();
    await served;
    const [recording] = recordings;
    assert.equal(recording?.bytesOf("from-device"), vendor.bytes);
    assert.equal(recording?.subject, { kind: "terminal", columns: 80, rows: 24 });
    assert.equal(recording?.events, [
      { name: "resize", details: { columns: 132, rows: 50 } },
      { name: "exit", details: { code: 3, signal: null } },
    ]);
  });
  test("a command on a terminal gets one, and is recorded as a terminal", async () => {
    await using sshd = await startSshd();
    const opened = await openOn(
      { device: deviceOf(sshd), secret: keyOf(sshd) },
      { mode: "exec", command: "tty >/dev/null && stty size", terminal: screen },
    );
    const outputs = outputsOf(opened);
    await opened.vendor.ended;
    opened.vendor.channel.end();
    await opened.served;
    assert.is(outputs.stdout(), "24 80\r\n");
    assert.is(opened.recordings[0]?.subject.kind, "terminal");
  });
  test("100 MB go into a command and 100 MB come out of one, whole and recorded", async () => {
    await using sshd = await startSshd();
    const device = deviceOf(sshd);
    const under = {
      device,
      secret: keyOf(sshd),
      onRecording: (recording: { keepsBytes: boolean }) => void (recording.keepsBytes = false),
    };
    const up = await openOn(under, command("sha256sum"));
    const upOutputs = outputsOf(up);
    for (const part of bulkBytes(bulk)) await up.vendor.send(part);
    up.vendor.channel.end();
    await up.served;
    assert.match(upOutputs.stdout(), bulkHash(bulk));
    assert.is(up.recordings[0]?.hashOf("to-device"), bulkHash(bulk));

    const down = await openOn(under, command(`head -c ${bulk} /dev/zero`));
    const hash = createHash("sha256");
    const decoder = new OutputDecoder((_stream, bytes) => void hash.update(bytes));
    down.vendor.onBytes = (bytes) => decoder.push(bytes);
    await down.vendor.ended;
    down.vendor.channel.end();
    await down.served;
    const digest = hash.digest("hex");
    assert.is(digest, createHash("sha256").update(Buffer.alloc(bulk)).digest("hex"));
    assert.is(down.recordings[0]?.hashOf("from-device"), digest);
  });
  for (const [right, opening] of [
    ["terminal", terminal],
    ["exec", command("true")],
  ] as const) {
    test(`mode ${opening.mode} needs the right \`${right}\`: with it alone it opens, with the others it is refused`, async () => {
      await using sshd = await startSshd();
      const under = { device: deviceOf(sshd), secret: keyOf(sshd) };
      const allowed = await openOn({ ...under, rights: [right] }, opening);
      await allowed.vendor.message("opened");
      allowed.session.abort();
      await allowed.served;
      const others = ["terminal", "exec", "files"].filter((other) => other !== right);
      const opened = await openOn({ ...under, rights: others }, opening);
      assert.is((await failureOf(opened)).code, "refused");
      assert.is((await opened.vendor.closed).reason, "refused: not granted");
    });
  }
  test("another host key than the pinned one is refused before the login, and both fingerprints are journaled", async () => {
    await using sshd = await startSshd();
    await using other = await startSshd();
    const opened = await openOn(
      { device: deviceOf(sshd, { hostKeys: [...other.hostKeys] }), secret: passwordOf(sshd) },
      command("true"),
    );
    const failure = await failureOf(opened);
    assert.is(failure.code, "device_changed");
    for (const line of [...sshd.hostKeys, ...other.hostKeys]) {
      const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
      const fingerprint = createHash("sha256").update(blob).digest("base64").replace(/=$/, "");
      assert.ok(failure.message.includes(`SHA256:${fingerprint}`), failure.message);
    }
    const { reason } = await opened.vendor.closed;
    assert.is(reason, 'device_changed: "Press 7" is not the device that the owner pinned');
    assert.not.match(sshd.log, /Accepted|Failed password/);
  });
  test("another host key that was accepted for the job lets in; the rule waits for the answer", async () => {
    await using sshd = await startSshd();
    await using other = await startSshd({ hostKeyType: "rsa" });
    const asked: SeenKey[] = [];
    const under = {
      device: deviceOf(sshd, { hostKeys: [...other.hostKeys] }),
      secret: keyOf(sshd),
      judgeKey: async (seen: SeenKey) => {
        asked.push(seen);
        await immediate();
        return true;
      },
    };
    const opened = await openOn(under, command("true"));
    assert.is((await opened.vendor.message("exit")).code, 0);
    opened.vendor.channel.end();
    await opened.served;
    const [line = ""] = sshd.hostKeys;
    const fingerprint = await fingerprintOfHostKey(nodeCrypto, line);
    const [pinned = ""] = other.hostKeys;
    const pins = [await fingerprintOfHostKey(nodeCrypto, pinned)];
    assert.equal(asked, [{ shown: line, fingerprint, pinned: [pinned], pins, isPinned: false }]);
  });
  test("a login that fails under an accepted host key is no changed device", async () => {
    await using sshd = await startSshd();
    await using other = await startSshd();
    const under = {
      device: deviceOf(sshd, { hostKeys: [...other.hostKeys] }),
      secret: keyOf(other),
      judgeKey: async () => true,
    };
    assert.is((await failureOf(await openOn(under, command("true")))).code, "device_refused");
  });
  test("a host key whose acceptance cannot be written down gets no login", async () => {
    await using sshd = await startSshd();
    const under = {
      device: deviceOf(sshd),
      secret: keyOf(sshd),
      judgeKey: () => Promise.reject(new SallyportError("disk_full", "nothing can be written")),
    };
    assert.is((await failureOf(await openOn(under, command("true")))).code, "disk_full");
    assert.not.match(sshd.log, /Accepted|Failed/);
  });
  test("a device without a key of the pinned kind has changed, too", async () => {
    await using sshd = await startSshd();
    await using rsa = await startSshd({ hostKeyType: "rsa" });
    const opened = await openOn(
      { device: deviceOf(sshd, { hostKeys: [...rsa.hostKeys] }), secret: keyOf(sshd) },
      command("true"),
    );
    assert.is((await failureOf(opened)).code, "device_changed");
  });
  for (const hostKeyType of ["rsa", "ecdsa"] as const) {
    test(`a pinned ${hostKeyType} host key is accepted without legacy algorithms`, async () => {
      await using sshd = await startSshd({ hostKeyType });
      const opened = await openOn({ device: deviceOf(sshd), secret: keyOf(sshd) }, command("true"));
      assert.is((await opened.vendor.message("exit")).code, 0);
      opened.vendor.channel.end();
      await opened.served;
    });
  }
  test("a wrong password is refused after one attempt, and stands in no text", async () => {
    await using sshd = await startSshd();
    const password = `Wr0ng-${passwordOf(sshd).password}`;
    const opened = await openOn(
      { device: deviceOf(sshd), secret: { kind: "password", password } },
      command("true"),
    );
    const failure = await failureOf(opened);
    assert.is(failure.code, "device_refused");
    assert.match(failure.message, new RegExp(`:${sshd.port}: login "${sshd.login}" was refused`));
    const { reason } = await opened.vendor.closed;
    assert.is(reason, 'device_refused: "Press 7" refused the edge');
    const texts = [failure.message, failure.stack, JSON.stringify(failure), String(failure.cause)];
    assert.not(texts.some((text) => text?.includes(password)));
    assert.is(sshd.log.match(/Failed password/g)?.length, 1);
  });
  test("a device that takes only keys is not offered the password", async () => {
    await using sshd = await startSshd({ config: ["PasswordAuthentication no"] });
    const opened = await openOn(
      { device: deviceOf(sshd), secret: { kind: "password", password: "any" } },
      command("true"),
    );
    assert.match((await failureOf(opened)).message, /the device takes no password/);
    assert.not.match(sshd.log, /Failed password/);
  });
  test("an empty vault and an unusable key are told apart from a wrong secret", async () => {
    await using sshd = await startSshd();
    const empty = await openOn({ device: deviceOf(sshd) }, command("true"));
    assert.match((await failureOf(empty)).message, /the vault holds no secret/);
    const unusable = await openOn(
      { device: deviceOf(sshd), secret: { kind: "ssh-key", privateKey: "not a key" } },
      command("true"),
    );
    assert.is((await failureOf(unusable)).code, "vault_invalid");
  });
  test("an old device is refused with advice, and reached when manifest and device document say legacy", async () => {
    await using sshd = await startSshd({
      hostKeyType: "rsa",
      config: [
        "KexAlgorithms diffie-hellman-group14-sha1",
        "HostKeyAlgorithms ssh-rsa",
        "Ciphers aes128-cbc",
        "MACs hmac-sha1",
      ],
    });
    const secret = keyOf(sshd);
    const old = deviceOf(sshd, { legacy: true });
    const refused = await openOn({ device: deviceOf(sshd), secret }, command("true"));
    const failure = await failureOf(refused);
    assert.is(failure.code, "device_refused");
    assert.match(failure.message, /needs `legacy`/);
    const half = await openOn({ device: old, secret, legacy: false }, command("true"));
    assert.is((await failureOf(half)).code, "device_refused");
    const opened = await openOn({ device: old, secret, legacy: true }, command("exit 5"));
    assert.is((await opened.vendor.message("exit")).code, 5);
    opened.vendor.channel.end();
    await opened.served;
  });
  test("a closed port is named with its address, the vendor gets the target's name", async () => {
    await using sshd = await startSshd();
    const port = await freePort();
    const opened = await openOn({ device: deviceOf(sshd, { port }) }, command("true"));
    const failure = await failureOf(opened);
    assert.is(failure.code, "device_unreachable");
    assert.ok(failure.message.includes(`127.0.0.1:${port}`));
    assert.not.match((await opened.vendor.closed).reason ?? "", /127/);
  });
  test("a device that dies in the middle is lost, not ended", async () => {
    await using sshd = await startSshd();
    const opened = await openOn(
      { device: deviceOf(sshd), secret: keyOf(sshd) },
      command("echo $PPID; sleep 60"),
    );
    const outputs = outputsOf(opened);
    while (!outputs.stdout().includes("\n")) await opened.vendor.change();
    process.kill(Number(outputs.stdout()), "SIGKILL");
    assert.is((await failureOf(opened)).code, "device_unreachable");
    assert.is((await opened.vendor.closed).how, "aborted");
  });
  test("the session's end closes the device's side, and the shell is hung up", async () => {
    await using sshd = await startSshd();
    const { vendor, served, session, recordings } = await openOn(
      { device: deviceOf(sshd), secret: keyOf(sshd) },
      terminal,
    );
    await vendor.send("echo re''ady\n");
    await vendor.text(/ready/);
    const startedMs = performance.now();
    session.abort("the grant has ended");
    assert.is((await vendor.closed).reason, "the grant has ended");
    assert.ok(performance.now() - startedMs < 50);
    await served;
    assert.ok(recordings[0]?.isClosed);
  });
  test("a recorder that fails ends the shell", async () => {
    await using sshd = await startSshd();
    const opened = await openOn({ device: deviceOf(sshd), secret: keyOf(sshd) }, terminal);
    await opened.vendor.send("echo re''ady\n");
    await opened.vendor.text(/ready/);
    opened.recordings[0]?.fail();
    assert.is((await failureOf(opened)).code, "recording_failed");
    assert.is((await opened.vendor.closed).how, "aborted");
  });
});
