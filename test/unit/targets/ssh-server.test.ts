// Mode `ssh` with the vendor's real OpenSSH clients, scp, sftp and rsync, against a real sshd that would allow everything that the edge refuses.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { bulkBytes, bulkHash, startSink } from "../../plant/sink.ts";
import { startSshd, type Sshd } from "../../plant/sshd.ts";
import { group } from "../../support/group.ts";
import { failureOf, openOn } from "../../support/opened-target.ts";
import { ownSsh } from "../../support/own-ssh.ts";
import { freePort } from "../../support/port.ts";
import { runProcess, startProcess } from "../../support/process.ts";

const bulk = 100 * 1024 * 1024;
const fileBytes = 20 * 1024 * 1024;

function under(sshd: Sshd) {
  const { host, port, login, hostKeys, privateKey } = sshd;
  return {
    device: { kind: "ssh", host, port, login, hostKeys: [...hostKeys], legacy: false },
    secret: { kind: "ssh-key", privateKey },
  } as const;
}

await group("targets/ssh-server", { timeoutMs: 90_000 }, (test) => {
  test("a command runs for the vendor's ssh: output, errors, exit code, and its input's early end", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const script = "cat; echo out; echo err >&2; exit 9";
    const { code, stdout, stderr } = await ssh.run("ssh", ["press-7", script]);
    assert.equal({ code, stdout, stderr }, { code: 9, stdout: "out\n", stderr: "err\n" });
    await ssh.openings[0]?.served;
    const [recording] = ssh.openings[0]?.recordings ?? [];
    assert.equal(recording?.subject, { kind: "exec", title: script });
    assert.is(recording?.bytesOf("from-device").toString(), "out\n");
    assert.is(recording?.bytesOf("device-error").toString(), "err\n");
    assert.ok(recording?.isClosed);
  });
  test("a shell on a terminal runs for the vendor's ssh and is recorded as one", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const input = "stty -echo; PS1=; echo li''ne; tty | grep -c pts; exit 4\n";
    const { code, stdout } = await ssh.run("ssh", ["-tt", "press-7"], input);
    assert.is(code, 4);
    assert.match(stdout, /line\r\n1\r\n/);
    const [recording] = ssh.openings[0]?.recordings ?? [];
    assert.is(recording?.subject.kind, "terminal");
    assert.is(recording?.bytesOf("from-device").toString(), stdout);
    assert.is(recording?.bytesOf("to-device").toString(), input);
  });
  test("a window that changes is followed on the device and in the recording", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    // socat gives the client a real terminal, whose size is then changed from outside.
    const command = `ssh ${ssh.options.join(" ")} press-7`;
    const client = startProcess("socat", ["-", `EXEC:"${command}",pty,setsid,ctty,stderr`]);
    client.stdin.write("PS1=; echo re''ady\n");
    await client.line(/ready$/);
    const [terminal] = await terminalsOf(ssh.folder);
    await runProcess("stty", ["-F", terminal ?? "", "rows", "40", "columns", "100"]);
    // The two changes may reach the device apart, so the device is asked until it has both.
    client.stdin.write("until [ \"$(stty size)\" = '40 100' ]; do sleep 0.1; done; echo si''zed\n");
    await client.line(/sized$/);
    client.stdin.write("exit\n");
    await ssh.openings[0]?.served;
    const [recording] = ssh.openings[0]?.recordings ?? [];
    const resized = recording?.events.findLast(({ name }) => name === "resize");
    assert.equal(resized?.details, { columns: 100, rows: 40 });
  });
  test("100 MB go up and 100 MB come down through the vendor's ssh, whole", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh({
      ...under(sshd),
      onRecording: (it) => void (it.keepsBytes = false),
    });
    const up = ssh.start("ssh", ["press-7", "sha256sum"]);
    for (const part of bulkBytes(bulk)) if (!up.stdin.write(part)) await once(up.stdin, "drain");
    up.stdin.end();
    await up.exited;
    assert.is(up.stdout, `${bulkHash(bulk)}  -\n`);
    assert.is(ssh.openings[0]?.recordings[0]?.hashOf("to-device"), bulkHash(bulk));
    const down = await ssh.run("ssh", ["press-7", `head -c ${bulk} /dev/zero`]);
    assert.is(down.code, 0);
    assert.ok(down.stdoutBytes.equals(Buffer.alloc(bulk)));
  });
  test("a device that speaks only ChaCha20 is reached, with streams at once and whole", async () => {
    await using sshd = await startSshd({ config: ["Ciphers chacha20-poly1305@openssh.com"] });
    await using ssh = await ownSsh({
      ...under(sshd),
      onRecording: (it) => void (it.keepsBytes = false),
    });
    const content = randomBytes(fileBytes);
    const echoed = await Promise.all(
      [1, 2, 3].map(() => ssh.run("ssh", ["press-7", "cat"], content)),
    );
    for (const { code, stdoutBytes } of echoed) {
      assert.is(code, 0);
      assert.ok(stdoutBytes.equals(content));
    }
  });
  test("error output in bulk is not cut at the end", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const { stderr } = await ssh.run("ssh", [
      "press-7",
      "head -c 8000000 /dev/zero | tr '\\0' e >&2",
    ]);
    assert.is(stderr.length, 8_000_000);
  });
  for (const [name, copies] of [
    [
      "scp",
      [
        ["scp", "FILE", "press-7:there"],
        ["scp", "press-7:there", "BACK"],
      ],
    ],
    [
      "scp -O",
      [
        ["scp", "-O", "FILE", "press-7:there"],
        ["scp", "-O", "press-7:there", "BACK"],
      ],
    ],
    [
      "rsync",
      [
        ["rsync", "FILE", "press-7:there"],
        ["rsync", "press-7:there", "BACK"],
      ],
    ],
  ] as const) {
    test(`${name} carries a file both ways`, async () => {
      await using sshd = await startSshd();
      await using ssh = await ownSsh(under(sshd));
      const file = join(ssh.folder, "file");
      const back = join(ssh.folder, "back");
      const content = randomBytes(fileBytes);
      writeFileSync(file, content);
      for (const [command, ...args] of copies) {
        const paths = args.map((arg) => arg.replace("FILE", file).replace("BACK", back));
        const { code, stderr } = await ssh.run(command, paths);
        assert.is(code, 0, stderr);
      }
      assert.ok(readFileSync(join(sshd.home, "there")).equals(content));
      assert.ok(readFileSync(back).equals(content));
    });
  }
  test("sftp lists and renames, and its bytes are recorded both ways", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    writeFileSync(join(sshd.home, "recipe.txt"), "old");
    const batch = "rename recipe.txt recipe-2.txt\nls\n";
    const { code, stdout } = await ssh.run("sftp", ["-b", "-", "press-7"], batch);
    assert.is(code, 0);
    assert.match(stdout, /recipe-2\.txt/);
    const [recording] = ssh.openings[0]?.recordings ?? [];
    assert.is(recording?.subject.kind, "sftp");
    assert.ok(recording?.bytesOf("to-device").includes("recipe-2.txt"));
    assert.ok(recording?.bytesOf("from-device").includes("recipe-2.txt"));
  });
  test("sessions of one multiplexed connection share it, and each has its own recording", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const control = ["-o", `ControlPath=${join(ssh.folder, "control")}`];
    const master = ssh.start("ssh", [...control, "-M", "press-7", "echo master; cat"]);
    await master.line(/master/);
    const outputs = await Promise.all(
      ["one", "two", "three"].map((word) =>
        ssh.run("ssh", [...control, "press-7", `echo ${word}`]),
      ),
    );
    assert.equal(
      outputs.map(({ stdout }) => stdout),
      ["one\n", "two\n", "three\n"],
    );
    master.stdin.end();
    await master.exited;
    assert.is(ssh.openings.length, 1);
    assert.is(ssh.openings[0]?.recordings.length, 4);
  });

  for (const [rights, allowed] of [
    [["terminal"], { shell: true, command: false, scp: false, rsync: false }],
    [["exec"], { shell: false, command: true, scp: false, rsync: true }],
    [["files"], { shell: false, command: false, scp: true, rsync: false }],
  ] as const) {
    test(`the right \`${rights[0]}\` allows what it says and nothing else`, async () => {
      await using sshd = await startSshd();
      await using ssh = await ownSsh({ ...under(sshd), rights });
      const file = join(ssh.folder, "file");
      writeFileSync(file, "content");
      const shell = await ssh.run("ssh", ["press-7"], "echo from-shell\n");
      assert.is(shell.stdout.includes("from-shell"), allowed.shell, "shell");
      const command = await ssh.run("ssh", ["press-7", "echo from-command"]);
      assert.is(command.stdout.includes("from-command"), allowed.command, "command");
      if (!allowed.command) {
        assert.is(command.code, 1);
        assert.match(command.stderr, /sallyport: the grant has no right "exec" on "Press 7"/);
      }
      assert.is((await ssh.run("scp", [file, "press-7:by-scp"])).code === 0, allowed.scp, "scp");
      assert.is(existsSync(join(sshd.home, "by-scp")), allowed.scp);
      const rsync = await ssh.run("rsync", [file, "press-7:by-rsync"]);
      assert.is(rsync.code === 0, allowed.rsync, "rsync");
      assert.is(existsSync(join(sshd.home, "by-rsync")), allowed.rsync);
    });
  }
  test("without any right on the target the connection itself is refused", async () => {
    await using sshd = await startSshd();
    const opened = await openOn({ ...under(sshd), rights: ["connect"] }, { mode: "ssh" });
    assert.is((await failureOf(opened)).code, "refused");
    assert.is((await opened.vendor.closed).reason, "refused: not granted");
    assert.not.match(sshd.log, /Connection from/);
  });

  test("ssh -W and -L reach no port behind the device", async () => {
    await using sshd = await startSshd();
    await using sink = await startSink();
    await using ssh = await ownSsh(under(sshd));
    const direct = await ssh.run("ssh", ["-W", `127.0.0.1:${sink.port}`, "press-7"], "echo\nabc");
    assert.is(direct.code, 255);
    assert.is(direct.stdout, "");
    const local = await freePort();
    const forward = `127.0.0.1:${local}:127.0.0.1:${sink.port}`;
    const session = ssh.start("ssh", ["-L", forward, "press-7", "echo ready; cat"]);
    await session.line(/ready/);
    const socket = net.connect({ port: local, host: "127.0.0.1" }).on("error", () => undefined);
    socket.resume();
    await once(socket, "close");
    session.stdin.end();
    await session.exited;
    assert.is(sink.open, 0);
  });
  test("ssh -R opens no port on the device", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const remote = `127.0.0.1:${await freePort()}:127.0.0.1:1`;
    const strict = ["-o", "ExitOnForwardFailure=yes"];
    const { code, stdout } = await ssh.run("ssh", [...strict, "-R", remote, "press-7", "echo in"]);
    assert.is(code, 255);
    assert.is(stdout, "");
  });
  test("ssh -A, -X and SetEnv carry nothing to the device, and the command runs without", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const { code, stdout } = await runWithAgentAndDisplay(ssh.options);
    assert.is(code, 0);
    assert.is(stdout, "[] [] []\n");
  });
  test("the vendor's ssh is refused at another host key than the manifest's", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    await using other = await ownSsh(under(sshd));
    const known = join(other.folder, "known_hosts");
    const { code } = await ssh.run("ssh", ["-o", `UserKnownHostsFile=${known}`, "press-7", "true"]);
    assert.is(code, 255);
  });

  test("a wrong secret is told on the channel before any SSH", async () => {
    await using sshd = await startSshd();
    const opened = await openOn(
      { device: under(sshd).device, secret: { kind: "password", password: "no" } },
      { mode: "ssh" },
    );
    assert.is((await failureOf(opened)).code, "device_refused");
    assert.is(opened.vendor.bytes.length, 0);
  });
  test("the session's end cuts the vendor's ssh", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const client = ssh.start("ssh", ["press-7", "echo ready; sleep 60"]);
    await client.line(/ready/);
    const startedMs = performance.now();
    ssh.openings[0]?.session.abort("the grant has ended");
    await ssh.openings[0]?.served;
    assert.ok(performance.now() - startedMs < 100);
    assert.is((await client.exited).code, 255);
    assert.ok(ssh.openings[0]?.recordings[0]?.isClosed);
  });
  test("a recorder that fails in one session ends the whole connection", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const client = ssh.start("ssh", ["press-7", "echo ready; sleep 60"]);
    await client.line(/ready/);
    const [opened] = ssh.openings;
    opened?.recordings[0]?.fail();
    assert.ok(opened !== undefined);
    assert.is((await failureOf(opened)).code, "recording_failed");
    assert.is((await client.exited).code, 255);
  });
  test("a session that cannot be recorded is not started", async () => {
    await using sshd = await startSshd();
    const mark = join(sshd.home, "mark");
    await using ssh = await ownSsh({
      ...under(sshd),
      onRecording: () => {
        throw new Error("disk is full");
      },
    });
    assert.is((await ssh.run("ssh", ["press-7", `touch ${mark}`])).code, 255);
    assert.not.ok(existsSync(mark));
  });
  test("a client that is killed leaves no command behind on the device", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const client = ssh.start("ssh", ["-tt", "press-7", "echo ready; cat"]);
    await client.line(/ready/);
    client.signal("SIGKILL");
    await ssh.openings[0]?.served;
    assert.ok(ssh.openings[0]?.recordings[0]?.isClosed);
  });
  test("a device that dies in the middle aborts the channel", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const client = ssh.start("ssh", ["press-7", "echo pid $PPID; sleep 60"]);
    const [, pid] = await client.line(/pid (\d+)/);
    process.kill(Number(pid), "SIGKILL");
    const [opened] = ssh.openings;
    assert.ok(opened !== undefined);
    assert.is((await failureOf(opened)).code, "device_unreachable");
    assert.is((await client.exited).code, 255);
  });
  test("ssh-audit finds no failing algorithm", async () => {
    await using sshd = await startSshd();
    await using ssh = await ownSsh(under(sshd));
    const { stdout, stderr } = await runProcess("ssh-audit", [
      "-n",
      "-p",
      `${ssh.port}`,
      "127.0.0.1",
    ]);
    assert.match(stdout, /curve25519-sha256/, stderr);
    assert.not.match(stdout, /\[fail\]/);
    const warned = stdout.split("\n").filter((line) => line.includes("[warn]"));
    assert.equal(
      warned.filter((line) => !line.includes("kex-strict-s-v00@openssh.com")),
      [],
    );
  });
});

/** The terminals of the ssh clients that run with this folder's configuration. */
async function terminalsOf(folder: string): Promise<string[]> {
  const { stdout } = await runProcess("ps", ["-e", "-o", "tty=,args="]);
  const clients = stdout.split("\n").filter((line) => line.includes(`ssh -F ${folder}`));
  return clients.map((line) => `/dev/${line.split(" ")[0]}`).filter((path) => path !== "/dev/?");
}

/** Prints what the device sees of an agent, a display and a variable, which this client does offer. */
async function runWithAgentAndDisplay(options: readonly string[]) {
  const script = 'echo "[$SSH_AUTH_SOCK] [$DISPLAY] [$SALLYPORT_TEST]"';
  const ssh = ["ssh", ...options, "-A", "-X", "-o", "SetEnv=SALLYPORT_TEST=1", "press-7", script];
  return runProcess("ssh-agent", ssh, { env: { DISPLAY: ":77" } });
}
