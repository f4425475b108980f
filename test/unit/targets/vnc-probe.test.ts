// Trying a VNC device before it is signed: what works and what does not, against real servers; no password where it must not go.
import { once } from "node:events";
import net from "node:net";
import * as assert from "uvu/assert";
import { probeDevice, type DeviceToProbe, type ProbeStep } from "../../../edge/targets/probe.ts";
import { systemClock } from "../../../shared/clock.ts";
import { startVnc, type VncDevice } from "../../plant/vnc.ts";
import { group } from "../../support/group.ts";

async function tried(
  vnc: Pick<VncDevice, "host" | "port" | "login">,
  password?: string,
  certificate: string | null = null,
): Promise<ProbeStep[]> {
  const { host, port } = vnc;
  const device: DeviceToProbe = { kind: "vnc", host, port, login: vnc.login ?? null, certificate };
  const secret = password === undefined ? null : ({ kind: "password", password } as const);
  const steps: ProbeStep[] = [];
  const never = new AbortController().signal;
  for await (const step of probeDevice(device, secret, systemClock, never)) steps.push(step);
  return steps;
}

const outcome = (steps: readonly ProbeStep[]) =>
  steps.map(({ step, ok }) => `${step} ${ok ? "ok" : "failed"}`).join(", ");

await group("targets/vnc-probe", { timeoutMs: 30_000 }, (test) => {
  test("a panel with a password: without it, with it, with a wrong one", async () => {
    await using vnc = await startVnc();
    const without = await tried(vnc);
    assert.is(outcome(without), "route ok, port ok");
    assert.match(without[1]?.text ?? "", /is open and speaks VNC \(RFB 3\.8\)$/);
    const right = await tried(vnc, vnc.password);
    assert.is(outcome(right), "route ok, port ok, login ok");
    assert.is(right[2]?.text, "signed in with the secret to a screen of 800x600");
    const wrong = await tried(vnc, "wr0ng");
    assert.is(outcome(wrong), "route ok, port ok, login failed");
    assert.match(wrong[2]?.text ?? "", /wrong password or login/);
  });
  test("a panel with a certificate: shown to be pinned, then signed in to under the pin, then another one", async () => {
    await using vnc = await startVnc({ security: "X509Plain" });
    const shown = await tried(vnc, vnc.password);
    assert.is(outcome(shown), "route ok, port ok, certificate ok, login failed");
    assert.is(shown[2]?.certificate, vnc.certificate);
    assert.match(shown[3]?.text ?? "", /^not tried/);
    assert.is(
      outcome(await tried(vnc, vnc.password, vnc.certificate)),
      "route ok, port ok, certificate ok, login ok",
    );
    const other = await tried(vnc, vnc.password, Array.from({ length: 32 }, () => "AB").join(":"));
    assert.is(outcome(other), "route ok, port ok, certificate failed, login failed");
    assert.is(other[2]?.certificate, vnc.certificate);
  });
  test("a panel that shows none where one is pinned", async () => {
    await using vnc = await startVnc({ security: "VncAuth" });
    const steps = await tried(vnc, vnc.password, Array.from({ length: 32 }, () => "AB").join(":"));
    assert.is(outcome(steps), "route ok, port ok, certificate failed, login failed");
  });
  test("what speaks no VNC is told by its first words", async () => {
    const server = net.createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const steps = await tried({ host: "127.0.0.1", port }, "password");
    assert.is(outcome(steps), "route ok, port failed");
    assert.match(steps[1]?.text ?? "", /speaks no VNC: .*begins with "HTTP\/1\.1 400"$/);
    server.close();
  });
});
