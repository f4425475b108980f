// Webhooks: a signed message at a real receiver, who may set one, and every address that the relay must not be sent to.
import { createServer } from "node:net";
import * as assert from "uvu/assert";
import { AddressRules } from "../../../broker/relay/notify/address-rules.ts";
import { Outbound, outboundLimitMs } from "../../../broker/relay/notify/outbound.ts";
import { systemClock } from "../../../shared/clock.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { refused, signed, twinSite } from "../document/paper-site.ts";
import { HookReceiver, isSigned } from "./hook-receiver.ts";
import { NotifiedSite, secretReason } from "./notified-site.ts";

/** Addresses beside those that look like them and are open. */
const addresses: readonly (readonly [address: string, isOpen: boolean, note: string])[] = [
  ["0.0.0.0", false, "this host"],
  ["10.255.255.255", false, "private"],
  ["11.0.0.0", true, "beside it"],
  ["100.64.0.1", false, "a carrier's"],
  ["100.128.0.1", true, "beside it"],
  ["127.0.0.1", false, "loopback"],
  ["127.255.255.254", false, "loopback"],
  ["128.0.0.1", true, "beside it"],
  ["169.254.169.254", false, "metadata"],
  ["169.253.0.1", true, "beside it"],
  ["172.16.0.1", false, "private"],
  ["172.31.255.255", false, "private"],
  ["172.32.0.1", true, "beside it"],
  ["192.168.1.1", false, "private"],
  ["192.169.1.1", true, "beside it"],
  ["198.18.0.1", false, "benchmarks"],
  ["203.0.113.7", false, "documentation"],
  ["224.0.0.251", false, "multicast"],
  ["255.255.255.255", false, "broadcast"],
  ["8.8.8.8", true, "public"],
  ["::", false, "unspecified"],
  ["::1", false, "loopback"],
  ["fe80::1", false, "link-local"],
  ["fe80::1%eth0", false, "link-local with a zone"],
  ["fc00::1", false, "unique local"],
  ["fd00:ec2::254", false, "metadata"],
  ["fec0::1", false, "site-local"],
  ["ff02::1", false, "multicast"],
  ["::ffff:127.0.0.1", false, "loopback, mapped"],
  ["::ffff:7f00:1", false, "loopback, mapped, in hexadecimal"],
  ["0:0:0:0:0:ffff:a9fe:a9fe", false, "metadata, mapped, written out"],
  ["::ffff:8.8.8.8", true, "public, mapped"],
  ["::127.0.0.1", false, "loopback, in the old compatible form"],
  ["64:ff9b::7f00:1", false, "loopback through NAT64"],
  ["2002:7f00:1::", false, "loopback through 6to4"],
  ["2001:0:7f00:1::", false, "Teredo"],
  ["2001:db8::1", false, "documentation"],
  ["2606:4700::1111", true, "public"],
  ["relay", false, "no address"],
];

/** Ways to write a closed address in a URL. */
const closedUrls = [
  "https://127.0.0.1/",
  "https://127.1/",
  "https://0x7f000001/",
  "https://2130706433/",
  "https://0177.0.0.1/",
  "https://127.0.0.1./",
  "https://[::1]/",
  "https://[::ffff:169.254.169.254]/",
  "https://169.254.169.254/latest/meta-data/",
  "https://10.0.0.5/",
  "https://%31%32%37.0.0.1/",
];

const signal = AbortSignal.timeout(60_000);
const open = new AddressRules(["127.0.0.0/8"]);

async function addHook(
  world: NotifiedSite,
  name: string,
  url: string,
  person: string | null = name,
) {
  return world.as(name, "POST", "/notify/webhooks", { url, name: "hook", person });
}

await group("relay notify webhook", { timeoutMs: 60_000 }, (test) => {
  test("a webhook gets a message that its secret proves; a changed body, another secret and another time do not pass", async () => {
    await using world = await NotifiedSite.start();
    await using receiver = await HookReceiver.start();
    const { status, body } = await addHook(world, "cleo", receiver.url());
    assert.is(status, 201, JSON.stringify(body));
    const { hash } = await world.request();
    const hooked = await receiver.hooked.at(0);
    const now = Math.floor(world.relay.clock.wallMs() / 1000);
    assert.ok(isSigned(hooked, body.secret, now));
    assert.not.ok(isSigned({ ...hooked, body: `${hooked.body} ` }, body.secret, now));
    assert.not.ok(isSigned(hooked, `${body.secret}x`, now));
    assert.not.ok(isSigned(hooked, body.secret, now + 3600));
    const message = JSON.parse(hooked.body) as Record<string, unknown>;
    assert.is(message["site"], "Paper mill");
    assert.is(message["siteId"], world.site.id);
    assert.is(message["kind"], "request-waiting");
    assert.is(message["url"], `${world.relay.url}/jobs/${hash}`);
    assert.not.ok(hooked.body.includes(secretReason));
    assert.not.ok(hooked.body.includes(body.secret));
  });
  test("the secret is shown once: not again, in no list, not in the store, and it stays over a restart", async () => {
    await using world = await NotifiedSite.start();
    await using receiver = await HookReceiver.start("http");
    const { body } = await addHook(world, "cleo", receiver.url());
    assert.is((await addHook(world, "cleo", receiver.url())).status, 409);
    const lists = [
      await world.as("cleo", "GET", "/notify"),
      await world.as("olaf", "GET", "/notify/webhooks"),
    ];
    assert.not.ok(JSON.stringify(lists).includes(body.secret));
    assert.not.ok(JSON.stringify(lists).includes("/hook"), "its path is a secret, too");
    await world.relay.restart();
    const { readFileSync } = await import("node:fs");
    for (const name of ["store.sqlite", "store.sqlite-wal"]) {
      const bytes = readFileSync(world.relay.folder.file(name));
      assert.is(bytes.indexOf(body.secret), -1, name);
    }
    assert.is(world.relay.lines.filter((line) => line.includes(body.secret)).length, 0);
    await world.as("cleo", "POST", `/notify/channels/${body.channel.id}/test`);
    const now = Math.floor(world.relay.clock.wallMs() / 1000);
    assert.ok(isSigned(await receiver.hooked.at(0), body.secret, now));
  });
  test("a site's own webhook, set by an owner, is told what staff is told and nothing that is for one vendor", async () => {
    await using world = await NotifiedSite.start(["vera"]);
    await using receiver = await HookReceiver.start("http");
    assert.is((await addHook(world, "olaf", receiver.url(), null)).status, 201);
    const { hash } = await world.request();
    await receiver.hooked.at(0);
    await world.deny(hash, "ben");
    await world.told("vera", /denied/);
    await receiver.hooked.at(1);
    const kinds = receiver.hooked.items.map(
      ({ body }) => (JSON.parse(body) as { kind: string }).kind,
    );
    assert.equal(kinds, ["request-waiting", "request-answered"]);
    const { body } = await world.as("olaf", "GET", "/notify/webhooks");
    assert.is(body.channels[0]?.person, null);
    assert.is((await world.as("cleo", "GET", "/notify/webhooks")).status, 403);
    const path = `/notify/channels/${body.channels[0]?.id}`;
    assert.is((await world.as("cleo", "DELETE", path)).status, 404);
    assert.is((await world.as("anna", "DELETE", path)).status, 204);
  });
  for (const [note, name, person, status] of [
    ["a vendor for himself", "vera", "vera", 403],
    ["an approver for another", "cleo", "anna", 403],
    ["an approver for the site", "cleo", null, 403],
    ["an auditor for himself", "dora", "dora", 403],
    ["an owner for a stranger", "olaf", "nobody", 404],
    ["an owner for an approver", "olaf", "cleo", 201],
  ] as const) {
    test(`${note} ${status === 201 ? "may" : "may not"} set a webhook`, async () => {
      await using world = await NotifiedSite.start();
      assert.is((await addHook(world, name, "https://8.8.8.8/hook", person)).status, status);
    });
  }
  for (const [address, isOpen, note] of addresses) {
    test(`${address} (${note}) is ${isOpen ? "open" : "closed"}`, () => {
      assert.is(new AddressRules([]).mayReach(address), isOpen);
    });
  }
  test("what the operator opens is open, and nothing beside it", () => {
    const rules = new AddressRules(["10.1.0.0/16", "fd00::/8"]);
    assert.equal(
      ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "10.2.0.1", "fc00::1", "127.0.0.1"].map(
        (address) => rules.mayReach(address),
      ),
      [true, true, true, false, false, false],
    );
  });
  for (const url of closedUrls) {
    test(`a webhook at ${url} is refused when it is entered`, async () => {
      await using world = await NotifiedSite.start([], {
        SALLYPORT_RELAY_NOTIFY_NETWORKS: "192.0.2.0/24",
      });
      const { status, body } = await addHook(world, "olaf", url);
      assert.is(status, 403, body.message);
    });
  }
  for (const [note, url] of [
    ["plain http elsewhere", "http://8.8.8.8/"],
    ["plain http at a name that only looks local", "http://127.0.0.1.example/"],
    ["another scheme", "ftp://8.8.8.8/"],
    ["a file", "file:///etc/passwd"],
    ["a user and password", "https://a:b@8.8.8.8/"],
    ["no address", "hook"],
  ] as const) {
    test(`a webhook at ${note} is refused`, async () => {
      await using world = await NotifiedSite.start();
      assert.is((await addHook(world, "olaf", url)).status, 403);
    });
  }
  test("a name that resolves to a closed address is refused at the connection, which is never made", async () => {
    await using receiver = await HookReceiver.start("http");
    const outbound = new Outbound(new AddressRules([]), systemClock);
    const url = new URL(receiver.url("/hook", "localhost"));
    const post = { url, headers: {}, body: "{}" };
    await refused(() => outbound.post(post, signal), "forbidden", /closed to notifications/);
    assert.is(receiver.hooked.items.length, 0);
    assert.is(await new Outbound(open, systemClock).post(post, signal), 204);
  });
  test("a redirect is not followed", async () => {
    await using inner = await HookReceiver.start("http");
    await using receiver = await HookReceiver.start("http", (_request, response) => {
      response.writeHead(307, { location: inner.url() }).end();
    });
    const outbound = new Outbound(open, systemClock);
    const post = { url: new URL(receiver.url()), headers: {}, body: "{}" };
    assert.is(await outbound.post(post, signal), 307);
    assert.is(inner.hooked.items.length, 0);
  });
  test("a receiver that never answers costs ten seconds, and one that answers without end costs no more than a little", async () => {
    await using silent = await HookReceiver.start("http", () => undefined);
    const clock = new TurnedClock();
    const outbound = new Outbound(open, clock);
    const waiting = outbound.post({ url: new URL(silent.url()), headers: {}, body: "{}" }, signal);
    const failed = refused(() => waiting, "timeout", /no answer within 10 s/);
    await silent.hooked.at(0);
    clock.advanceMs(outboundLimitMs);
    await failed;
    let written = 0;
    await using endless = await HookReceiver.start("http", (_request, response) => {
      response.writeHead(200);
      const write = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536))) written += 65_536;
      };
      response.on("drain", write);
      write();
    });
    assert.is(
      await outbound.post({ url: new URL(endless.url()), headers: {}, body: "{}" }, signal),
      200,
    );
    assert.ok(written < 20_000_000, `${written} bytes were written`);
  });
  test("a receiver without the certificate that it should have gets nothing", async () => {
    const bytes: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on("data", (chunk: Buffer) => {
        bytes.push(chunk);
        socket.end("HTTP/1.1 204 No Content\r\n\r\n");
      });
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const url = new URL(`https://127.0.0.1:${port}/`);
    const outbound = new Outbound(open, systemClock);
    const post = { url, headers: {}, body: secretReason };
    await refused(() => outbound.post(post, signal), "unreachable", /./);
    assert.not.ok(Buffer.concat(bytes).includes(secretReason));
    await new Promise((resolve) => server.close(resolve));
  });
  test("receivers of one site that never answer hold up no other site's people", async () => {
    await using world = await NotifiedSite.start();
    await using silent = await HookReceiver.start("http", () => undefined);
    for (let count = 0; count < 12; count += 1) {
      const { status } = await addHook(world, "olaf", silent.url(`/${count}`), "cleo");
      assert.is(status, 201);
    }
    await using receiver = await HookReceiver.start("http");
    const other = await twinSite();
    await world.relay.register(other);
    const { id } = other;
    const token = await world.token("anna");
    const body = { url: receiver.url(), name: "hook", person: "anna" };
    await world.relay.call("POST", `/sites/${id}/notify/webhooks`, { token, body });
    await world.request();
    await silent.hooked.at(7);
    const request = await signed("request", await other.request(), "vera");
    await world.relay.drop(other, await world.token("vera"), request);
    const { body: hooked } = await receiver.hooked.at(0);
    assert.is((JSON.parse(hooked) as { site: string }).site, "Paper mill 2");
    assert.is(silent.hooked.items.length, 8);
    world.relay.clock.advanceMs(outboundLimitMs);
    await silent.hooked.at(11);
    world.relay.clock.advanceMs(outboundLimitMs);
  });
  test("a message that a receiver refuses is on record with its reason and nothing of what the receiver said", async () => {
    await using world = await NotifiedSite.start();
    await using receiver = await HookReceiver.start("http", (_request, response) => {
      response.writeHead(500, "said by a receiver").end("said by a receiver");
    });
    const { body } = await addHook(world, "cleo", receiver.url());
    const tested = await world.as("cleo", "POST", `/notify/channels/${body.channel.id}/test`);
    assert.is(tested.body.message.reason, "webhook answered 500");
    const { channels } = (await world.as("cleo", "GET", "/notify")).body;
    assert.is(channels[0]?.fault?.reason, "webhook answered 500");
  });
});
