// Panels that attack whoever stands before them: fields and bodies without end, slow bytes, redirects, cookies in bulk, answers out of turn. Each ends
// in plain words or in a cut, and the edge's memory stays.
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { startWebHmi, type WebHmi } from "../../plant/web-hmi.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { ask, panelDevice, startDevice, startPanel } from "./panel-under-test.ts";
import type { WebDevice } from "../../../edge/targets/http/sign-in.ts";

const megabyte = 1024 * 1024;
const allowedGrowth = 64 * megabyte;
const page = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate" };

function deviceOf(hmi: WebHmi): WebDevice {
  const { host, port, secure, certificate = null } = hmi;
  const signIn = { how: "none" } as const;
  return { kind: "http", host, port, secure, certificate, start: "/panel/", paths: [], signIn };
}

/** A device that answers each connection's first bytes with these, whatever they ask. */
async function startRaw(answers: (socket: net.Socket, nr: number) => void) {
  const sockets = new Set<net.Socket>();
  let count = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket.on("error", () => socket.destroy()));
    socket.once("close", () => sockets.delete(socket));
    socket.once("data", () => answers(socket, (count += 1)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const device: WebDevice = {
    kind: "http",
    host: "127.0.0.1",
    port: (server.address() as net.AddressInfo).port,
    secure: false,
    certificate: null,
    start: "/",
    paths: [],
    signIn: { how: "none" },
  };
  return {
    device,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** By how much memory grows at most while `act` runs. */
async function growth(act: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 5);
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

const whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nin";

await group("targets/http: hostile panels", { timeoutMs: 60_000 }, (test) => {
  test("the plant's hostile pages: each ends in plain words, other requests go on, memory stays", async () => {
    await using hmi = await startWebHmi({ signIn: "none" });
    await using panel = await startPanel(deviceOf(hmi));
    await panel.ask("/panel/");
    const grown = await growth(async () => {
      for (const path of ["headers", "field"]) {
        for (let time = 0; time < 5; time += 1) {
          const { status, text } = await panel.ask(`/hostile/${path}`);
          assert.is(status, 502, path);
          assert.match(text, /gave no answer that can be used/);
        }
      }
      const redirected = await panel.ask("/hostile/redirect", { fields: page });
      assert.is(redirected.status, 502);
      assert.match(redirected.text, /sends its visitors on and on/);
      const { fields } = await panel.ask("/hostile/many-cookies");
      assert.is(fields["set-cookie"]?.length, 100);
      assert.is((await panel.ask("/panel/")).status, 200);
    });
    assert.ok(grown < allowedGrowth, `${grown} bytes`);
  });
  test("a body without end that nobody reads is not read either", async () => {
    await using hmi = await startWebHmi({ signIn: "none" });
    await using panel = await startPanel(deviceOf(hmi));
    await panel.ask("/panel/");
    const grown = await growth(async () => {
      const requests = [1, 2, 3, 4].map(() =>
        http.get({ port: panel.port, host: "127.0.0.1", path: "/hostile/endless", agent: false }),
      );
      const responses = await Promise.all(
        requests.map(
          async (request) => (await once(request, "response"))[0] as http.IncomingMessage,
        ),
      );
      await wait(1500);
      const [first] = responses;
      let read = 0;
      first?.on("data", (part: Buffer) => (read += part.length));
      while (read < 100 * megabyte) await wait(5);
      for (const request of requests) request.on("error", () => undefined).destroy();
    });
    assert.ok(grown < allowedGrowth, `${grown} bytes`);
    assert.is((await panel.ask("/panel/")).status, 200);
  });
  test("slow fields are waited for only so long, a slow body as long as the vendor likes", async () => {
    await using hmi = await startWebHmi({ signIn: "none" });
    const clock = new TurnedClock();
    await using panel = await startPanel(deviceOf(hmi), { clock });
    await panel.ask("/panel/");
    const slow = panel.ask("/hostile/slow");
    await hmi.process.line(/^asked GET \/hostile\/slow /);
    clock.advanceMs(69_000);
    assert.is(await Promise.race([slow, wait(50, "waits")]), "waits");
    clock.advanceMs(1_000);
    assert.is((await slow).status, 502);
    const body = http.get({
      port: panel.port,
      host: "127.0.0.1",
      path: "/hostile/slow-body",
      agent: false,
    });
    const [response] = (await once(body, "response")) as [http.IncomingMessage];
    await once(response, "data");
    clock.advanceMs(600_000);
    await once(response, "data");
    body.on("error", () => undefined).destroy();
  });
  test("redirects in a circle are told after ten; a page in between begins anew", async () => {
    await using device = await startDevice((request, response) => {
      const nr = Number(request.url?.slice(2) ?? 0);
      if (request.url === "/page") response.end("a page");
      else response.writeHead(302, { location: `/r${(nr + 1) % 2}` }).end();
    });
    await using panel = await startPanel(panelDevice(device));
    const statuses: number[] = [];
    for (let nr = 0; nr < 11; nr += 1) {
      statuses.push((await panel.ask(`/r${nr % 2}`, { fields: page })).status);
    }
    assert.equal(statuses, [...Array.from({ length: 10 }, () => 302), 502]);
    assert.is((await panel.ask("/page", { fields: page })).status, 200);
    assert.is((await panel.ask("/r0", { fields: page })).status, 302);
  });
  test("a panel that sends on to its HTTPS side says what is wrong with the target", async () => {
    await using device = await startDevice((_request, response) => {
      response.writeHead(301, { location: "https://127.0.0.1/" }).end();
    });
    await using panel = await startPanel(panelDevice(device));
    const answer = await panel.ask("/x", { fields: page });
    assert.is(answer.status, 502);
    assert.match(answer.text, /set up for HTTP/);
    assert.not.match(answer.text, /127\.0\.0\.1/);
  });
  for (const [note, bytes] of [
    ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["nothing", ""],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nin"],
    [
      "a length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a field that is none", "HTTP/1.1 200 OK\r\nX : y\r\n\r\n"],
    ["a split field", "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b=1\r\n\r\n"],
    ["another protocol unasked", "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"],
  ] as const) {
    test(`a device that answers ${note} gives the page that says so`, async () => {
      await using raw = await startRaw((socket, nr) => {
        if (nr === 1) socket.end(`${whole}`);
        else socket.end(bytes);
      });
      await using panel = await startPanel(raw.device);
      await panel.panel.begin();
      const { status, text, fields } = await panel.ask("/x");
      assert.is(status, 502);
      assert.match(text, /gave no answer that can be used/);
      assert.is(fields["set-cookie"], undefined);
    });
  }
  test("a kept connection that the device closed in the meantime costs nobody his request", async () => {
    await using raw = await startRaw((socket) => {
      // Closed as the next request comes.
      socket.write(whole, () => socket.once("data", () => socket.destroy()));
    });
    await using panel = await startPanel(raw.device);
    for (let time = 0; time < 4; time += 1) {
      assert.is((await panel.ask(`/${time}`)).text, "in");
    }
    const { status } = await panel.ask("/set", { method: "POST", body: "x=1" });
    assert.is(status, 502, "what may have changed something is not sent twice");
  });
  test("bytes after an answer are nobody's: the next request does not get them", async () => {
    await using raw = await startRaw((socket) => {
      socket.write(`${whole}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`);
    });
    await using panel = await startPanel(raw.device);
    await panel.panel.begin();
    for (let time = 0; time < 3; time += 1) {
      assert.is((await panel.ask(`/${time}`)).text, "in");
    }
  });
  test("an answer that breaks off is cut for the browser too, and is in the recording as not whole", async () => {
    await using raw = await startRaw((socket, nr) => {
      if (nr === 1) socket.end(whole);
      else
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/html\r\n\r\nhalf");
    });
    await using panel = await startPanel(raw.device);
    await panel.panel.begin();
    const failed: unknown = await panel.ask("/x").then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.is((failed as { code?: string }).code, "ECONNRESET");
    while (!panel.recording.events.some(({ name }) => name === "request")) await wait(1);
    const { details } = panel.recording.events.find(({ name }) => name === "request") ?? {};
    assert.is((details as { isWhole: boolean }).isWhole, false);
  });
  test("a packed body that unfolds without end passes as fast as it is read, and no faster", async () => {
    const bomb = gzipSync(Buffer.alloc(200 * megabyte));
    await using device = await startDevice((_request, response) => {
      response.writeHead(200, { "content-type": "text/html", "content-encoding": "gzip" });
      response.end(bomb);
    });
    await using panel = await startPanel(panelDevice(device, { start: "/start" }));
    const request = http.get({ port: panel.port, host: "127.0.0.1", path: "/bomb", agent: false });
    const grown = await growth(async () => {
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      let read = 0;
      for await (const part of response) read += (part as Buffer).length;
      assert.ok(read > 100_000, `${read} bytes`);
    });
    assert.ok(grown < allowedGrowth, `${grown} bytes`);
  });
  test("a request with two meanings is answered by nobody but the edge", async () => {
    await using device = await startDevice((_request, response) => response.end("in"));
    await using panel = await startPanel(panelDevice(device));
    await ask(panel.port, "/");
    const before = device.asked.length;
    const smuggled =
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    const socket = net.connect(panel.port, "127.0.0.1");
    socket.write(smuggled);
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 400/);
    assert.is(device.asked.length, before);
    socket.destroy();
  });
});
