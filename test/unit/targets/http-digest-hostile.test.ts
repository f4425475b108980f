// Digest and devices that attack: that want the password in another way, that put something into the edge's own requests, that lead elsewhere; and what a
// vendor sees of a login that is not his.
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import { DigestCredential } from "../../../edge/targets/http/digest.ts";
import { digestGuard } from "../../plant/digest-guard.ts";
import { group } from "../../support/group.ts";
import { failure, startFor, startGuarded, who } from "./digest-under-test.ts";
import { startDevice } from "./panel-under-test.ts";

/** A server that answers whatever it is told in bytes, and remembers what came. */
async function startRaw(
  answer: string,
): Promise<{ port: number; came: string[] } & AsyncDisposable> {
  const came: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on("error", () => socket.destroy()));
    socket.on("data", (part) => {
      came.push(part.toString("latin1"));
      socket.write(answer, "latin1");
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    came,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

await group("targets/http: digest and hostile devices", { timeoutMs: 60_000 }, (test) => {
  for (const [what, challenge, told] of [
    ["Basic alone", 'Basic realm="press"', /asks for Basic, not for Digest/],
    ["Negotiate and Basic", 'Negotiate, Basic realm="press"', /asks for Negotiate or Basic, not/],
    [
      "auth-int alone",
      'Digest realm="r", nonce="n", qop="auth-int"',
      /in a way that the edge does/,
    ],
    ["a challenge with wrong quotes", 'Digest realm="r, nonce="n"', /without a challenge/],
    [
      "a huge nonce",
      `Digest realm="r", nonce="${"n".repeat(3000)}"`,
      /in a way that the edge does/,
    ],
    ["a huge field", `Digest realm="r", nonce="n", x="${"n".repeat(9000)}"`, /without a challenge/],
  ] as const) {
    test(`a device that asks with ${what} gets nothing of the login, and the vendor a plain page`, async () => {
      await using device = await startRaw(
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${challenge}\r\nContent-Length: 0\r\n\r\n`,
      );
      await using panel = await startFor({ port: device.port, certificate: null });
      const failed = await failure(panel);
      assert.is(failed.code, "device_refused");
      assert.match(failed.message, told);
      const answer = await panel.ask("/");
      assert.is(answer.status, 502);
      assert.match(answer.text, /asks for another way to sign in/);
      assert.is(answer.fields["www-authenticate"], undefined);
      assert.not.match(device.came.join("\n"), /authorization/i);
      assert.is(device.came.length, 1);
    });
  }
  for (const [what, field] of [
    ["a line's end in the realm", 'Digest realm="r\nX-Evil: 1", nonce="n"'],
    ["a return in the nonce", 'Digest realm="r", nonce="n\rX-Evil: 1"'],
    ["a folded line", 'Digest realm="r",\r\n nonce="n\r\n X-Evil: 1"'],
    ["no end", `Digest realm="${"r".repeat(200_000)}`],
  ] as const) {
    test(`a challenge with ${what} ends in a fault, and nothing of it is sent back`, async () => {
      await using device = await startRaw(
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${field}\r\nContent-Length: 0\r\n\r\n`,
      );
      await using panel = await startFor({ port: device.port, certificate: null });
      await failure(panel);
      assert.is((await panel.ask("/")).status, 502);
      for (const request of device.came) assert.not.match(request, /^x-evil|\n\s*nonce/im);
    });
  }
  test("several challenges, one of them unreadable: the strongest that is known is answered, and Basic is not", async () => {
    await using device = await startGuarded({
      algorithm: "SHA-256",
      fields: (own) => [
        "Basic realm=My Device",
        'Basic realm="a, Digest b", Digest realm="old", nonce="x", algorithm=MD5',
        `Digest realm="new", nonce="y", algorithm=SHA-512-256, ${own}`,
      ],
    });
    await using panel = await startFor(device);
    assert.is((await panel.ask("/")).status, 200);
    const said = device.said.filter((each) => each !== undefined);
    assert.ok(said.length > 0);
    assert.ok(said.every((each) => each.includes('realm="press"') && !each.includes("Basic")));
  });
  test("the vendor's own word does not count, and nothing comes back from which the password could be guessed", async () => {
    await using device = await startGuarded();
    await using panel = await startFor(device);
    const stranger = new DigestCredential(
      {
        realm: "press",
        nonce: "mine",
        opaque: undefined,
        algorithm: { name: "md5", hash: "md5", isSession: false },
        algorithmName: undefined,
        hasQop: false,
        isUtf8: false,
        isStale: false,
      },
      { login: "vendor", password: "own" },
    );
    const fields = { authorization: stranger.authorization("GET", "/") };
    const answer = await panel.ask("/", { fields });
    assert.is(answer.status, 200);
    assert.not.match(device.said.join("\n"), /vendor/);
    assert.is(answer.fields["authentication-info"], undefined);
    assert.is(answer.fields["www-authenticate"], undefined);
    const seen = [answer.raw.join("\n"), JSON.stringify(panel.recording)].join("\n");
    assert.not.match(seen, /Presse|rspauth|response=|operator/);
  });
  test("a redirect to another server takes no login there", async () => {
    const came: string[] = [];
    await using elsewhere = await startDevice((request, response) => {
      came.push(JSON.stringify(request.headers));
      response.writeHead(401, { "www-authenticate": 'Digest realm="press", nonce="x"' }).end();
    });
    const guard = digestGuard(who);
    await using device = await startDevice((request, response) => {
      const judged = guard.judge(request);
      const location = `http://127.0.0.1:${elsewhere.port}${request.url}`;
      if (judged === "right") return void response.writeHead(302, { location }).end();
      response.setHeader("www-authenticate", guard.challenge(judged));
      response.writeHead(401).end();
    });
    await using panel = await startFor(device);
    const answer = await panel.ask("/page");
    assert.is(answer.status, 302);
    assert.equal(came, []);
  });
});
