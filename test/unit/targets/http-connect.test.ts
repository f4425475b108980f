// Kind `http` as it is opened: by the command, over the sealed channel, with the vendor's own browser and WebSocket; and under a name of its own. Against
// the plant's web panel.
import { once } from "node:events";
import http from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { Loopback } from "../../../broker/command/loopback.ts";
import type { WebHandler } from "../../../edge/web/panel.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Device } from "../../../shared/document/device.ts";
import type { SiteId } from "../../../shared/ids.ts";
import { otherFingerprint } from "../../plant/device-certificate.ts";
import { startWebHmi, type WebHmi } from "../../plant/web-hmi.ts";
import { group } from "../../support/group.ts";
import {
  failureOf,
  openOn,
  testTargetId,
  type OpenedTarget,
  type TargetUnderTest,
} from "../../support/opened-target.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

type WebDevice = Extract<Device, { kind: "http" }>;

function deviceOf(hmi: WebHmi, changes: Partial<WebDevice> = {}): WebDevice {
  return {
    kind: "http",
    host: hmi.host,
    port: hmi.port,
    secure: hmi.secure,
    certificate: hmi.certificate ?? null,
    start: "/panel/",
    paths: [],
    signIn: {
      how: "form",
      path: "/login",
      login: hmi.login,
      loginField: "user",
      passwordField: "password",
      fields: [{ name: "from", value: "panel" }],
    },
    ...changes,
  };
}

const secretOf = ({ password }: WebHmi) => ({ kind: "password", password }) as const;

/** A device that must not even be dialled. */
const untouched = {
  host: "127.0.0.1",
  port: 9,
  secure: false,
  login: "operator",
  password: "unused",
} as WebHmi;

/** The panel on a loopback address, as the command binds it; every connection is an opening. */
async function connect(hmi: WebHmi, under: Partial<TargetUnderTest> = {}) {
  const openings: OpenedTarget[] = [];
  const failures: string[] = [];
  const target = { id: testTargetId, name: "Press 7", kind: "http", rights: ["connect"] };
  const loopback = await Loopback.bind(
    "site" as SiteId,
    [{ ...target, ports: [hmi.port] }],
    async ({ mode }) => {
      const opened = await openOn(
        { device: deviceOf(hmi), secret: secretOf(hmi), rights: ["connect"], ...under },
        { mode, port: hmi.port } as Parameters<typeof openOn>[1],
      );
      openings.push(opened);
      return opened.vendor.channel;
    },
    (_target, thrown) => failures.push(String(thrown)),
  );
  const url = loopback.ports[0]?.url ?? "";
  const agent = new http.Agent({ keepAlive: true });
  return {
    url,
    openings,
    failures,
    recordings: () => openings.flatMap(({ recordings }) => recordings),
    ask: (path: string, options: http.RequestOptions = {}, body?: string) =>
      answerOf(http.request(new URL(path, url), { agent, ...options }), body),
    endSession: () => openings.forEach(({ session }) => session.abort("the grant has ended")),
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      for (const { session } of openings) session.abort("over");
      await Promise.allSettled(openings.map(({ served }) => served));
      await loopback[Symbol.asyncDispose]();
    },
  };
}

async function answerOf(request: http.ClientRequest, body?: string) {
  request.end(body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  return { status: response.statusCode ?? 0, fields: response.headers, text };
}

/** The plant's panel where the device is reached, else one that must not be. */
async function startHmiFor(code: string): Promise<WebHmi> {
  if (code === "device_refused") return startWebHmi();
  return { ...untouched, [Symbol.asyncDispose]: async () => undefined };
}

const logins = ({ process }: WebHmi) => process.stdout.match(/^login /gm)?.length ?? 0;

await group("targets/http: connect and web", { timeoutMs: 60_000 }, (test) => {
  test("a browser's connections share one login, one jar and one recording", async () => {
    await using hmi = await startWebHmi();
    await using vendor = await connect(hmi);
    assert.match(vendor.url, /^http:\/\/127\.\d+\.\d+\.\d+:\d+\/$/);
    const paths = ["/panel/", "/panel/style.css", "/panel/app.js", "/panel/press.json"];
    const answers = await Promise.all(paths.map((path) => vendor.ask(path)));
    for (const { status, text, fields } of answers) {
      assert.is(status, 200);
      assert.not.match(text, /127\.0\.0\.1/, "the device's own address");
      assert.is(fields["set-cookie"], undefined);
    }
    const { self, live } = JSON.parse(answers[3]?.text ?? "") as { self: string; live: string };
    assert.is(self, `${vendor.url}panel/press.json`);
    assert.is(live, `${vendor.url.replace("http", "ws")}live`);
    assert.is(logins(hmi), 1);
    assert.is(vendor.openings.length, 4);
    const [recording, ...more] = vendor.recordings();
    assert.equal(more, []);
    const shown = recording?.events.map(({ details }) => (details as { path: string }).path);
    assert.equal(shown?.sort(), [...paths].sort());
  });
  test("what is set in the panel is set at the press, with the device's own origin", async () => {
    await using hmi = await startWebHmi();
    await using vendor = await connect(hmi);
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      origin: vendor.url.slice(0, -1),
    };
    const answer = await vendor.ask("/panel/setpoint", { method: "POST", headers }, "celsius=61");
    assert.is(answer.status, 303);
    assert.is(answer.fields.location, `${vendor.url}panel/`);
    await hmi.process.line(/^setpoint 61\.0$/);
  });
  test("a WebSocket brings live values and takes bytes; the end of the session cuts it", async () => {
    await using hmi = await startWebHmi();
    await using vendor = await connect(hmi);
    const socket = new WebSocket(`${vendor.url.replace("http", "ws")}live`, {
      origin: vendor.url.slice(0, -1),
    });
    const [first] = (await once(socket, "message")) as [Buffer];
    assert.type(
      (JSON.parse(first.toString()) as Record<string, unknown>)["temperatureC"],
      "number",
    );
    const big = Buffer.alloc(300_000, "press");
    socket.send(big);
    for (;;) {
      const [back, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
      if (!isBinary) continue;
      assert.equal(back, big);
      break;
    }
    const closed = once(socket, "close");
    vendor.endSession();
    await closed;
    await hmi.process.line(/^socket over$/);
    const [recording] = vendor.recordings();
    const events = recording?.events.filter(({ name }) => name === "websocket");
    assert.equal(
      events?.map(({ details }) => (details as { state: string }).state),
      ["opened", "closed"],
    );
    const { bytes } = (events?.at(-1)?.details ?? { bytes: 0 }) as { bytes: number };
    assert.ok(bytes > 2 * big.length);
    assert.ok(recording?.isClosed);
  });
  for (const [note, path, options] of [
    ["another page's origin", "live", { origin: "https://evil.example" }],
    ["a path that was not granted", "other", {}],
    ["a sibling's page", "live", { headers: { "sec-fetch-site": "same-site" } }],
  ] as const) {
    test(`a WebSocket of ${note} is refused, and the device hears nothing`, async () => {
      await using hmi = await startWebHmi();
      const device = deviceOf(hmi, { paths: ["/panel", "/live"] });
      await using vendor = await connect(hmi, { device });
      const socket = new WebSocket(`${vendor.url.replace("http", "ws")}${path}`, options);
      const [error] = (await once(socket, "error")) as [Error];
      assert.match(error.message, /403/);
      assert.not.match(hmi.process.stdout, /^socket/m);
    });
  }
  test("a session that the panel forgot is opened anew, for a WebSocket too", async () => {
    await using hmi = await startWebHmi();
    await using vendor = await connect(hmi);
    await vendor.ask("/panel/");
    await hmi.forget();
    const socket = new WebSocket(`${vendor.url.replace("http", "ws")}live`, {
      origin: vendor.url.slice(0, -1),
    });
    await once(socket, "message");
    await hmi.forget();
    assert.is((await vendor.ask("/panel/")).status, 200);
    assert.is((await vendor.ask("/logout")).fields.location, `${vendor.url}login`);
    assert.is((await vendor.ask("/login")).fields.location, "/panel/", "signed in again at once");
    assert.is((await vendor.ask("/panel/")).status, 200);
    socket.terminate();
  });
  test("a wrong password is one attempt for all connections of the session", async () => {
    await using hmi = await startWebHmi();
    await using vendor = await connect(hmi, { secret: { kind: "password", password: "no" } });
    const answers = await Promise.all([1, 2, 3, 4].map(() => vendor.ask("/panel/")));
    assert.ok(answers.every(({ status, text }) => status === 502 && /tried once/.test(text)));
    assert.is(logins(hmi), 1);
  });
  test("a name of the internet that points to this machine is told off", async () => {
    await using hmi = await startWebHmi();
    await using vendor = await connect(hmi);
    for (const host of ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.1"]) {
      assert.is((await vendor.ask("/panel/", { headers: { host } })).status, 421);
    }
    assert.not.match(hmi.process.stdout, /^asked/m);
  });
  test("another certificate is told to the vendor and to the journal, and no login is sent", async () => {
    await using hmi = await startWebHmi();
    const certificate = otherFingerprint(hmi.certificate ?? "");
    await using vendor = await connect(hmi, { device: deviceOf(hmi, { certificate }) });
    const { status, text } = await vendor.ask("/panel/");
    assert.is(status, 502);
    assert.match(text, /another certificate/);
    vendor.endSession();
    const [first] = vendor.openings;
    if (first === undefined) throw new Error("no opening");
    assert.is((await failureOf(first)).code, "device_changed");
    assert.not.match(hmi.process.stdout, /^asked/m);
  });
  for (const [note, under, port] of [
    ["without the right", { rights: ["browser"] }, 0],
    ["on another port", {}, 1],
  ] as const) {
    test(`refused ${note}, and nothing is recorded`, async () => {
      const opened = await openOn(
        { device: deviceOf(untouched), secret: secretOf(untouched), ...under },
        { mode: "tcp", port: untouched.port + port },
      );
      assert.is((await failureOf(opened)).code, "refused");
      assert.is(opened.recordings.length, 0);
    });
  }
  test("the panel outlives its connections for a while, and then its recording is closed", async () => {
    await using hmi = await startWebHmi();
    const clock = new TurnedClock();
    await using vendor = await connect(hmi, { clock: clock as Clock });
    const once_ = { agent: false as const, headers: { connection: "close" } };
    await vendor.ask("/panel/", once_);
    const [first] = vendor.openings;
    await vendor.ask("/panel/", once_);
    assert.is(logins(hmi), 1);
    await vendor.openings[1]?.served;
    assert.is(vendor.recordings().length, 1);
    assert.is(vendor.recordings()[0]?.isClosed, false);
    const over = first?.served.then(() => true);
    while (!(await Promise.race([over, wait(5, false)]))) clock.advanceMs(30_000);
    assert.ok(vendor.recordings()[0]?.isClosed);
  });
  test("a recorder that fails ends every connection", async () => {
    await using hmi = await startWebHmi();
    await using vendor = await connect(hmi);
    await Promise.all([vendor.ask("/panel/"), vendor.ask("/panel/app.js")]);
    vendor.recordings()[0]?.fail();
    const [first] = vendor.openings;
    if (first === undefined) throw new Error("no opening");
    assert.is((await failureOf(first)).code, "recording_failed");
    await Promise.allSettled(vendor.openings.map(({ served }) => served));
  });
  test("mode web: signed in before there is a name; the channel's end takes it away and cuts what is open", async () => {
    await using hmi = await startWebHmi();
    let handler: WebHandler | undefined;
    let closes = 0;
    const origin = "https://aaaa.bbbb.web.localhost:8443";
    const { vendor, served, recordings } = await openOn(
      {
        device: deviceOf(hmi),
        secret: secretOf(hmi),
        rights: ["browser"],
        openWeb: async (panel) => {
          handler = panel;
          assert.is(logins(hmi), 1);
          return { origin, ticket: "t".repeat(43), close: () => void (closes += 1) };
        },
      },
      { mode: "web" },
    );
    assert.equal(await vendor.message("web"), { type: "web", origin, ticket: "t".repeat(43) });
    await vendor.message("opened");
    const front = http.createServer((request, response) =>
      handler?.handle(request, response, origin),
    );
    await once(front.listen(0, "127.0.0.1"), "listening");
    const { port } = front.address() as { port: number };
    const page = await answerOf(http.request({ port, host: "127.0.0.1", path: "/panel/" }));
    assert.match(page.text, new RegExp(`${origin}/panel/`));
    const events = http.request({ port, host: "127.0.0.1", path: "/panel/events" });
    events.end();
    const [stream] = (await once(events, "response")) as [http.IncomingMessage];
    await once(stream, "data");
    const cut = once(stream, "error");
    vendor.channel.abort("closed the tab");
    await served;
    await cut;
    assert.is(closes, 1);
    assert.ok(recordings[0]?.isClosed);
    front.close();
    front.closeAllConnections();
    await hmi.process.line(/^stream over/);
  });
  for (const [note, under, code] of [
    ["a wrong password", { secret: { kind: "password", password: "no" } }, "device_refused"],
    ["no secret", { secret: undefined }, "vault_invalid"],
    ["no right", { rights: ["connect"] }, "refused"],
  ] as const) {
    test(`mode web: with ${note} there is no name`, async () => {
      await using hmi = await startHmiFor(code);
      let names = 0;
      const opened = await openOn(
        {
          device: deviceOf(hmi),
          secret: secretOf(hmi),
          openWeb: async () => {
            names += 1;
            throw new Error("not expected");
          },
          ...under,
        },
        { mode: "web" },
      );
      assert.is((await failureOf(opened)).code, code);
      assert.is(names, 0);
    });
  }
  for (const signIn of ["basic", "header", "none"] as const) {
    test(`the plant's panel with sign-in ${signIn}, over plain HTTP`, async () => {
      await using hmi = await startWebHmi({ signIn, secure: false });
      const how = {
        basic: { how: "basic", login: hmi.login },
        header: { how: "header", name: "X-Panel-Key" },
        none: { how: "none" },
      } as const;
      await using vendor = await connect(hmi, { device: deviceOf(hmi, { signIn: how[signIn] }) });
      const { status, text } = await vendor.ask("/panel/press.json");
      assert.is(status, 200);
      assert.not.match(text, /127\.0\.0\.1/);
    });
  }
});
