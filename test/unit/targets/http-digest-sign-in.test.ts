// Digest through a panel: lighttpd as it is, and devices that are stranger than it; nonces that end, uploads, WebSockets, realms, wrong passwords.
import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import { WebSocket, WebSocketServer } from "ws";
import { digestGuard } from "../../plant/digest-guard.ts";
import { startLighttpd } from "../../plant/lighttpd.ts";
import { group } from "../../support/group.ts";
import { runProcess } from "../../support/process.ts";
import { failure, password, signIn, startFor, startGuarded, who } from "./digest-under-test.ts";
import {
  panelDevice,
  publicOrigin,
  startDevice,
  startPanel,
  type DeviceServer,
} from "./panel-under-test.ts";

const post = (body: string) => ({
  method: "POST",
  body,
  fields: { "content-length": Buffer.byteLength(body) },
});
const sha256 = (body: string) => createHash("sha256").update(body).digest("hex");
const heldBody = "v=1&".repeat(16_384);
const largeBody = `${heldBody}x`;

await group("targets/http: sign-in by digest", { timeoutMs: 60_000 }, (test) => {
  for (const [algorithm, login] of [
    ["MD5", "operator"],
    ["SHA-256", "operator"],
    ["SHA-256", "Jäger"],
  ] as const) {
    test(`lighttpd with ${algorithm}, as ${login}: pages and uploads, small, large and in pieces; a wrong password is tried once`, async () => {
      await using device = await startLighttpd({ algorithm, login, password });
      const at = { port: device.port, certificate: null };
      await using panel = await startFor(at, { signIn: { how: "digest", login } });
      assert.match((await panel.ask("/")).text, /the press's page/);
      for (const body of ["v=1", heldBody, largeBody, "x".repeat(3_000_000)]) {
        const answer = await panel.ask("/upload.cgi", post(body));
        assert.is(answer.text, `${login} ${sha256(body)}  -\n`);
      }
      const pieces = { method: "POST", body: "pieces", fields: { "transfer-encoding": "chunked" } };
      const answer = await panel.ask("/upload.cgi", pieces);
      assert.is(answer.text, `${login} ${sha256("pieces")}  -\n`);

      await using wrong = await startPanel(
        panelDevice(at as DeviceServer, { signIn: { how: "digest", login } }),
        { password: "another" },
      );
      const answers = await Promise.all([1, 2, 3, 4].map(() => wrong.ask("/")));
      for (const { status, fields, text: page } of answers) {
        assert.equal([status, fields["www-authenticate"]], [502, undefined]);
        assert.match(page, /did not accept the login.*tried once/);
      }
      await device.process.line(/wrong password/);
      assert.is(device.process.count(/wrong password/), 1);
    });
  }
  for (const [algorithm, qop] of [
    [undefined, "auth"],
    [undefined, null],
    ["MD5", null],
    ["MD5", "auth,auth-int"],
    ["MD5-sess", "auth"],
    ["SHA-256", "auth"],
    ["SHA-256-sess", "auth"],
    ["SHA-256", null],
  ] as const) {
    test(`${algorithm ?? "no algorithm"} with qop ${qop}: the edge and curl are let in, and neither with another password`, async () => {
      const options = { ...(algorithm && { algorithm }), qop, opaque: "o/=p" };
      await using device = await startGuarded({ ...options, password: "press" });
      const curl = (secret: string) =>
        runProcess(
          "curl",
          `--silent --digest --user operator:${secret} http://127.0.0.1:${device.port}/page?a=b`.split(
            " ",
          ),
        );
      assert.is((await curl("press")).stdout, "GET /page?a=b 0");
      assert.is((await curl("another")).stdout, "out");
      assert.is(device.guard.wrongs(), 1);
      const at = panelDevice(device, { signIn });
      await using panel = await startPanel(at, { password: "press" });
      assert.is((await panel.ask("/page?a=b")).text, "GET /page?a=b 0");
      assert.is((await panel.ask("/form", post("a=b"))).text, "POST /form 3");
      assert.is(device.guard.wrongs(), 1);
      await using wrong = await startPanel(at, { password: "another" });
      assert.is((await failure(wrong)).code, "device_refused");
      assert.is((await wrong.ask("/")).status, 502);
      assert.is(device.guard.wrongs(), 2);
    });
  }
  test("requests count on under one nonce, and each count comes once, also when many ask at once", async () => {
    await using device = await startGuarded();
    await using panel = await startFor(device);
    await panel.ask("/");
    const before = device.asked.length;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_each, at) => panel.ask(`/${at}`)),
    );
    assert.ok(answers.every(({ status }) => status === 200));
    assert.is(device.asked.length - before, 20);
    await panel.ask("/held", post(heldBody));
    assert.is(device.asked.at(-1), "POST /held");
    assert.is(device.asked.length - before, 21, "no question goes before what can be held");
    const counts = device.said
      .slice(before)
      .map((each) => /nc=([0-9a-f]{8})/.exec(each ?? "")?.[1]);
    assert.is(new Set(counts).size, 21);
  });
  for (const tellsStale of [true, false]) {
    test(`nonces that are over are renewed, unnoticed, ${tellsStale ? "and said to be" : "without a word of it"}`, async () => {
      await using device = await startGuarded({ tellsStale });
      await using panel = await startFor(device);
      await panel.ask("/");
      for (const body of [undefined, heldBody, largeBody]) {
        device.guard.forget();
        const answer = await panel.ask("/page", body === undefined ? {} : post(body));
        assert.is(answer.status, 200, answer.text);
      }
      device.guard.forget();
      const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((at) => panel.ask(`/${at}`)));
      assert.equal(
        answers.map(({ status }) => status),
        [200, 200, 200, 200, 200, 200],
      );
      assert.equal(device.taken, [sha256(heldBody), sha256(largeBody)]);
      assert.is(device.guard.wrongs(), 0);
    });
  }
  test("nonces that are good once: pages, and uploads of any length", async () => {
    await using device = await startGuarded({ usesPerNonce: 1 });
    await using panel = await startFor(device);
    for (const body of [undefined, "v=1", heldBody, largeBody, undefined]) {
      const answer = await panel.ask("/page", body === undefined ? {} : post(body));
      assert.is(answer.status, 200, answer.text);
    }
    assert.equal(device.taken, [sha256("v=1"), sha256(heldBody), sha256(largeBody)]);
  });
  test("a device that calls every nonce over is given up, and not asked for ever", async () => {
    await using device = await startGuarded({ usesPerNonce: 0 });
    await using panel = await startFor(device);
    assert.is((await failure(panel)).code, "device_refused");
    assert.ok(device.asked.length <= 4);
    const before = device.asked.length;
    assert.is((await panel.ask("/")).status, 502);
    assert.is(device.asked.length, before);
  });
  test("a large upload that meets a 401 all the same was not done: the vendor is told to repeat it", async () => {
    let isOver = false;
    const guard = digestGuard(who);
    await using device = await startDevice((request, response) => {
      const judged = guard.judge(request);
      const isUpload = request.method === "POST";
      request.resume();
      // A device that forgets between the question and the upload.
      if (isUpload && isOver) guard.forget();
      if (judged === "right" && !(isUpload && isOver)) return void response.end("in");
      if (isUpload) isOver = false;
      response.setHeader("www-authenticate", guard.challenge("stale"));
      response.writeHead(401).end();
    });
    await using panel = await startFor(device);
    await panel.ask("/");
    isOver = true;
    assert.is(
      (await panel.ask("/upload", post(heldBody))).text,
      "in",
      "what is held is said again",
    );
    isOver = true;
    const answer = await panel.ask("/upload", post(largeBody));
    assert.is(answer.status, 409);
    assert.match(answer.text, /nothing was done/);
    assert.is((await panel.ask("/upload", post(largeBody))).text, "in");
  });
  test("a first page that asks for nothing: the first that does is the trial, once for all who ask", async () => {
    await using device = await startGuarded({ isOpen: (target) => target === "/" });
    await using panel = await startFor(device);
    assert.is((await panel.ask("/")).status, 200);
    assert.equal(device.said, [undefined, undefined]);
    const answers = await Promise.all([1, 2, 3, 4].map((at) => panel.ask(`/${at}`)));
    assert.ok(answers.every(({ status }) => status === 200));
    await using wrong = await startPanel(panelDevice(device, { signIn }), { password: "another" });
    assert.is((await wrong.ask("/")).status, 200);
    const refused = await Promise.all([1, 2, 3, 4].map((at) => wrong.ask(`/${at}`)));
    assert.ok(refused.every(({ status }) => status === 502));
    assert.is(device.guard.wrongs(), 1);
  });
  test("a first page that asks for nothing, then an upload: it arrives", async () => {
    for (const body of ["v=1", largeBody]) {
      await using device = await startGuarded({ isOpen: (target) => target === "/" });
      await using panel = await startFor(device);
      assert.is((await panel.ask("/set", post(body))).status, 200);
      assert.equal(device.taken, [sha256(body)]);
    }
  });
  test("a page that is not for this login is shown as that, without a question, and ends nothing", async () => {
    await using device = await startGuarded({ isForbidden: (target) => target === "/admin" });
    await using panel = await startFor(device);
    for (let time = 0; time < 8; time += 1) {
      const answer = await panel.ask("/admin");
      assert.equal([answer.status, answer.fields["www-authenticate"]], [401, undefined]);
    }
    assert.is((await panel.ask("/")).status, 200);
    assert.ok(device.asked.length < 40, `${device.asked.length} requests`);
  });
  test("a password that was changed meanwhile is tried once more, and then no further", async () => {
    let isChanged = false;
    const [before, after] = [digestGuard(who), digestGuard({ ...who, password: "new" })];
    await using device = await startDevice((request, response) => {
      const guard = isChanged ? after : before;
      const judged = guard.judge(request);
      if (judged === "right") return void response.end("in");
      response.setHeader("www-authenticate", guard.challenge(judged));
      response.writeHead(401).end();
    });
    await using panel = await startFor(device);
    assert.is((await panel.ask("/")).text, "in");
    isChanged = true;
    for (let time = 0; time < 4; time += 1) {
      assert.match((await panel.ask("/")).text, /did not accept the login/);
    }
    // What was asked, and the trial.
    assert.is(after.wrongs(), 2);
  });
  test("two realms with one login are both signed in to; one that does not know it stays shut, the other open", async () => {
    const guards = {
      "/user": digestGuard({ ...who, realm: "user" }),
      "/admin": digestGuard({ ...who, realm: "admin" }),
      "/other": digestGuard({ ...who, realm: "other", password: "another" }),
    };
    let tried = 0;
    await using device = await startDevice((request, response) => {
      if (request.headers.authorization?.includes('realm="other"') === true) tried += 1;
      const guard = guards[(request.url ?? "") as keyof typeof guards];
      const judged = guard.judge(request);
      request.resume();
      if (judged === "right") return void response.end(`in ${request.url}`);
      response.setHeader("www-authenticate", guard.challenge(judged));
      response.writeHead(401).end();
    });
    await using panel = await startFor(device, { start: "/user" });
    for (const target of ["/user", "/admin", "/user", "/admin"]) {
      assert.is((await panel.ask(target)).text, `in ${target}`);
      assert.is((await panel.ask(target, post(largeBody))).text, `in ${target}`);
      assert.is((await panel.ask("/other")).status, 401);
      assert.is((await panel.ask("/other", post(largeBody))).status, 401);
    }
    assert.is(tried, 1);
    assert.is((await panel.ask("/user")).text, "in /user");
    for (const [target, requests] of [
      ["/user", 1],
      ["/admin", 2],
      ["/admin", 1],
    ] as const) {
      const before = device.asked.length;
      await panel.ask(target);
      assert.is(device.asked.length - before, requests, target);
    }
  });
  test("a WebSocket is opened by Digest, also under a nonce that is over", async () => {
    const server = http.createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on("connection", (socket) => socket.send("live"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const livePort = (server.address() as AddressInfo).port;
    await using device = await startLighttpd({ ...who, livePort });
    await using panel = await startFor({ port: device.port, certificate: null });
    const live = async (): Promise<string> => {
      const socket = new WebSocket(`ws://127.0.0.1:${panel.port}/live`, { origin: publicOrigin });
      const [message] = await once(socket, "message");
      socket.close();
      await once(socket, "close");
      return String(message);
    };
    assert.is(await live(), "live");
    sockets.close();
    server.close();

    const guard = digestGuard({ ...who, usesPerNonce: 1 });
    await using strange = await startDevice((request, response) => {
      const judged = guard.judge(request);
      response.setHeader("www-authenticate", guard.challenge(judged));
      response.writeHead(judged === "right" ? 200 : 401).end();
    });
    const taken = new WebSocketServer({ noServer: true });
    strange.server.on("upgrade", (request, socket, head) => {
      const judged = guard.judge(request);
      if (judged !== "right") {
        const field = `WWW-Authenticate: ${guard.challenge(judged)}`;
        socket.end(`HTTP/1.1 401 Unauthorized\r\n${field}\r\nContent-Length: 0\r\n\r\n`);
      } else taken.handleUpgrade(request, socket, head, (opened) => opened.send("strange"));
    });
    await using other = await startFor(strange);
    const socket = new WebSocket(`ws://127.0.0.1:${other.port}/live`, { origin: publicOrigin });
    const [message] = await once(socket, "message");
    assert.is(String(message), "strange");
    socket.close();
    await once(socket, "close");
  });
});
