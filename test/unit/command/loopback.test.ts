import net from "node:net";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import type { AdmittedTarget, Opening } from "../../../shared/channel/messages.ts";
import { Loopback, loopbackOf } from "../../../broker/command/loopback.ts";
import type { Channel } from "../../../shared/channel/channel.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { SiteId, TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { freePort } from "../../support/port.ts";
import { EchoStream } from "./echo-stream.ts";

const site = "site" as SiteId;

function target(id: string, ports: readonly number[]): AdmittedTarget {
  return { id: id as TargetId, name: id, kind: "tcp", rights: ["connect"], ports };
}

function never(): never {
  throw new Error("not expected");
}

await group("targets on loopback addresses", {}, (test) => {
  test("each target has an address of its own, always the same, away from 127.0.0.0/16", () => {
    assert.is(loopbackOf(site, "plc"), loopbackOf(site, "plc"));
    assert.is.not(loopbackOf(site, "plc"), loopbackOf(site, "drive"));
    assert.match(loopbackOf(site, "plc"), /^127\.(6[4-9]|[7-9]\d|1[0-8]\d|19[01])\.\d+\.\d+$/);
  });
  test("bytes go both ways under the device's own port, and half-closes pass", async () => {
    const port = await freePort();
    const openings: Opening[] = [];
    const open = async (opening: Opening): Promise<Channel> => {
      openings.push(opening);
      return new EchoStream();
    };
    await using bound = await Loopback.bind(site, [target("plc", [port])], open, never);
    const [first] = bound.ports;
    assert.is(first?.localPort, port);
    assert.is(first?.toAllow, null);
    const socket = net.connect({ host: first?.host ?? "", port, allowHalfOpen: true });
    socket.end("hello");
    assert.is(await text(socket), "hello");
    assert.equal(openings, [{ type: "opening", mode: "tcp", target: "plc", port }]);
  });
  test("where the port is taken, the one 10000 above is bound and told", async () => {
    const port = (await freePort()) % 50_000;
    const other = net.createServer().listen(port, loopbackOf(site, "plc"));
    await once(other, "listening");
    await using bound = await Loopback.bind(
      site,
      [target("plc", [port])],
      async () => new EchoStream(),
      never,
    );
    assert.is(bound.ports[0]?.localPort, port + 10_000);
    other.close();
  });
  test("a web panel has an address for a browser, and never on a port that browsers refuse", async () => {
    const port = await freePort();
    const panel = (id: string, at: number): AdmittedTarget => ({
      ...target(id, [at]),
      kind: "http",
    });
    await using bound = await Loopback.bind(
      site,
      [panel("hmi", port), panel("odd", 6000), target("plc", [port])],
      async () => new EchoStream(),
      never,
    );
    const [hmi, odd, plc] = bound.ports;
    assert.is(hmi?.url, `http://${loopbackOf(site, "hmi")}:${port}/`);
    assert.is(odd?.port, 6000);
    assert.is(odd?.localPort, 16_000);
    assert.is(odd?.url, `http://${loopbackOf(site, "odd")}:16000/`);
    assert.is(plc?.url, undefined);
    const other = net.createServer().listen(80, loopbackOf(site, "next"));
    const isBound = await Promise.race([
      once(other, "listening").then(() => true),
      once(other, "error").then(() => false),
    ]).catch(() => false);
    await using next = await Loopback.bind(
      site,
      [panel("next", 80)],
      async () => new EchoStream(),
      never,
    );
    assert.is(next.ports[0]?.localPort, 8080, "10080, which is next, is refused by browsers");
    if (isBound) other.close();
  });
  test("a refused opening resets the connection and is told with its target", async () => {
    const failures: string[] = [];
    const open = async (): Promise<Channel> => {
      throw new SallyportError("refused", "target in use");
    };
    await using bound = await Loopback.bind(
      site,
      [target("plc", [await freePort()])],
      open,
      (id, thrown) => failures.push(`${id}: ${String(thrown)}`),
    );
    const socket = net.connect(bound.ports[0]?.localPort ?? 0, bound.ports[0]?.host);
    const code = await new Promise((resolve) => {
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    assert.is(code, "ECONNRESET");
    assert.match(failures.join(), /^plc: .*target in use/);
  });
});
