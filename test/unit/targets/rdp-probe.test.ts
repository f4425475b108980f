// An owner tries remote desktops: what is told of route, security, certificate and login, and that a login meets the pinned device alone.
import * as assert from "uvu/assert";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { systemClock } from "../../../shared/clock.ts";
import type { Secret } from "../../../shared/document/secret.ts";
import { probeDevice, type DeviceToProbe, type ProbeStep } from "../../../edge/targets/probe.ts";
import { startRdp, type RdpDevice as RdpPlant } from "../../plant/rdp.ts";
import { group } from "../../support/group.ts";
import { freePort } from "../../support/port.ts";

type RdpDevice = Extract<DeviceToProbe, { kind: "rdp" }>;

function deviceOf(plant: RdpPlant, change: Partial<RdpDevice> = {}): RdpDevice {
  const { host, port, login, certificate, security } = plant;
  return {
    kind: "rdp",
    host,
    port,
    login,
    domain: null,
    certificate,
    security,
    keyboard: "us",
    ...change,
  };
}

async function stepsOf(device: RdpDevice, password?: string): Promise<ProbeStep[]> {
  const secret: Secret | null = password === undefined ? null : { kind: "password", password };
  const stop = AbortSignal.timeout(15_000);
  return Array.fromAsync(probeDevice(device, secret, systemClock, stop));
}

function brief(steps: readonly ProbeStep[]): string[] {
  return steps.map(({ step, ok }) => `${step} ${ok ? "ok" : "failed"}`);
}

await group("rdp probe", { timeoutMs: 30_000 }, (test) => {
  test("a device without a pin shows its certificate, and gets no login", async () => {
    await using plant = await startRdp({ security: "nla" });
    const steps = await stepsOf(deviceOf(plant, { certificate: null }), plant.password);
    assert.equal(brief(steps), ["route ok", "port ok", "certificate ok", "login failed"]);
    assert.equal(steps[2]?.certificate, plant.certificate);
    assert.equal(steps[3]?.text, "not tried: the certificate is not pinned");
  });

  test("the pinned device is signed in to with NLA: the right password, and the wrong one", async () => {
    await using plant = await startRdp({ security: "nla" });
    const right = await stepsOf(deviceOf(plant), plant.password);
    assert.equal(brief(right), ["route ok", "port ok", "certificate ok", "login ok"]);
    const wrong = await stepsOf(deviceOf(plant), "another");
    assert.equal(brief(wrong), ["route ok", "port ok", "certificate ok", "login failed"]);
    assert.match(wrong[3]?.text ?? "", /refused the sign-in/);
  });

  test("another certificate than the pinned one is told, and gets no login", async () => {
    await using plant = await startRdp({ security: "nla" });
    const other = plant.certificate.replace(
      /^../,
      plant.certificate.startsWith("00") ? "01" : "00",
    );
    const steps = await stepsOf(deviceOf(plant, { certificate: other }), plant.password);
    assert.equal(brief(steps), ["route ok", "port ok", "certificate failed", "login failed"]);
  });

  test("security that the device does not want is named", async () => {
    await using plant = await startRdp({ security: "nla" });
    const steps = await stepsOf(deviceOf(plant, { security: "tls" }));
    assert.equal(brief(steps), ["route ok", "port failed"]);
    assert.match(steps[1]?.text ?? "", /no TLS: it wants NLA/);
  });

  test("a device with TLS alone shows its certificate; its sign-in is on its own screen", async () => {
    await using plant = await startRdp({ security: "tls" });
    const steps = await stepsOf(deviceOf(plant), plant.password);
    assert.equal(brief(steps), ["route ok", "port ok", "certificate ok"]);
    const asked = await stepsOf(deviceOf(plant, { security: "nla" }), plant.password);
    assert.equal(brief(asked), ["route ok", "port failed"]);
    assert.match(asked[1]?.text ?? "", /no NLA/);
  });

  test("a shut port and one that speaks something else are told apart", async () => {
    const other = createServer((socket) =>
      socket.on("error", () => undefined).end("SSH-2.0-x\r\n"),
    );
    await once(other.listen(0, "127.0.0.1"), "listening");
    const device = { kind: "rdp", host: "127.0.0.1", login: "op", domain: null } as const;
    const rest = { certificate: null, security: "nla", keyboard: "us" } as const;
    const shut = await stepsOf({ ...device, ...rest, port: await freePort() });
    assert.equal(brief(shut), ["route ok", "port failed"]);
    const { port } = other.address() as AddressInfo;
    const greeted = await stepsOf({ ...device, ...rest, port });
    other.close();
    assert.equal(brief(greeted), ["route ok", "port failed"]);
    assert.match(greeted[1]?.text ?? "", /is open: it speaks no RDP/);
  });
});
