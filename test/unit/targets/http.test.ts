// Kind `http`: a web panel's requests and answers, each rule beside its refused twin, against real HTTP servers.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { group } from "../../support/group.ts";
import { panelDevice, publicOrigin, startDevice, startPanel } from "./panel-under-test.ts";

const sameOrigin = { "sec-fetch-site": "same-origin" };

await group("targets/http", { timeoutMs: 30_000 }, (test) => {
  test("a page comes through in the panel's terms, and the device sees its own", async () => {
    await using device = await startDevice((request, response) => {
      response.writeHead(200, {
        "content-type": "text/html",
        "strict-transport-security": "max-age=1",
        connection: "x-private, keep-alive",
        "x-private": "1",
      });
      response.end(`<a href="http://127.0.0.1:${device.port}/next">${request.headers.host}</a>`);
    });
    await using panel = await startPanel(panelDevice(device));
    const answer = await panel.ask("/a?b=1", {
      fields: {
        origin: publicOrigin,
        referer: `${publicOrigin}/before?x`,
        "x-forwarded-for": "::1",
        "x-original-url": "/admin",
        connection: "x-mine, close",
        "x-mine": "1",
        "x-custom": "2",
      },
    });
    assert.is(answer.status, 200);
    assert.is(answer.text, `<a href="${publicOrigin}/next">127.0.0.1:${device.port}</a>`);
    assert.is(answer.fields["strict-transport-security"], undefined);
    assert.is(answer.fields["x-private"], undefined);
    assert.is(answer.fields["content-security-policy"], "frame-ancestors 'self'");
    assert.is(answer.fields["cross-origin-opener-policy"], "same-origin");
    assert.is(answer.fields["origin-agent-cluster"], "?1");
    assert.match(String(answer.fields["permissions-policy"]), /publickey-credentials-get=\(\)/);
    const seen = device.last();
    assert.is(seen.origin, `http://127.0.0.1:${device.port}`);
    assert.is(seen.referer, `http://127.0.0.1:${device.port}/before?x`);
    assert.is(seen["x-forwarded-for"], undefined);
    assert.is(seen["x-original-url"], undefined);
    assert.is(seen["x-mine"], undefined);
    assert.is(seen["x-custom"], "2");
    assert.equal(device.asked, ["GET /", "GET /a?b=1"]);
  });
  test("what a device says beyond its own panel is not passed on, and its policies come in the panel's terms", async () => {
    await using device = await startDevice((_request, response) => {
      const own = `http://127.0.0.1:${device.port}`;
      response.writeHead(302, {
        location: `${own}/next?x=1`,
        refresh: `5; url=${own}/again`,
        "content-location": `${own}/here`,
        "alt-svc": 'h3=":443"',
        "clear-site-data": '"*"',
        "service-worker-allowed": "/",
        "public-key-pins": "x",
        "permissions-policy": "camera=*",
        "cross-origin-opener-policy": "unsafe-none",
        "content-security-policy": `default-src 'self' ${own}; frame-ancestors ${own}`,
      });
      response.end();
    });
    await using panel = await startPanel(panelDevice(device));
    const { fields } = await panel.ask("/");
    assert.is(fields.location, `${publicOrigin}/next?x=1`);
    assert.is(fields["refresh"], `5; url=${publicOrigin}/again`);
    assert.is(fields["content-location"], `${publicOrigin}/here`);
    for (const name of [
      "alt-svc",
      "clear-site-data",
      "service-worker-allowed",
      "public-key-pins",
    ]) {
      assert.is(fields[name], undefined, name);
    }
    assert.not.match(String(fields["permissions-policy"]), /camera=\*/);
    assert.is(fields["cross-origin-opener-policy"], "same-origin");
    assert.is(
      fields["content-security-policy"],
      `default-src 'self' ${publicOrigin}; frame-ancestors ${publicOrigin}, frame-ancestors 'self'`,
    );
  });
  test("HttpOnly cookies stay on the edge; others reach the browser without their domain, and come back", async () => {
    await using device = await startDevice((request, response) => {
      if (request.url === "/set") {
        response.setHeader("set-cookie", [
          "hidden=1; HttpOnly; Domain=127.0.0.1; Path=/",
          "lang=en; Domain=127.0.0.1; Path=/; SameSite=None; Max-Age=60",
          "__Host-sallyport=stolen; Path=/; Secure",
        ]);
      }
      response.end(request.headers.cookie ?? "");
    });
    await using panel = await startPanel(panelDevice(device));
    const { fields } = await panel.ask("/set");
    assert.equal(fields["set-cookie"], ["lang=en; Path=/; Max-Age=60"]);
    const cookie = "lang=de; hidden=mine; __Host-sallyport=x";
    assert.is((await panel.ask("/", { fields: { cookie } })).text, "hidden=1; lang=de");
  });
  test("cookies go where their path says, and not after their end", async () => {
    await using device = await startDevice((request, response) => {
      if (request.url === "/set") {
        response.setHeader("set-cookie", [
          "a=1; HttpOnly; Path=/view",
          "b=1; HttpOnly; Path=/; Max-Age=0",
          "c=1; HttpOnly; Secure; Path=/",
        ]);
      }
      response.end(request.headers.cookie ?? "");
    });
    await using panel = await startPanel(panelDevice(device));
    await panel.ask("/set");
    assert.is((await panel.ask("/view/1")).text, "a=1");
    assert.is((await panel.ask("/viewer")).text, "", "another path, and plain HTTP");
  });
  for (const [note, fields, method, allowed] of [
    ["the panel's own page", sameOrigin, "POST", true],
    [
      "typed by the person",
      { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" },
      "GET",
      true,
    ],
    ["a browser that says nothing", {}, "POST", true],
    ["a link of another page", navigation("cross-site", "document"), "GET", true],
    ["a form of a sibling panel", navigation("same-site", "document"), "POST", false],
    ["a frame in another page", navigation("cross-site", "iframe"), "GET", false],
    ["a picture in a sibling panel", { "sec-fetch-site": "same-site" }, "GET", false],
    ["another page's origin", { origin: "https://evil.example" }, "POST", false],
    ["an origin that is none", { origin: "null" }, "POST", false],
    ["a page without referrer", { ...sameOrigin, origin: "null" }, "POST", true],
    ["a script to stay", { ...sameOrigin, "service-worker": "script" }, "GET", false],
  ] as const) {
    const verdict = allowed ? "answered" : "refused";
    test(`${verdict}: ${note}`, async () => {
      await using device = await startDevice((_request, response) => response.end("in"));
      await using panel = await startPanel(panelDevice(device));
      const { status } = await panel.ask("/x", { method, fields: { ...fields } });
      assert.is(status, allowed ? 200 : 403);
      assert.is(device.asked.includes(`${method} /x`), allowed);
    });
  }
  test("methods that would show the login, or another host, are refused", async () => {
    await using device = await startDevice((_request, response) => response.end("in"));
    await using panel = await startPanel(panelDevice(device));
    assert.is((await panel.ask("/", { method: "TRACE" })).status, 405);
    assert.is((await panel.ask("http://other.example/")).status, 403);
    assert.equal(device.asked, []);
  });
  for (const [target, allowed] of [
    ["/view", true],
    ["/view?x=/../admin", true],
    ["/view/a.b/c", true],
    ["/view/a%20b", true],
    ["/start", true],
    ["/cgi?page=1", true],
    ["/cgi?page=1&x=2", true],
    ["/cgi?page=2", false],
    ["/viewer", false],
    ["/admin", false],
    ["/", false],
    ["/view/../admin", false],
    ["/view/..;x/admin", false],
    ["/view/%2e%2e/admin", false],
    ["/view/%252e%252e/admin", false],
    ["/view/%2F..%2fadmin", false],
    ["/view\\..\\admin", false],
    ["/view/..%5cadmin", false],
    ["/view//admin", false],
    ["//view", false],
    ["/view/%00", false],
    ["/VIEW", false],
  ] as const) {
    const verdict = allowed ? "answered" : "refused";
    test(`with paths narrowed ${target} is ${verdict}, as request and as WebSocket`, async () => {
      await using device = await startDevice((_request, response) => response.end("in"));
      device.server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 426 X\r\n\r\n"));
      const paths = ["/view", "/cgi?page=1"];
      await using panel = await startPanel(panelDevice(device, { paths, start: "/start" }));
      assert.is((await panel.ask(target)).status, allowed ? 200 : 403);
      const fields = { connection: "upgrade", upgrade: "websocket" };
      assert.is((await panel.ask(target, { fields })).status, allowed ? 426 : 403);
      assert.is(device.asked.slice(1).includes(`GET ${target}`), allowed);
    });
  }
  test("packed text is opened, rewritten and packed again; pictures come as they are", async () => {
    const picture = gzipSync("http://127.0.0.1/ in a picture");
    await using device = await startDevice((request, response) => {
      const isPicture = request.url === "/p";
      response.setHeader("content-type", isPicture ? "image/png" : "application/json");
      response.setHeader("content-encoding", "gzip");
      response.end(
        isPicture
          ? picture
          : gzipSync(`{"at":"http:\\/\\/127.0.0.1:${device.port}\\/x${"y".repeat(100_000)}"}`),
      );
    });
    await using panel = await startPanel(panelDevice(device));
    const fields = { "accept-encoding": "gzip, br" };
    const answer = await panel.ask("/t", { fields });
    assert.is(device.last()["accept-encoding"], "gzip");
    const escaped = publicOrigin.replaceAll("/", "\\/");
    assert.is(answer.fields["content-encoding"], "gzip");
    assert.is(gunzipSync(answer.body).toString(), `{"at":"${escaped}\\/x${"y".repeat(100_000)}"}`);
    const shown = await panel.ask("/p", { fields: { ...fields, "sec-fetch-dest": "image" } });
    assert.is(device.last()["accept-encoding"], "gzip, br");
    assert.equal(shown.body, picture);
    assert.is(shown.fields["content-length"], String(picture.length));
  });
  for (const [note, type, encoding] of [
    ["events", "text/event-stream", undefined],
    ["a rewritten page", "text/html", undefined],
    ["a packed page", "text/html", "gzip"],
  ] as const) {
    test(`what a device has said shows before it says more: ${note}`, async () => {
      const more = Promise.withResolvers<void>();
      await using device = await startDevice((request, response) => {
        if (request.url !== "/live") return void response.end();
        response.writeHead(200, {
          "content-type": type,
          ...(encoding && { "content-encoding": encoding }),
        });
        response.write(encoding ? gzipSync("first\n") : "first\n");
        void more.promise.then(() => response.end(encoding ? gzipSync("second\n") : "second\n"));
      });
      await using panel = await startPanel(panelDevice(device));
      const request = http.get({
        port: panel.port,
        host: "127.0.0.1",
        path: "/live",
        agent: false,
      });
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      const [first] = (await once(response, "data")) as [Buffer];
      const seen = [first];
      response.on("data", (part: Buffer) => seen.push(part));
      if (!encoding) assert.is(first.toString(), "first\n");
      more.resolve();
      await once(response, "end");
      const whole = Buffer.concat(seen);
      assert.is((encoding ? gunzipSync(whole) : whole).toString(), "first\nsecond\n");
    });
  }
  test("an upload streams whole, and its hash is in the recording; what may change something is written down before", async () => {
    const bytes = randomBytes(3_000_000);
    let got = "";
    const log: string[] = [];
    await using device = await startDevice((request, response) => {
      const hash = createHash("sha256");
      request.on("data", (part: Buffer) => hash.update(part));
      request.on("end", () => {
        got = hash.digest("base64url");
        response.end("ok");
      });
    });
    await using panel = await startPanel(panelDevice(device));
    device.server.prependListener("request", () => {
      log.push(...panel.recording.events.map(({ name }) => name));
    });
    const target = "/up?name=a&token=abc&Password=x";
    assert.is((await panel.ask(target, { method: "PUT", body: bytes })).text, "ok");
    assert.is(got, createHash("sha256").update(bytes).digest("base64url"));
    assert.equal(log, ["request-begun"]);
    const path = "/up?name=a&token=…&Password=…";
    const { name, details } = panel.recording.events.at(-1) ?? {};
    const { ms, ...rest } = details as Record<string, unknown>;
    assert.is(name, "request");
    assert.type(ms, "number");
    assert.equal(rest, {
      number: 1,
      method: "PUT",
      path,
      status: 200,
      type: null,
      requestBytes: bytes.length,
      responseBytes: 2,
      isWhole: true,
      sha256: got,
    });
  });
  test("a browser that breaks an upload off ends it at the device too", async () => {
    const cut = Promise.withResolvers<unknown>();
    await using device = await startDevice((request, response) => {
      if (request.method === "GET") return void response.end();
      request.once("error", cut.resolve).once("data", () => upload.destroy());
    });
    await using panel = await startPanel(panelDevice(device));
    const upload = http.request({
      port: panel.port,
      host: "127.0.0.1",
      method: "POST",
      headers: { "content-length": 1000 },
    });
    upload.on("error", () => undefined).write("half");
    assert.is(((await cut.promise) as { code?: string }).code, "ECONNRESET");
  });
  test("navigations and changes put off the idle limit; polls and pictures do not", async () => {
    await using device = await startDevice((_request, response) => response.end("in"));
    await using panel = await startPanel(panelDevice(device));
    await panel.ask("/poll", { fields: { ...sameOrigin, "sec-fetch-mode": "cors" } });
    assert.is(panel.touches(), 0);
    await panel.ask("/page", { fields: { ...sameOrigin, "sec-fetch-mode": "navigate" } });
    assert.is(panel.touches(), 1);
    await panel.ask("/set", { method: "POST", fields: sameOrigin, body: "x" });
    assert.is(panel.touches(), 2);
  });
  test("who types the bare address comes to the first page", async () => {
    await using device = await startDevice((_request, response) => response.end("in"));
    await using panel = await startPanel(panelDevice(device, { start: "/hmi/", paths: ["/hmi"] }));
    const fields = { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" };
    assert.is((await panel.ask("/", { fields })).fields.location, "/hmi/");
    assert.is((await panel.ask("/")).status, 403);
  });
  test("a recorder that fails ends everything, also what streams", async () => {
    await using device = await startDevice((request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (request.url === "/live") response.write("x");
      else response.end();
    });
    await using panel = await startPanel(panelDevice(device));
    const request = http.get({ port: panel.port, host: "127.0.0.1", path: "/live", agent: false });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    const cut = once(response, "error");
    response.resume();
    panel.recording.fail();
    assert.is(((await cut)[0] as { code?: string }).code, "ECONNRESET");
    while (device.sockets.size > 0) await wait(5);
    request.destroy();
  });
});

function navigation(site: string, dest: string) {
  return { "sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": dest };
}
