// The split by name in front of a real HTTPS server, which must not notice it.
import { once } from "node:events";
import { Agent, createServer as createHttpsServer, request as httpsRequest } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import { makeAuthority, makeServerCertificate } from "../../../broker/relay/certificate.ts";
import { helloTimeoutMs, splitByName } from "../../../broker/relay/name-split.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { dialNode, helloOf, inRecords, panelHost as name } from "./hellos.ts";

const hello = await helloOf(dialNode(name));

interface Split extends AsyncDisposable {
  readonly port: number;
  readonly authority: string;
  readonly taken: { name: string; hello: Buffer }[];
  readonly clock: TurnedClock;
  readonly server: ReturnType<typeof createHttpsServer>;
}

async function openSplit(): Promise<Split> {
  const validity = { fromMs: Date.now() - 3_600_000, untilMs: Date.now() + 3_600_000 };
  const authority = makeAuthority("split", validity);
  const own = makeServerCertificate(authority, ["localhost", "127.0.0.1"], validity);
  const server = createHttpsServer({ cert: own.certificate, key: own.key }, (_request, response) =>
    response.end("https"),
  );
  server.on("upgrade", (_request, socket, head) => socket.end(`upgraded ${head.toString()}`));
  const taken: Split["taken"] = [];
  const clock = new TurnedClock();
  const split = splitByName(server, {
    clock,
    take(socket, asked, bytes) {
      if (!asked.endsWith(".web.localhost")) return false;
      taken.push({ name: asked, hello: bytes });
      socket.end("raw");
      return true;
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    authority: authority.certificate,
    taken,
    clock,
    server,
    async [Symbol.asyncDispose]() {
      split[Symbol.dispose]();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

await group("name split", { timeoutMs: 20_000 }, (test) => {
  const get = async ({ port, authority }: Split, agent: Agent | false = false): Promise<string> => {
    const request = httpsRequest({ host: "127.0.0.1", port, ca: authority, agent });
    request.end();
    const [response] = await once(request, "response");
    let text = "";
    for await (const part of response) text += String(part);
    return text;
  };

  test("a panel's connection is taken with every byte that it sent, whole or in pieces", async () => {
    await using split = await openSplit();
    for (const size of [hello.length, 1]) {
      const socket = connect(split.port, "127.0.0.1");
      socket.setNoDelay(true);
      for (let at = 0; at < hello.length; at += size) {
        socket.write(hello.subarray(at, at + size));
        if (size === 1 && at % 50 === 0) await new Promise(setImmediate);
      }
      const [answer] = await once(socket, "data");
      assert.is(String(answer), "raw");
      socket.destroy();
      const last = split.taken.at(-1);
      assert.is(last?.name, name);
      assert.ok(last?.hello.equals(hello.subarray(0, last.hello.length)));
    }
    assert.is(split.taken.length, 2);
  });

  test("everybody else has HTTPS as before: kept connections, upgrades, a certificate that is renewed", async () => {
    await using split = await openSplit();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let count = 0; count < 3; count += 1) assert.is(await get(split, agent), "https");
    assert.is(Object.values(agent.freeSockets).flat().length, 1);
    agent.destroy();

    const socket = connectTls({
      host: "127.0.0.1",
      port: split.port,
      ca: split.authority,
      servername: "localhost",
    });
    await once(socket, "secureConnect");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nrest");
    const [answer] = await once(socket, "data");
    assert.is(String(answer), "upgraded rest");
    socket.destroy();

    const validity = { fromMs: Date.now() - 3_600_000, untilMs: Date.now() + 3_600_000 };
    const authority = makeAuthority("another", validity);
    const renewed = makeServerCertificate(authority, ["127.0.0.1"], validity);
    split.server.setSecureContext({ cert: renewed.certificate, key: renewed.key });
    assert.is(await get({ ...split, authority: authority.certificate }), "https");
    assert.equal(split.taken, []);
  });

  test("a hello in many packets, or in several records, still reaches the HTTPS server", async () => {
    await using split = await openSplit();
    const own = await helloOf(dialNode("localhost"));
    for (const bytes of [own, inRecords(own, 64)]) {
      const socket = connect(split.port, "127.0.0.1");
      socket.setNoDelay(true);
      for (let at = 0; at < bytes.length; at += 100) {
        socket.write(bytes.subarray(at, at + 100));
        await new Promise(setImmediate);
      }
      // A ServerHello, in a handshake record.
      const [answer] = (await once(socket, "data")) as [Buffer];
      assert.is(answer[0], 22);
      socket.destroy();
    }
  });

  test("who says nothing, or half a hello, is cut after ten seconds; who ends is let go", async () => {
    await using split = await openSplit();
    const silent = connect(split.port, "127.0.0.1");
    const half = connect(split.port, "127.0.0.1");
    const gone = connect(split.port, "127.0.0.1");
    half.write(hello.subarray(0, 100));
    await Promise.all([silent, half, gone].map((socket) => once(socket, "connect")));
    assert.is(await get(split), "https");
    gone.end();
    await once(gone, "close");
    split.clock.advanceMs(helloTimeoutMs - 1);
    assert.is(silent.destroyed || half.destroyed, false);
    const closed = Promise.all([silent, half].map((socket) => once(socket, "close")));
    split.clock.advanceMs(1);
    await closed;
    assert.is(await get(split), "https");
  });
});
