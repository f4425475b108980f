// Web panels on the edge: names, tickets and cookies under real TLS; who has no ticket, an old one, another panel's cookie; what closing cuts.
import { once } from "node:events";
import * as assert from "uvu/assert";
import { Door, ticketLifeMs } from "../../../edge/web/door.ts";
import { maxConnections } from "../../../edge/web/web-server.ts";
import { makeName, makeToken } from "../../../edge/web/tokens.ts";
import type { WebHandler } from "../../../edge/web/panel.ts";
import { maxWebNames } from "../../../shared/control.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { DeviceError } from "../../../edge/targets/device-error.ts";
import { parseWebHost } from "../../../shared/web-name.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { domain, echoPanel, openWebWorld } from "./web-world.ts";

const start = "/panel/start";

async function refusalOf(promise: Promise<unknown>): Promise<DeviceError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  if (thrown instanceof DeviceError) return thrown;
  throw new Error("was not refused", { cause: thrown });
}

await group("web panels of an edge", { timeoutMs: 20_000 }, (test) => {
  test("names have 26 characters of base32, differ, and are the ones that the relay reads", () => {
    const names = new Set(Array.from({ length: 500 }, makeName));
    assert.is(names.size, 500);
    const label = "0".repeat(32);
    for (const name of names) {
      assert.equal(parseWebHost(`${name}.${label}.${domain}`, domain), { name, label });
    }
    // 130 bits of room for 128: the last character ends in two zero bits, every other place is used.
    assert.is(new Set([...names].map((name) => name.at(-1))).size, 8);
    assert.is(new Set([...names].map((name) => name.at(0))).size, 32);
    assert.match(makeToken(), /^[A-Za-z0-9_-]{43}$/);
  });

  test("a ticket lets one browser in, which is sent to the start page; requests reach the panel without the cookie", async () => {
    await using world = await openWebWorld();
    const panel = echoPanel();
    const opened = await world.panels.openPanel(panel, start);
    assert.match(
      opened.origin,
      new RegExp(`^https://[a-z2-7]{26}\\.[0-9a-f]{32}\\.web\\.localhost:${world.port}$`),
    );
    assert.is(world.announced.length, 1);
    assert.ok(opened.origin.includes(world.announced[0]?.[0] ?? "none"));
    const entered = await world.enter(opened, opened.ticket);
    assert.is(entered.status, 303);
    assert.is(entered.headers.location, start);
    const [set = ""] = entered.headers["set-cookie"] ?? [];
    assert.match(
      set,
      /^__Host-sallyport=[A-Za-z0-9_-]{43}; Secure; HttpOnly; SameSite=Lax; Path=\/$/,
    );
    assert.not.match(set, new RegExp(opened.ticket));
    const [cookie = ""] = set.split(";");
    const answer = await world.fetch(`${opened.origin}/values?a=1`, {
      headers: { cookie: `one=1; ${cookie}; two=2` },
    });
    const seen = JSON.parse(answer.body);
    assert.is(seen.origin, opened.origin);
    assert.is(seen.url, "/values?a=1");
    assert.is(seen.headers.cookie, "one=1; two=2");
    assert.not.match(answer.body, /__Host-sallyport/);
    const alone = await world.fetch(`${opened.origin}/`, { headers: { cookie } });
    assert.is(JSON.parse(alone.body).headers.cookie, undefined);
    assert.not.match(alone.body, /[Cc]ookie/);
  });

  test("whoever has no cookie gets 403 and nothing reaches the panel", async () => {
    await using world = await openWebWorld();
    const panel = echoPanel();
    const opened = await world.panels.openPanel(panel, start);
    const rows = [
      {},
      { cookie: "__Host-sallyport=" },
      { cookie: `__Host-sallyport=${makeToken()}` },
      { cookie: `__Host-sallyport=${opened.ticket}` },
      { cookie: `sallyport=${opened.ticket}` },
    ];
    for (const headers of rows) {
      const answer = await world.fetch(`${opened.origin}${start}`, { headers });
      assert.is(answer.status, 403);
      assert.match(answer.body, /opens from its job/);
      assert.is(answer.headers["set-cookie"], undefined);
    }
    assert.equal(panel.seen, []);
    assert.equal(
      world.refused,
      rows.map(() => "web-visit-refused"),
    );
  });

  test("a ticket that is wrong, was used, or came as anything but a form is refused and counted", async () => {
    await using world = await openWebWorld();
    const opened = await world.panels.openPanel(echoPanel(), start);
    assert.is((await world.enter(opened, makeToken())).status, 403);
    assert.is((await world.enter(opened, "")).status, 403);
    assert.is((await world.enter(opened, "x".repeat(5_000))).status, 403);
    const url = `${opened.origin}/.sallyport/enter`;
    const asJson = await world.fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `ticket=${opened.ticket}`,
    });
    assert.is(asJson.status, 403);
    assert.is((await world.fetch(`${url}?ticket=${opened.ticket}`)).status, 403);
    assert.is((await world.enter(opened, opened.ticket)).status, 303);
    const again = await world.enter(opened, opened.ticket);
    assert.is(again.status, 403);
    assert.is(again.headers["set-cookie"], undefined);
    assert.is(world.refused.filter((why) => why === "web-ticket-refused").length, 5);
  });

  test("a ticket is good for a minute", () => {
    const clock = new TurnedClock();
    const door = (): Door =>
      new Door({ host: "a.b.web.localhost", port: 443, start, panel: echoPanel(), clock });
    const [early, late] = [door(), door()];
    clock.advanceMs(ticketLifeMs - 1);
    assert.ok(early.enter(early.ticket) !== undefined);
    clock.advanceMs(1);
    assert.is(late.enter(late.ticket), undefined);
    assert.is(early.origin, "https://a.b.web.localhost");
  });

  test("a sibling's cookie, name or TLS name opens nothing", async () => {
    await using world = await openWebWorld();
    const [one, two] = [echoPanel(), echoPanel()];
    const first = await world.panels.openPanel(one, start);
    const second = await world.panels.openPanel(two, start);
    assert.is((await world.enter(second, first.ticket)).status, 403);
    const cookie = await world.cookieOf(first);
    const there = await world.fetch(`${second.origin}/`, { headers: { cookie } });
    assert.is(there.status, 403);
    // One panel's TLS name with another's Host field.
    const crossed = await world.fetch(`${second.origin}/`, {
      headers: { cookie },
      servername: new URL(first.origin).hostname,
    });
    assert.is(crossed.status, 421);
    assert.equal([one.seen, two.seen], [[], []]);
  });

  test("an upgrade needs the cookie, and what follows is the panel's", async () => {
    await using world = await openWebWorld();
    const panel = echoPanel();
    const opened = await world.panels.openPanel(panel, start);
    const cookie = await world.cookieOf(opened);
    const upgrade = async (fields: Record<string, string>): Promise<string> => {
      const socket = world.dial(opened.origin);
      await once(socket, "secureConnect");
      const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(
        `GET /live HTTP/1.1\r\nHost: ${new URL(opened.origin).host}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n${lines.join("")}\r\n`,
      );
      const [head] = await once(socket, "data");
      if (String(head).startsWith("HTTP/1.1 101")) {
        socket.write("live value");
        const [echoed] = await once(socket, "data");
        assert.is(String(echoed), "live value");
      }
      socket.destroy();
      return String(head).split("\r\n")[0] ?? "";
    };
    const { origin } = opened;
    assert.match(await upgrade({ cookie, origin }), /101/);
    assert.match(await upgrade({ cookie: "__Host-sallyport=x", origin }), /403/);
    assert.match(await upgrade({ origin }), /403/);
    assert.equal(panel.seen, ["UPGRADE /live"]);
  });

  test("closing cuts every connection, streams and upgrades too, and takes the name away; a sibling goes on", async () => {
    await using world = await openWebWorld();
    const endless: WebHandler = {
      handle: (_request, response) => void response.write("and so on"),
      upgrade: (_request, socket) => void socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    };
    const opened = await world.panels.openPanel(endless, start);
    const sibling = await world.panels.openPanel(echoPanel(), start);
    const cookie = await world.cookieOf(opened);
    const { host } = new URL(opened.origin);
    const ask = async (fields: string): Promise<ReturnType<typeof world.dial>> => {
      const socket = world.dial(opened.origin);
      socket.on("error", () => undefined);
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n${fields}\r\n`);
      await once(socket, "data");
      return socket;
    };
    const open = [
      await ask(""),
      await ask(`Connection: Upgrade\r\nUpgrade: x\r\nOrigin: ${opened.origin}\r\n`),
    ];
    const closed = Promise.all(open.map((socket) => once(socket, "close")));
    opened.close();
    await closed;
    assert.is(world.announced.at(-1)?.length, 1);
    const late = world.dial(opened.origin);
    await once(late, "error");
    const siblings = await world.cookieOf(sibling);
    const answer = await world.fetch(`${sibling.origin}/`, { headers: { cookie: siblings } });
    assert.is(answer.status, 200);
  });

  test("TLS is 1.2 or newer, HTTP/1.1, and for names that are open; a session is not taken up again", async () => {
    await using world = await openWebWorld();
    const opened = await world.panels.openPanel(echoPanel(), start);
    const socket = world.dial(opened.origin, { ALPNProtocols: ["h2", "http/1.1"] });
    await once(socket, "secureConnect");
    assert.is(socket.alpnProtocol, "http/1.1");
    assert.is(socket.getProtocol(), "TLSv1.3");
    socket.destroy();
    const refusals = [
      world.dial(opened.origin, { maxVersion: "TLSv1.1", minVersion: "TLSv1.1" }),
      world.dial(opened.origin.replace("https://", "https://x")),
      world.dial(opened.origin, { servername: "" }),
    ];
    for (const refused of refusals) await once(refused, "error");
    const first = world.dial(opened.origin, { maxVersion: "TLSv1.2" });
    await once(first, "secureConnect");
    const session = first.getSession();
    first.destroy();
    const second = world.dial(opened.origin, {
      maxVersion: "TLSv1.2",
      ...(session && { session }),
    });
    await once(second, "secureConnect");
    assert.is(second.isSessionReused(), false);
    second.destroy();
  });

  test("silent and greedy connections are bounded", async () => {
    await using world = await openWebWorld();
    const opened = await world.panels.openPanel(echoPanel(), start);
    const sockets = Array.from({ length: maxConnections + 1 }, () => world.dial(opened.origin));
    const last = sockets.at(-1);
    const refused = Promise.any(sockets.map((socket) => once(socket, "error")));
    await refused;
    assert.ok(last);
    for (const socket of sockets) {
      socket.on("error", () => undefined);
      socket.destroy();
    }
    const long = world.dial(opened.origin);
    await once(long, "secureConnect");
    long.write(`GET / HTTP/1.1\r\nX: ${"a".repeat(40_000)}\r\n`);
    await once(long, "close");
  });

  test("without a domain or a certificate the vendor is told which way works", async () => {
    await using none = await openWebWorld();
    none.panels.heardPlace({ domain: null, port: 443 });
    const noDomain = await refusalOf(none.panels.openPanel(echoPanel(), start));
    assert.is(noDomain.told, "this relay carries no web panels: use `sallyport connect`");
    assert.match(noDomain.message, /no web domain/);
    assert.equal(none.announced, []);

    await using uncertified = await openWebWorld({
      certify: async () => undefined,
    });
    await uncertified.panels.heardCertificate({
      chain: null,
      why: "the operator's command failed",
    });
    const failed = await refusalOf(uncertified.panels.openPanel(echoPanel(), start));
    assert.match(failed.message, /the operator's command failed/);
    assert.not.match(failed.told, /operator/);

    await using unannounced = await openWebWorld({
      announce: async () => Promise.reject(new SallyportError("unreachable", "no connection")),
    });
    const lost = await refusalOf(unannounced.panels.openPanel(echoPanel(), start));
    assert.match(lost.message, /name not announced/);
    assert.equal(unannounced.panels.names, []);
  });

  test("a certificate that nobody asked for, or of another key, is not taken", async () => {
    await using world = await openWebWorld();
    const chain = world.authority;
    await world.panels.heardCertificate({ chain, why: null });
    const opened = await world.panels.openPanel(echoPanel(), start);
    assert.is((await world.enter(opened, opened.ticket)).status, 303);
    assert.is(world.requests.length, 1);

    for (const wrong of [chain, "no certificate"]) {
      await using asking = await openWebWorld({ certify: async () => undefined });
      await asking.panels.heardCertificate({ chain: wrong, why: null });
      const { message } = await refusalOf(asking.panels.openPanel(echoPanel(), start));
      assert.match(message, /no certificate: the (certificate is another key's|chain is no)/);
    }
  });

  test("more panels than the relay takes are refused, and room comes back", async () => {
    await using world = await openWebWorld();
    const opened = await Promise.all(
      Array.from({ length: maxWebNames }, () => world.panels.openPanel(echoPanel(), start)),
    );
    await refusalOf(world.panels.openPanel(echoPanel(), start));
    opened[0]?.close();
    await world.panels.openPanel(echoPanel(), start);
    assert.is(world.panels.names.length, maxWebNames);
  });
});
