// The API as a whole: one shape of errors, its own description, headers, bounds, and a log without secrets.
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { statSync } from "node:fs";
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";
import { PaperSite, transcript } from "../document/paper-site.ts";
import { relayWithSite, RunningRelay } from "./running-relay.ts";

interface Operation {
  readonly summary?: string;
  readonly security?: readonly object[];
  readonly requestBody?: object;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses?: Readonly<Record<string, object>>;
}

interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** What needs no sign-in; all else does. */
const open = [
  "get /api/relay",
  "get /api/health",
  "get /api/downloads",
  "get /api/downloads/sallyport-windows.zip",
  "get /api/edge/nonce",
  "post /api/sites",
  "post /api/sign-in/nonce",
  "post /api/sign-in",
  "post /api/sign-in/password",
  "get /api/sites/{site}/invitations/{hash}",
];

async function describe(relay: RunningRelay): Promise<Description> {
  const { body } = await relay.call("GET", "/openapi.json");
  return body as unknown as Description;
}

/** The status and body of a raw exchange. */
async function rawAnswer(relay: RunningRelay, text: string): Promise<string> {
  const { hostname, port } = new URL(relay.url);
  const socket = connect(Number(port), hostname);
  socket.end(text);
  const chunks = await socket.toArray();
  return Buffer.concat(chunks).toString();
}

await group("relay api", { timeoutMs: 10_000 }, (test) => {
  test("it says what it is, and that it is well", async () => {
    await using relay = await RunningRelay.start();
    const { body } = await relay.call("GET", "/relay");
    const fields = ["name", "url", "attestationKey", "version", "time", "useNotice", "signing"];
    assert.equal(Object.keys(body), fields);
    assert.equal((await relay.call("GET", "/health")).body, { status: "ok" });
  });
  test("whoever asks after its health over and over makes it write once a second", async () => {
    await using relay = await RunningRelay.start();
    const wal = `${relay.folder.path}/store.sqlite-wal`;
    const written = () => statSync(wal, { bigint: true }).mtimeNs;
    await relay.call("GET", "/health");
    const once = written();
    for (let count = 0; count < 30; count += 1) await relay.call("GET", "/health");
    assert.is(written(), once, "nothing was written for the others");
    relay.clock.advanceMs(1_000);
    await relay.call("GET", "/health");
    assert.ok(written() > once);
  });
  test("the attestation key outlasts a restart", async () => {
    await using relay = await RunningRelay.start();
    const before = await relay.call("GET", "/relay");
    await relay.restart();
    const after = await relay.call("GET", "/relay");
    const key = "attestationKey" as never;
    assert.is(after.body[key], before.body[key]);
  });
  test("its description is OpenAPI 3.1 and tells of every route what it takes, gives and needs", async () => {
    await using relay = await RunningRelay.start();
    const { openapi, paths } = await describe(relay);
    assert.is(openapi, "3.1.0");
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    assert.ok(operations.length > 20, `${operations.length} operations`);
    for (const { path, method, operation } of operations) {
      const name = `${method} ${path}`;
      assert.ok(operation.summary, `${name} has no summary`);
      assert.ok(operation.responses?.["4XX"], `${name} does not say how it refuses`);
      assert.is(operation.security === undefined, open.includes(name), `${name}: sign-in`);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const listed = (operation.parameters ?? []).filter((item) => item.in === "path");
      assert.equal(new Set(listed.map((item) => item.name)), new Set(named), name);
    }
  });
  test("every route but the open ones refuses whoever is not signed in", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const { paths } = await describe(relay);
    const path = (template: string) =>
      template
        .replace("/api", "")
        .replace("{site}", site.id)
        .replace("{hash}", transcript)
        .replace(/\{(?:name|id)\}/, "some");
    for (const [template, methods] of Object.entries(paths)) {
      for (const [method, { requestBody, parameters }] of Object.entries(methods)) {
        if (open.includes(`${method} ${template}`) || requestBody !== undefined) continue;
        const isAsked = (name: string) => parameters?.some((item) => item.name === name);
        const asked = isAsked("edge") || isAsked("document");
        const names = isAsked("edge") ? `?edge=${site.edge.id}` : `?document=${transcript}`;
        const answer = await relay.call(
          method.toUpperCase(),
          path(template) + (asked ? names : ""),
        );
        assert.equal([answer.status, answer.body.code], [401, "unauthorised"], template);
      }
    }
  });
  const faults: readonly [note: string, body: unknown, field: string][] = [
    ["an unknown key", { code: "1", transcriptHash: transcript, extra: 1 }, "extra"],
    ["a missing key", { code: "1" }, "transcriptHash"],
    ["another type", { code: 123456, transcriptHash: transcript }, "code"],
    ["a hash of another length", { code: "1", transcriptHash: "AAAA" }, "transcriptHash"],
  ];
  for (const [note, body, field] of faults) {
    test(`a body with ${note} is refused by the field's name`, async () => {
      const { relay, site } = await relayWithSite();
      await using _relay = relay;
      const token = await relay.signIn("vera");
      const answer = await relay.call("POST", `/sites/${site.id}/attestations`, { token, body });
      assert.equal([answer.status, answer.body.code], [400, "message_invalid"]);
      assert.is(answer.body.field, field);
    });
  }
  test("what is not a request of ours gets our errors too, without a trace of the inside", async () => {
    await using relay = await RunningRelay.start();
    const head = "Host: x\r\nConnection: close\r\n";
    const post = (type: string, body: string) =>
      `POST /api/sign-in HTTP/1.1\r\n${head}Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (const [note, text, status] of [
      ["not HTTP", "hello\r\n\r\n", 400],
      ["no JSON", post("application/json", "{"), 400],
      ["a poisoned prototype", post("application/json", '{"__proto__":{"a":1}}'), 400],
      ["no body", post("application/json", ""), 400],
      ["a form", post("application/x-www-form-urlencoded", "a=1"), 415],
      ["an unknown address", `GET /nowhere HTTP/1.1\r\n${head}\r\n`, 404],
      ["an address that is no text", `GET /api/%ff HTTP/1.1\r\n${head}\r\n`, 400],
      ["an unknown method", `PATCH /api/sites HTTP/1.1\r\n${head}\r\n`, 404],
    ] as const) {
      const answer = await rawAnswer(relay, text);
      const [top = "", body = ""] = answer.split("\r\n\r\n");
      assert.match(top, new RegExp(`^HTTP/1.1 ${status} `), `${note}: ${answer}`);
      const problem = JSON.parse(body) as Record<string, unknown>;
      assert.type(problem["code"], "string", note);
      assert.type(problem["message"], "string", note);
      assert.not.match(answer, /node_modules|\.ts|fastify|FST_|stack/i, note);
    }
  });
  test("a body beyond the bound is refused before it is read", async () => {
    await using relay = await RunningRelay.start();
    const { hostname, port } = new URL(relay.url);
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const length = 10 * 1024 * 1024;
    const request = httpRequest({
      hostname,
      port,
      path: "/api/sign-in",
      method: "POST",
      headers: { "content-type": "application/json", "content-length": length },
    });
    request.on("response", (response) => resolve(response.resume().statusCode));
    request.on("error", () => undefined);
    request.flushHeaders();
    assert.is(await promise, 413);
    request.destroy();
  });
  test("every answer forbids caching, framing and guessing of types", async () => {
    await using relay = await RunningRelay.start();
    for (const path of ["/relay", "/nowhere", "/sign-in", "/openapi.json"]) {
      const { headers } = await relay.call("GET", path);
      assert.is(headers.get("cache-control"), "no-store", path);
      assert.is(headers.get("x-content-type-options"), "nosniff", path);
      assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/, path);
      assert.is(headers.get("x-powered-by"), null, path);
    }
  });
  test("no token, code, seed or nonce is in the log, and every line is JSON", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("vera");
    const path = `/sites/${site.id}`;
    const { secret, uri } = (await relay.call("POST", `${path}/totp`, { token, body: {} })).body;
    const code = "481516";
    await relay.call("POST", `${path}/totp/confirm`, { token, body: { code } });
    await relay.call("POST", `${path}/attestations`, {
      token,
      body: { code, transcriptHash: transcript },
    });
    await relay.call("GET", `${path}/documents?token=${token}`, { token });
    await relay.call("POST", "/sites", {
      body: { registrationToken: `${relay.registrationToken}x`, envelope: {} },
    });
    const { nonce } = (await relay.call("POST", "/sign-in/nonce")).body;
    const log = relay.lines.join("");
    assert.ok(relay.lines.length > 8, "something is logged");
    for (const line of relay.lines) assert.type(JSON.parse(line), "object");
    for (const planted of [token, secret, uri, code, nonce, relay.registrationToken]) {
      assert.is(log.includes(planted), false, "a secret is in the log");
    }
    assert.match(log, /"route":"\/api\/sites\/:site\/totp\/confirm"/, "routes are logged by name");
    assert.is(log.includes(site.id), false, "and without ids");
  });
  test("a channel is refused with the reason in JSON unless a member of the edge's site asks", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const other = await PaperSite.make((manifest) => ({
      ...manifest,
      name: "Twin",
      persons: manifest.persons.filter((person) => person.id !== "vera"),
      edges: [],
      targets: [],
    }));
    await relay.register(other);
    const ask = async (edge: string, token: string | undefined) => {
      const bearer = token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
      const answer = await rawAnswer(
        relay,
        `GET /channel/${edge} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${bearer}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: sallyport.v1\r\n\r\n`,
      );
      return [
        answer.slice(9, 12),
        (JSON.parse(answer.split("\r\n\r\n")[1] ?? "{}") as { code: string }).code,
      ];
    };
    const strange = toBase64Url(new Uint8Array(32).fill(3));
    const vera = await relay.signIn("vera");
    assert.equal(await ask(site.edge.id, undefined), ["401", "unauthorised"]);
    assert.equal(await ask(site.edge.id, strange), ["401", "unauthorised"]);
    assert.equal(await ask(strange, vera), ["404", "not_found"]);
    assert.equal(await ask(site.edge.id, await relay.signIn("anna", other)), ["404", "not_found"]);
    assert.equal(
      await ask(site.edge.id, vera),
      ["503", "unreachable"],
      "allowed; the edge is away",
    );
  });
});
