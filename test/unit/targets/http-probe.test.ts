// Trying a web panel before it is signed: every step that works beside the one that does not, against real servers.
import net from "node:net";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { probeDevice } from "../../../edge/targets/probe.ts";
import type { ProbeStep } from "../../../edge/targets/probe-reach.ts";
import type { WebDevice } from "../../../edge/targets/http/sign-in.ts";
import { systemClock } from "../../../shared/clock.ts";
import { otherFingerprint } from "../../plant/device-certificate.ts";
import { digestGuard } from "../../plant/digest-guard.ts";
import { group } from "../../support/group.ts";
import { freePort } from "../../support/port.ts";
import { panelDevice, startDevice } from "./panel-under-test.ts";

const right = { kind: "password", password: "right" } as const;
const basic = { how: "basic", login: "operator" } as const;
const digest = { how: "digest", login: "operator" } as const;
const form = {
  how: "form",
  path: "/login",
  login: "operator",
  loginField: "user",
  passwordField: "pass",
  fields: [],
} as const;

async function tried(device: WebDevice, secret: typeof right | null = null): Promise<ProbeStep[]> {
  const steps: ProbeStep[] = [];
  const { signal } = new AbortController();
  for await (const step of probeDevice(device, secret, systemClock, signal)) steps.push(step);
  return steps;
}

const outcome = (steps: readonly ProbeStep[]) =>
  steps.map(({ step, ok }) => `${step} ${ok ? "ok" : "failed"}`);

const start = (secure: boolean) =>
  startDevice(
    (request, response) => {
      const isRight = request.headers.authorization === `Basic ${btoa("operator:right")}`;
      const isIn = request.headers.cookie === "sid=1";
      if (request.url === "/login") {
        void text(request).then((body) => {
          const cookie = body.endsWith("pass=right") ? { "set-cookie": "sid=1; HttpOnly" } : {};
          response.writeHead(303, { location: cookie["set-cookie"] ? "/" : "/login", ...cookie });
          response.end();
        });
      } else response.writeHead(isRight || isIn ? 200 : 401).end();
    },
    { secure },
  );

await group("targets/probe: http", {}, (test) => {
  test("a certificate that nobody knows yet is shown, to be pinned; nothing is asked, no secret is sent", async () => {
    await using device = await start(true);
    const steps = await tried(panelDevice(device, { signIn: basic, certificate: null }), right);
    assert.equal(outcome(steps), ["route ok", "port ok", "certificate ok", "login failed"]);
    assert.is(steps[2]?.certificate, device.certificate);
    assert.match(steps[3]?.text ?? "", /not tried: the certificate is not pinned/);
    assert.equal(device.asked, []);
  });
  test("another certificate than the pinned one fails, and nothing is asked", async () => {
    await using device = await start(true);
    const certificate = otherFingerprint(device.certificate ?? "");
    const steps = await tried(panelDevice(device, { signIn: basic, certificate }), right);
    assert.equal(outcome(steps), ["route ok", "port ok", "certificate failed", "login failed"]);
    assert.equal(device.asked, []);
  });
  for (const [how, signIn] of [
    ["basic", basic],
    ["form", form],
  ] as const) {
    test(`the login by ${how} works with the right secret, and is tried once with a wrong one`, async () => {
      await using device = await start(true);
      const asked = panelDevice(device, { signIn });
      const steps = await tried(asked, right);
      assert.equal(outcome(steps), ["route ok", "port ok", "certificate ok", "login ok"]);
      const before = device.asked.length;
      const wrong = await tried(asked, { kind: "password", password: "wrong" } as never);
      assert.equal(outcome(wrong), ["route ok", "port ok", "certificate ok", "login failed"]);
      assert.match(wrong.at(-1)?.text ?? "", /refused the login/);
      const logins = device.asked.slice(before).filter((line) => line === "POST /login");
      assert.is(logins.length, how === "form" ? 1 : 0);
      assert.is(device.asked.length - before, how === "form" ? 4 : 2);
    });
  }
  test("digest: works with the right secret, is tried once with a wrong one, and is not claimed where nothing asks", async () => {
    const guard = digestGuard({ login: "operator", password: "right" });
    await using device = await startDevice((request, response) => {
      const judged = request.url === "/open" ? "right" : guard.judge(request);
      if (judged === "right") return void response.end();
      response.setHeader("www-authenticate", guard.challenge(judged));
      response.writeHead(401).end();
    });
    const asked = panelDevice(device, { signIn: digest });
    const steps = await tried(asked, right);
    assert.equal(outcome(steps), ["route ok", "port ok", "login ok"]);
    assert.is(steps[2]?.text, "signed in with the secret");
    const wrong = await tried(asked, { kind: "password", password: "wrong" } as never);
    assert.match(wrong.at(-1)?.text ?? "", /refused the login/);
    assert.is(guard.wrongs(), 1);
    const open = await tried({ ...asked, start: "/open" }, right);
    assert.is(open.at(-1)?.text, "the first page asks for no login: not tried");
  });
  for (const [chosen, asks, told] of [
    [basic, 'Digest realm="x", nonce="n"', "not tried: the device asks for Digest: choose it"],
    [digest, "Basic realm=x", "not tried: the device asks for Basic: choose it"],
    [basic, 'Basic realm=x, Digest realm="x", nonce="n"', undefined],
    [digest, 'Basic realm=x, Digest realm="x", nonce="n"', undefined],
    [form, 'Digest realm="x", nonce="n"', "the device asks for Digest: choose it"],
    [{ how: "header", name: "x-key" }, "Basic realm=x", "the device asks for Basic: choose it"],
    [{ how: "none" }, 'Digest realm="x", nonce="n"', "the device asks for Digest: choose it"],
    [{ how: "none" }, "Negotiate", undefined],
  ] as const) {
    test(`${chosen.how}, where the device asks by ${asks}: ${told ?? "nothing else is proposed"}`, async () => {
      const said: unknown[] = [];
      await using device = await startDevice((request, response) => {
        request.resume();
        said.push(request.headers.authorization);
        response.writeHead(401, { "www-authenticate": asks }).end();
      });
      const steps = await tried(panelDevice(device, { signIn: chosen }), right);
      const texts = steps.map(({ text: each }) => each).join("\n");
      if (told === undefined) assert.not.match(texts, /choose it/);
      else assert.ok(texts.includes(told), texts);
      if (told?.startsWith("not tried") === true) assert.equal(said, [undefined]);
    });
  }
  test("a plain panel; a device that speaks no HTTP; no TLS; a shut port", async () => {
    await using device = await start(false);
    assert.equal(outcome(await tried(panelDevice(device))), ["route ok", "port ok"]);
    const server = net.createServer((socket) =>
      socket.on("error", () => undefined).end("SSH-2.0-x\r\n"),
    );
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as net.AddressInfo;
    for (const secure of [false, true]) {
      const steps = await tried({ ...panelDevice(device), port, secure, certificate: null });
      assert.equal(outcome(steps), ["route ok", "port failed"]);
    }
    server.close();
    const shut = await tried({ ...panelDevice(device), port: await freePort() });
    assert.equal(outcome(shut), ["route ok", "port failed"]);
  });
});
