// What the relay serves to browsers: two hosts and no third, headers, one page with many addresses, and nothing outside the built folders.
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import * as tls from "node:tls";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { readPageFiles } from "../../../broker/relay/page-files.ts";
import { openPages } from "../../../broker/relay/pages.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { RunningRelay } from "./running-relay.ts";

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One request as it stands, so that no client tidies path or host. */
async function raw(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = "GET",
): Promise<Raw> {
  return rawOver(connect(port, "127.0.0.1"), path, headers, method);
}

async function rawOver(
  socket: Socket,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = "GET",
): Promise<Raw> {
  const lines = Object.entries({ connection: "close", ...headers }).map(([k, v]) => `${k}: ${v}`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const [head = "", body = ""] = Buffer.concat(chunks).toString("latin1").split("\r\n\r\n", 2);
  const [top = "", ...fields] = head.split("\r\n");
  const pairs = fields.map((line) => line.split(/: (.*)/s, 2) as [string, string]);
  return {
    status: Number(top.split(" ")[1]),
    headers: Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value])),
    body,
  };
}

const html = { accept: "text/html,*/*;q=0.8" };

interface Served extends AsyncDisposable {
  readonly port: number;
  readonly portal: { host: string };
  readonly signing: { host: string };
}

/** Both pages' folders on a free port; what is no page's is answered with `api`. */
async function servePages(
  isStrictTransport = false,
  isBuilt = true,
  webDomain = "panels.example",
): Promise<Served> {
  const folder = temporaryFolder();
  for (const name of ["portal/assets", "signing"]) {
    mkdirSync(join(folder.path, name), { recursive: true });
  }
  folder.file("secret.js", "outside");
  folder.file("portal/.env", "hidden");
  folder.file("portal/assets/main-Ab12.js.map", "{}");
  if (isBuilt) {
    folder.file("portal/index.html", "<p>portal");
    folder.file("portal/assets/main-Ab12.js", "alert(1)");
    folder.file("portal/assets/main-Ab12.js.gz", gzipSync("alert(1)"));
    folder.file("portal/assets/main-Ab12.js.br", "brotli");
    folder.file("signing/index.html", "<p>signing");
    folder.file("signing/signing.js", "sign()");
    folder.file("signing/SHA256SUMS", "00  index.html\n");
  }
  const server = createServer((request, response) => {
    if (!pages.answer(request, response)) response.end("api");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const pages = await openPages({
    folders: { portal: join(folder.path, "portal"), signing: join(folder.path, "signing") },
    url: () => `https://relay.example:${port}`,
    signingUrl: () => `https://sign.example:${port}`,
    webDomain: webDomain === "" ? undefined : webDomain,
    isStrictTransport,
  });
  return {
    port,
    portal: { host: `relay.example:${port}` },
    signing: { host: `sign.example:${port}` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      folder[Symbol.dispose]();
    },
  };
}

await group("relay pages", { timeoutMs: 20_000 }, (test) => {
  test("each name has its own page, and any other name is misdirected", async () => {
    await using served = await servePages();
    const { port, portal, signing } = served;
    assert.is((await raw(port, "/", portal)).body, "<p>portal");
    assert.is((await raw(port, "/", signing)).body, "<p>signing");
    assert.is((await raw(port, "/", { host: portal.host.toUpperCase() })).body, "<p>portal");
    for (const host of [
      `evil.example:${port}`,
      "relay.example",
      `relay.example:${port}.evil.example`,
      `a@relay.example:${port}`,
      `relay.example:${port}/x`,
      `127.0.0.1:${port}`,
      "",
    ]) {
      for (const path of ["/", "/assets/main-Ab12.js"]) {
        const answer = await raw(port, path, { host });
        assert.is(answer.status, 421, `${host} ${path}`);
        assert.not.match(answer.body, /portal|alert|<p>signing/);
      }
      // The API is not bound to a name: commands and edges come by whatever name they were given.
      assert.is((await raw(port, "/api/relay", { host })).body, "api", host);
    }
  });
  test("under the signing page's name there is no API, no upgrade and no portal", async () => {
    await using served = await servePages();
    const { port, signing } = served;
    for (const path of ["/api/relay", "/api", "/assets/main-Ab12.js", "/jobs", "/mqtt"]) {
      assert.is((await raw(port, path, { ...signing, accept: "*/*" })).status, 404, path);
    }
    assert.is((await raw(port, "/", signing, "POST")).status, 405);
    assert.is(
      (await raw(port, "/SHA256SUMS", signing)).headers["content-type"],
      "text/plain; charset=utf-8",
    );

    await using relay = await RunningRelay.start(true);
    const host = new URL(relay.url).port;
    const own = (servername: string) =>
      tls.connect({ host: "127.0.0.1", port: Number(host), servername, ca: relay.authority });
    const sign = { host: `sign.localhost:${host}` };
    assert.is((await rawOver(own("sign.localhost"), "/api/relay", sign)).status, 404);
    const upgrade = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol": "sallyport.1",
    };
    for (const path of ["/mqtt", "/tunnel", `/channel/${"A".repeat(43)}`]) {
      const answer = await rawOver(own("sign.localhost"), path, { ...sign, ...upgrade });
      assert.is(answer.status, 421, path);
    }
    const answer = await rawOver(own("localhost"), "/api/relay", { host: `127.0.0.1:${host}` });
    const { signing: named } = JSON.parse(answer.body) as { signing: object };
    assert.equal(named, { rpId: "sign.localhost", origin: `https://sign.localhost:${host}` });
  });
  test("the portal is one page with many addresses; files and the API are not guessed", async () => {
    await using served = await servePages();
    const { port, portal } = served;
    for (const path of ["/jobs", "/sites/abc/people?x=1", "/channel/"]) {
      assert.is((await raw(port, path, { ...portal, ...html })).body, "<p>portal", path);
      assert.is((await raw(port, path, { ...portal, accept: "*/*" })).body, "api", path);
    }
    assert.is((await raw(port, "/api/nowhere", { ...portal, ...html })).body, "api");
    assert.is((await raw(port, "/apis", { ...portal, ...html })).body, "<p>portal");
    assert.is((await raw(port, "/", { ...portal, ...html }, "DELETE")).status, 405);
    const head = await raw(port, "/", portal, "HEAD");
    assert.equal([head.status, head.body, head.headers["content-length"]], [200, "", "9"]);
  });
  test("no path leads out of the folders, nor to files that are no page's", async () => {
    await using served = await servePages();
    const { port, portal, signing } = served;
    for (const path of [
      "/../secret.js",
      "/assets/../../secret.js",
      "/%2e%2e/secret.js",
      "/..%2fsecret.js",
      "/assets/..\\..\\secret.js",
      "//etc/passwd",
      "/.env",
      "/assets/main-Ab12.js.gz",
      "/assets/main-Ab12.js.map",
      "/__proto__",
      "/constructor",
    ]) {
      assert.is((await raw(port, path, portal)).body, "api", path);
      assert.is((await raw(port, path, signing)).status, 404, path);
    }
  });
  test("named by their hash files stay for good, pages are asked for anew, and come compressed", async () => {
    await using served = await servePages();
    const { port, portal } = served;
    const asset = await raw(port, "/assets/main-Ab12.js", portal);
    assert.is(asset.headers["cache-control"], "public, max-age=31536000, immutable");
    assert.is(asset.body, "alert(1)");
    assert.is(asset.headers["content-encoding"], undefined);
    const encodingFor = async (accept: string) => {
      const answer = await raw(port, "/assets/main-Ab12.js", {
        ...portal,
        "accept-encoding": accept,
      });
      return answer.headers["content-encoding"];
    };
    assert.is(await encodingFor("gzip, deflate, br"), "br");
    assert.is(await encodingFor("gzip;q=1.0, identity"), "gzip");
    assert.is(await encodingFor("br;q=0, gzip"), "gzip");
    assert.is(await encodingFor("identity"), undefined);
    const page = await raw(port, "/", portal);
    assert.is(page.headers["cache-control"], "no-cache");
    const { etag = "" } = page.headers;
    const again = await raw(port, "/", { ...portal, "if-none-match": etag });
    assert.equal([again.status, again.body], [304, ""]);
  });
  test("without web panels the portal posts to itself alone", async () => {
    await using served = await servePages(false, true, "");
    const { headers } = await raw(served.port, "/", served.portal);
    assert.match(headers["content-security-policy"] ?? "", /form-action 'self';/);
  });
  test("every page comes with its policy, and the portal alone cuts ties with its openers", async () => {
    await using served = await servePages();
    const { port, portal, signing } = served;
    const ofPortal = (await raw(port, "/", portal)).headers;
    const ofSigning = (await raw(port, "/", signing)).headers;
    const policy = ofPortal["content-security-policy"] ?? "";
    assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
    assert.match(policy, new RegExp(`connect-src 'self' wss://relay.example:${port};`));
    assert.not.match(policy, /script-src[^;]*'unsafe-(inline|eval)'/);
    // Tickets of web panels are posted to their names, and nothing is posted anywhere else.
    assert.match(policy, new RegExp(`form-action 'self' https://\\*.panels.example:${port};`));
    assert.is(
      ofSigning["content-security-policy"],
      "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    assert.is(ofPortal["cross-origin-opener-policy"], "same-origin-allow-popups");
    assert.is(ofSigning["cross-origin-opener-policy"], undefined);
    assert.match(ofPortal["permissions-policy"] ?? "", /publickey-credentials-get=\(\)/);
    assert.match(ofSigning["permissions-policy"] ?? "", /publickey-credentials-get=\(self\)/);
    for (const headers of [ofPortal, ofSigning, (await raw(port, "/", { host: "x" })).headers]) {
      assert.match(headers["content-security-policy"] ?? "", /frame-ancestors 'none'/);
      assert.is(headers["x-content-type-options"], "nosniff");
      assert.is(headers["x-frame-options"], "DENY");
      assert.is(headers["referrer-policy"], "no-referrer");
      assert.is(headers["cross-origin-resource-policy"], "same-origin");
      assert.is(headers["strict-transport-security"], undefined);
    }
    await using strict = await servePages(true);
    const real = await raw(strict.port, "/", strict.portal);
    assert.is(real.headers["strict-transport-security"], "max-age=31536000");
  });
  test("a page that was not built says how to build it, and the API answers all the same", async () => {
    await using served = await servePages(false, false);
    const { port, portal, signing } = served;
    for (const name of [portal, signing]) {
      const answer = await raw(port, "/", { ...name, ...html });
      assert.is(answer.status, 503);
      assert.match(answer.body, /npm run build/);
    }
    assert.is((await raw(port, "/api/relay", portal)).body, "api");
  });
  test("a folder that is rebuilt while it is read is read anew, whole", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "assets"));
    folder.file("index.html", "old");
    for (let count = 0; count < 200; count += 1) folder.file(`assets/old-${count}.js`, "old");
    const reading = readPageFiles(folder.path);
    await new Promise((resolve) => setImmediate(resolve));
    rmSync(join(folder.path, "assets"), { recursive: true });
    mkdirSync(join(folder.path, "assets"));
    folder.file("index.html", "new");
    folder.file("assets/new.js", "new");
    const files = await reading;
    assert.equal([...files.keys()].sort(), ["/assets/new.js", "/index.html"]);
    assert.is(Buffer.from(files.get("/index.html")?.plain ?? []).toString(), "new");
  });
  test("a running relay keeps to it on its one port, upgrades included", async () => {
    await using relay = await RunningRelay.start();
    const port = Number(new URL(relay.url).port);
    assert.is((await raw(port, "/", { host: "evil.example", ...html })).status, 421);
    assert.is((await raw(port, "/api/relay", { host: "evil.example" })).status, 200);
    const own = { host: `127.0.0.1:${port}` };
    const policy = (await raw(port, "/", { ...own, ...html })).headers["content-security-policy"];
    assert.match(policy ?? "", /connect-src 'self' ws:\/\/127\.0\.0\.1/);
    const nowhere = await raw(port, "/nowhere", own);
    assert.is(nowhere.status, 404);
    assert.match(nowhere.headers["content-security-policy"] ?? "", /default-src 'none'/);
  });
});
