// Trying a device before it is signed: every step that works beside the one that does not, against a real sshd and real sockets.
import { once } from "node:events";
import net from "node:net";
import { setImmediate as immediate } from "node:timers/promises";
import * as assert from "uvu/assert";
import { probeDevice, type DeviceToProbe, type ProbeStep } from "../../../edge/targets/probe.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { Secret } from "../../../shared/document/secret.ts";
import { startSshd, type Sshd } from "../../plant/sshd.ts";
import { group } from "../../support/group.ts";
import { freePort } from "../../support/port.ts";

type SshToProbe = Extract<DeviceToProbe, { kind: "ssh" }>;

function deviceOf(
  { host, port, login, hostKeys }: Sshd,
  changes: Partial<SshToProbe> = {},
): SshToProbe {
  return { kind: "ssh", host, port, login, hostKeys: [...hostKeys], legacy: false, ...changes };
}

/** A device of which nothing is known but the address. */
const unknown = {
  kind: "ssh",
  host: "127.0.0.1",
  login: "root",
  hostKeys: [],
  legacy: false,
} as const;

async function tried(
  device: DeviceToProbe,
  secret: Secret | null = null,
  timeOverAfter?: ProbeStep["step"],
): Promise<ProbeStep[]> {
  const steps: ProbeStep[] = [];
  const stop = new AbortController();
  for await (const step of probeDevice(device, secret, systemClock, stop.signal)) {
    steps.push(step);
    if (step.step === timeOverAfter) stop.abort();
  }
  return steps;
}

const outcome = (steps: readonly ProbeStep[]) =>
  steps.map(({ step, ok }) => `${step} ${ok ? "ok" : "failed"}`);

/** Until sshd, whose log comes by a pipe, has said it. */
async function logged(sshd: Sshd, expected: RegExp): Promise<void> {
  while (!expected.test(sshd.log)) await immediate();
}

/** A server that greets everybody with `text` and hangs up, or says nothing. */
async function greeter(text?: string) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    if (text !== undefined) socket.end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

await group("targets/probe", { timeoutMs: 60_000 }, (test) => {
  test("a device whose key is not known yet shows it, to be pinned; no secret is sent to it", async () => {
    await using sshd = await startSshd();
    const password = sshd.password ?? "unused";
    const steps = await tried(deviceOf(sshd, { hostKeys: [] }), { kind: "password", password });
    assert.equal(outcome(steps), ["route ok", "port ok", "host-key ok", "login failed"]);
    assert.equal(steps[2]?.hostKeys, sshd.hostKeys);
    assert.match(steps[1]?.text ?? "", /speaks SSH: "SSH-2\.0-OpenSSH/);
    assert.match(steps[3]?.text ?? "", /not tried: the host key is not pinned/);
    await logged(sshd, /Disconnected from|Connection closed|Connection reset/);
    assert.not.match(sshd.log, /Accepted|Failed|password for/);
  });

  test("with the pinned key and the right secret it signs in, once", async () => {
    await using sshd = await startSshd();
    const steps = await tried(deviceOf(sshd), { kind: "ssh-key", privateKey: sshd.privateKey });
    assert.equal(outcome(steps), ["route ok", "port ok", "host-key ok", "login ok"]);
    await logged(sshd, /Accepted publickey/);
    assert.is(sshd.log.match(/Accepted publickey/g)?.length, 1);
  });

  test("with a wrong password it is refused after one attempt, and the text does not hold it", async () => {
    await using sshd = await startSshd();
    const password = "n0t-the-passw0rd";
    const steps = await tried(deviceOf(sshd), { kind: "password", password });
    assert.equal(outcome(steps), ["route ok", "port ok", "host-key ok", "login failed"]);
    assert.match(steps[3]?.text ?? "", /was refused: wrong secret or unknown login/);
    assert.not.match(JSON.stringify(steps), new RegExp(password));
    await logged(sshd, /Disconnected from|Connection closed/);
    assert.is(sshd.log.match(/Failed password/g)?.length, 1);
  });

  test("a key file that cannot be used is named as that, and all else is tried", async () => {
    await using sshd = await startSshd();
    const steps = await tried(deviceOf(sshd), { kind: "ssh-key", privateKey: "PuTTY-User-Key" });
    assert.equal(outcome(steps), ["route ok", "port ok", "host-key ok", "login failed"]);
    assert.match(steps[3]?.text ?? "", /not an SSH private key without passphrase/);
  });

  test("without a secret there is no step for the login", async () => {
    await using sshd = await startSshd();
    assert.equal(outcome(await tried(deviceOf(sshd))), ["route ok", "port ok", "host-key ok"]);
  });

  for (const hostKeyType of ["ed25519", "rsa"] as const) {
    test(`another key than the pinned one, of kind ${hostKeyType}, is shown beside it, and gets no secret`, async () => {
      await using sshd = await startSshd();
      await using other = await startSshd({ hostKeyType });
      const device = deviceOf(sshd, { hostKeys: [...other.hostKeys] });
      const steps = await tried(device, { kind: "ssh-key", privateKey: sshd.privateKey });
      assert.equal(outcome(steps), ["route ok", "port ok", "host-key failed", "login failed"]);
      assert.equal(steps[2]?.hostKeys, sshd.hostKeys);
      assert.match(steps[2]?.text ?? "", /^SHA256:\S+ is shown, pinned is SHA256:/);
      await logged(sshd, /Disconnected from|Connection closed|Connection reset/);
      assert.not.match(sshd.log, /Accepted|Failed/);
    });
  }

  test("a shut port is told from a way that is not there", async () => {
    const shut = await tried({ ...unknown, port: await freePort() });
    assert.equal(outcome(shut), ["route ok", "port failed"]);
    const nowhere = await tried({ ...unknown, host: "no-such-device.invalid", port: 22 });
    assert.equal(outcome(nowhere), ["route failed", "port failed"]);
    assert.match(nowhere[0]?.text ?? "", /no-such-device\.invalid:22 cannot be reached/);
  });

  test("what speaks no SSH is named by what it says, in print", async () => {
    await using ftp = await greeter("220 \u001b[31mFTP\r\n");
    const { port } = ftp;
    const steps = await tried({ ...unknown, port });
    assert.equal(outcome(steps), ["route ok", "port failed"]);
    assert.is(steps[1]?.text, `127.0.0.1:${port} is open and speaks no SSH: "220 ?[31mFTP"`);
  });

  test("a device that says nothing ends with the time of the test", async () => {
    await using mute = await greeter();
    const steps = await tried({ ...unknown, port: mute.port }, null, "route");
    assert.equal(outcome(steps), ["route ok", "port failed"]);
  });

  test("each port of a tcp device is tried, an open one beside a shut one", async () => {
    await using open = await greeter();
    const shut = await freePort();
    const device = { kind: "tcp", host: "127.0.0.1" } as const;
    const steps = await tried({ ...device, ports: [shut, open.port] });
    assert.equal(outcome(steps), ["route ok", "port failed", "port ok"]);
    assert.match(steps[1]?.text ?? "", new RegExp(`127\\.0\\.0\\.1:${shut} .*ECONNREFUSED`));
    const unrouted = await tried({ kind: "tcp", host: "no-such-device.invalid", ports: [1, 2] });
    assert.equal(outcome(unrouted), ["port failed", "port failed", "route failed"]);
  });
});
