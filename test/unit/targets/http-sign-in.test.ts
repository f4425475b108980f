// The login of a web panel by the edge: each way to sign in with its wrong twin, sessions that the panel ends, and that nothing of it comes back.
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { otherFingerprint } from "../../plant/device-certificate.ts";
import type { WebDevice } from "../../../edge/targets/http/sign-in.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import {
  panelDevice,
  startDevice,
  startPanel,
  type DeviceServer,
  type PanelUnderTest,
} from "./panel-under-test.ts";

const password = "Presse-7 +ü&=";
const form = {
  how: "form",
  path: "/login",
  login: "operator",
  loginField: "user",
  passwordField: "pass",
  fields: [{ name: "lang", value: "en" }],
} as const;

type WrongAnswer = "redirect" | "status" | "form" | "start";
interface FormPanel extends DeviceServer {
  /** Bodies that were posted to the login. */
  readonly posted: string[];
  endSessions(): void;
}

/** A panel with a login form and a session cookie, and one of the ways in which panels tell of a wrong password. */
async function startFormPanel(
  wrong: WrongAnswer = "redirect",
  right = password,
): Promise<FormPanel> {
  const sessions = new Set<string>();
  const posted: string[] = [];
  const formPage = `<form method=post action=/login><input name="user"><input type=password name="pass"></form>`;
  const html = { "content-type": "text/html" };
  const logIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    posted.push(body);
    if (new URLSearchParams(body).get("pass") === right) {
      const id = `s${posted.length}`;
      sessions.add(id);
      const cookie = `sid=${id}; Domain=127.0.0.1; Path=/`;
      response.writeHead(302, { location: "/", "set-cookie": cookie }).end();
    } else if (wrong === "redirect") {
      response.writeHead(302, { location: "/login?failed=1" }).end();
    } else if (wrong === "start") response.writeHead(302, { location: "/" }).end();
    else if (wrong === "status") response.writeHead(401).end();
    else response.writeHead(200, html).end(formPage);
  };
  const device = await startDevice((request, response) => {
    const { url = "", method } = request;
    if (url === "/login" && method === "POST") return void logIn(request, response);
    const sid = /\bsid=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
    if (/^\/login(?:\?|$)/.test(url)) return void response.writeHead(200, html).end(formPage);
    if (sessions.has(sid)) {
      if (url === "/forbidden") return void response.writeHead(403).end("not for operators");
      return void response.writeHead(200, html).end(`signed in: ${method} ${url}`);
    }
    if (url.startsWith("/api")) return void response.writeHead(401).end();
    if (wrong === "start" || wrong === "form") response.writeHead(200, html).end(formPage);
    else response.writeHead(302, { location: `http://127.0.0.1:${device.port}/login` }).end();
  });
  return { ...device, posted, endSessions: () => sessions.clear() };
}

async function failure(panel: PanelUnderTest): Promise<SallyportError> {
  try {
    await panel.panel.begin();
  } catch (thrown) {
    if (thrown instanceof SallyportError) return thrown;
    throw thrown;
  }
  throw new Error("signed in");
}

const logins = ({ asked }: DeviceServer) => asked.filter((line) => line === "POST /login").length;

await group("targets/http: sign-in", { timeoutMs: 30_000 }, (test) => {
  test("a form is posted with its fields, and its session is the edge's: the browser gets no cookie of it", async () => {
    await using device = await startFormPanel();
    await using panel = await startPanel(panelDevice(device, { signIn: form }), { password });
    const answer = await panel.ask("/page");
    assert.is(answer.text, "signed in: GET /page");
    assert.is(answer.fields["set-cookie"], undefined);
    const sent = new URLSearchParams(device.posted[0]);
    assert.equal(
      [...sent],
      [
        ["lang", "en"],
        ["user", "operator"],
        ["pass", password],
      ],
    );
  });
  test("ten requests that come at once wait for one login", async () => {
    await using device = await startFormPanel();
    await using panel = await startPanel(panelDevice(device, { signIn: form }), { password });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_each, at) => panel.ask(`/page/${at}`)),
    );
    assert.ok(answers.every(({ status }) => status === 200));
    assert.is(logins(device), 1);
  });
  for (const wrong of ["redirect", "status", "form", "start"] as const) {
    test(`a wrong password that the panel tells by its ${wrong} is tried once, and then said in plain words`, async () => {
      await using device = await startFormPanel(wrong, "another");
      await using panel = await startPanel(panelDevice(device, { signIn: form }), { password });
      const failed = await failure(panel);
      assert.is(failed.code, "device_refused");
      assert.not.match(failed.message, /Presse/);
      for (const target of ["/", "/page", "/login"]) {
        const answer = await panel.ask(target);
        assert.is(answer.status, 502);
        assert.match(answer.text, /Press 7&#34; did not accept the login.*tried once/);
        assert.not.match(answer.text, /127\.0\.0\.1|Presse/);
        assert.match(String(answer.fields["content-security-policy"]), /default-src 'none'/);
      }
      assert.is(logins(device), 1);
    });
  }
  test("without a secret nothing is tried", async () => {
    await using device = await startFormPanel();
    await using panel = await startPanel(panelDevice(device, { signIn: form }));
    assert.is((await failure(panel)).code, "vault_invalid");
    assert.equal(device.asked, []);
  });
  test("a session that the panel has ended is opened anew, once for all who asked, and what was asked is asked again", async () => {
    await using device = await startFormPanel();
    const clock = new TurnedClock();
    await using panel = await startPanel(panelDevice(device, { signIn: form }), {
      password,
      clock,
    });
    await panel.ask("/");
    clock.advanceMs(60_000);
    device.endSessions();
    const answers = await Promise.all(["/page", "/api/1", "/api/2"].map((each) => panel.ask(each)));
    assert.equal(
      answers.map(({ text: body }) => body),
      ["signed in: GET /page", "signed in: GET /api/1", "signed in: GET /api/2"],
    );
    assert.is(logins(device), 2);
  });
  test("what would change something is not sent twice: the vendor is asked to repeat it", async () => {
    await using device = await startFormPanel();
    const clock = new TurnedClock();
    await using panel = await startPanel(panelDevice(device, { signIn: form }), {
      password,
      clock,
    });
    await panel.ask("/");
    clock.advanceMs(60_000);
    device.endSessions();
    const first = await panel.ask("/api/set", { method: "POST", body: "v=1" });
    assert.is(first.status, 409);
    assert.match(first.text, /nothing was done/);
    const again = await panel.ask("/api/set", { method: "POST", body: "v=1" });
    assert.is(again.text, "signed in: POST /api/set");
  });
  test("a page that is forbidden to this login is shown as that, and costs no login", async () => {
    await using device = await startFormPanel();
    const clock = new TurnedClock();
    await using panel = await startPanel(panelDevice(device, { signIn: form }), {
      password,
      clock,
    });
    for (let time = 0; time < 3; time += 1) {
      const answer = await panel.ask("/forbidden");
      assert.is(answer.status, 403);
      assert.is(answer.text, "not for operators");
      clock.advanceMs(60_000);
    }
    assert.is(logins(device), 1);
  });
  test("the login's page leads to the start; a panel that leads back to it at once is told, not followed", async () => {
    await using device = await startFormPanel();
    await using panel = await startPanel(panelDevice(device, { signIn: form, start: "/home" }), {
      password,
    });
    const first = await panel.ask("/login");
    assert.is(first.status, 303);
    assert.is(first.fields.location, "/home");
    const second = await panel.ask("/login?from=home");
    assert.is(second.status, 502);
    assert.match(second.text, /asks for its login again/);
    assert.is(logins(device), 1);
  });
  for (const target of [
    "/login",
    "/login/",
    "//login",
    "/LOGIN",
    "/%6cogin",
    "/a/../login",
    "/login;x=1",
    "/login?x",
  ]) {
    test(`nobody else posts to the login: ${target}`, async () => {
      await using device = await startFormPanel();
      await using panel = await startPanel(panelDevice(device, { signIn: form }), { password });
      const answer = await panel.ask(target, { method: "POST", body: "user=x&pass=y" });
      assert.is(answer.status, 403);
      assert.equal(device.asked, []);
    });
  }
  test("whoever posts elsewhere is let through", async () => {
    await using device = await startFormPanel();
    await using panel = await startPanel(panelDevice(device, { signIn: form }), { password });
    const answer = await panel.ask("/logins", { method: "POST", body: "x=1" });
    assert.is(answer.text, "signed in: POST /logins");
  });
  for (const isRight of [true, false]) {
    test(`a login whose page is elsewhere and begins the session: ${isRight ? "signed in" : "tried once"}`, async () => {
      const sessions = new Map<string, boolean>();
      let posts = 0;
      await using device = await startDevice((request, response) => {
        const sid = /\bsid=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
        const html = { "content-type": "text/html" };
        if (request.url === "/sign/in.html") {
          sessions.set("s1", false);
          response.writeHead(200, { ...html, "set-cookie": "sid=s1; Path=/" });
          response.end(`<input name='pass'>`);
        } else if (request.url === "/login") {
          posts += 1;
          request.resume();
          if (isRight && sessions.has(sid)) sessions.set(sid, true);
          const location = sessions.get(sid) === true ? "/" : "/sign/in.html?wrong";
          response.writeHead(302, { location }).end();
        } else if (sessions.get(sid) === true) response.writeHead(200, html).end("in");
        else response.writeHead(302, { location: "sign/in.html" }).end();
      });
      await using panel = await startPanel(panelDevice(device, { signIn: form }), { password });
      const answer = await panel.ask("/");
      assert.is(answer.status, isRight ? 200 : 502);
      await panel.ask("/");
      assert.is(posts, 1);
      const page = await panel.ask("/sign/in.html");
      assert.is(page.status, isRight ? 303 : 502, "its page is nobody's but the edge's");
    });
    test(`a panel that leads everybody on, and shows its login there: ${isRight ? "signed in" : "tried once"}`, async () => {
      let posts = 0;
      await using device = await startDevice((request, response) => {
        const html = { "content-type": "text/html" };
        if (request.url === "/login") {
          posts += 1;
          request.resume();
          const cookie = isRight ? { "set-cookie": "sid=1" } : {};
          response.writeHead(302, { location: "/", ...cookie }).end();
        } else if (request.url !== "/app") response.writeHead(302, { location: "/app" }).end();
        else if (request.headers.cookie === "sid=1") response.writeHead(200, html).end("in");
        else response.writeHead(200, html).end('<input name="pass">');
      });
      await using panel = await startPanel(panelDevice(device, { signIn: form }), { password });
      assert.is((await panel.ask("/app")).status, isRight ? 200 : 502);
      assert.is((await panel.ask("/app")).status, isRight ? 200 : 502);
      assert.is(posts, 1);
    });
  }
  for (const [how, signIn, isRight] of [
    ["basic", { how: "basic", login: "operator" }, basicIsRight],
    ["header", { how: "header", name: "X-Api-Key" }, headerIsRight],
  ] as const) {
    const start = (right: string) =>
      startDevice((request, response) => {
        const ok = isRight(request, right);
        response.writeHead(ok ? 200 : 401, { "www-authenticate": "Basic realm=x" });
        response.end(ok ? "in" : "out");
      });
    test(`${how}: each request is signed in, and the browser's own word does not count`, async () => {
      await using device = await start(password);
      await using panel = await startPanel(panelDevice(device, { signIn } as Partial<WebDevice>), {
        password,
      });
      const fields = { authorization: "Basic eDp5", "x-api-key": "mine" };
      const answer = await panel.ask("/", { fields });
      assert.is(answer.text, "in");
    });
    test(`${how}: a wrong secret is tried once, by however many requests`, async () => {
      await using device = await start("another");
      await using panel = await startPanel(panelDevice(device, { signIn } as Partial<WebDevice>), {
        password,
      });
      const answers = await Promise.all([1, 2, 3, 4].map((each) => panel.ask(`/${each}`)));
      assert.equal(
        answers.map(({ status, fields }) => [status, fields["www-authenticate"]]),
        Array.from({ length: 4 }, () => [502, undefined]),
      );
      assert.equal(device.asked, ["GET /"]);
    });
  }
  test("a panel without login lets the vendor sign in himself", async () => {
    await using device = await startDevice((request, response) => {
      response.writeHead(401, { "www-authenticate": "Basic realm=x" });
      response.end(request.headers.authorization ?? "nobody");
    });
    await using panel = await startPanel(panelDevice(device));
    const asked = await panel.ask("/");
    assert.is(asked.fields["www-authenticate"], "Basic realm=x");
    const answer = await panel.ask("/", { fields: { authorization: "Basic eDp5" } });
    assert.is(answer.text, "Basic eDp5");
  });
  test("over TLS with the pinned certificate; another certificate gets no byte of HTTP", async () => {
    await using device = await startDevice((_request, response) => response.end("in"), {
      secure: true,
    });
    const signIn = { how: "basic", login: "operator" } as const;
    await using panel = await startPanel(panelDevice(device, { signIn }), { password });
    assert.is((await panel.ask("/")).text, "in");
    const before = device.asked.length;
    const certificate = otherFingerprint(device.certificate ?? "");
    await using other = await startPanel(panelDevice(device, { signIn, certificate }), {
      password,
    });
    assert.is((await failure(other)).code, "device_changed");
    const answer = await other.ask("/");
    assert.is(answer.status, 502);
    assert.match(answer.text, /another certificate/);
    assert.is(device.asked.length, before);
    assert.is(other.panel.fault?.code, "device_changed");
  });
  test("an old panel's TLS is spoken if its target is called legacy, and only then", async () => {
    await using device = await startDevice((_request, response) => response.end("in"), {
      secure: true,
      tls: { minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" },
    });
    await using old = await startPanel(panelDevice(device), { legacy: true });
    assert.is((await old.ask("/")).text, "in");
    await using modern = await startPanel(panelDevice(device));
    assert.is((await failure(modern)).code, "device_unreachable");
  });
});

function basicIsRight({ headers }: IncomingMessage, right: string): boolean {
  const expected = Buffer.from(`operator:${right}`).toString("base64");
  return headers.authorization === `Basic ${expected}`;
}

function headerIsRight({ headers }: IncomingMessage, right: string): boolean {
  return Buffer.from(String(headers["x-api-key"]), "latin1").toString() === right;
}
