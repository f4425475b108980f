// Web Push from the relay to a service that decrypts: what a phone is told, and what becomes of phones that are gone or closed.
import * as assert from "uvu/assert";
import { statSync } from "node:fs";
import { group } from "../../support/group.ts";
import { NotifiedSite } from "./notified-site.ts";

await group("relay notify push", { timeoutMs: 60_000 }, (test) => {
  test("a request reaches its approver's phone, decrypted there, signed by the relay's own key, and links to the request", async () => {
    await using world = await NotifiedSite.start(["anna"]);
    const { hash } = await world.request();
    const { title, body, url } = await world.told("anna");
    assert.is(title, "Paper mill");
    assert.is(body, "A request waits for you: Name of vera asks.");
    assert.is(url, `${world.relay.url}/jobs/${hash}`);
    const [pushed] = world.heard("anna");
    const mine = await world.as("anna", "GET", "/notify");
    assert.is(pushed?.vapidKey, mine.body.vapidPublicKey);
    assert.is(pushed?.headers["urgency"], "high");
    assert.match(pushed?.subject ?? "", /^https:\/\//);
  });
  test("the push key is made once, readable by the relay alone, and stays over a restart", async () => {
    await using world = await NotifiedSite.start();
    const before = await world.as("anna", "GET", "/notify");
    await world.relay.restart();
    const after = await world.as("anna", "GET", "/notify");
    assert.is(after.body.vapidPublicKey, before.body.vapidPublicKey);
    const { mode } = statSync(world.relay.folder.file("notifications.key"));
    assert.is(mode & 0o777, 0o600);
  });
  for (const status of [404, 410]) {
    test(`a subscription whose service answers ${status} is removed`, async () => {
      await using world = await NotifiedSite.start(["anna", "cleo"]);
      world.push.answers.set("anna", status);
      const { hash } = await world.request();
      await world.told("cleo");
      await until(
        async () => (await world.as("anna", "GET", "/notify")).body.channels.length === 0,
      );
      const { body } = await world.as("vera", "GET", `/requests/${hash}/notified`);
      const states = body.told.map(({ person, state }) => `${person} ${state}`);
      assert.ok(states.includes("anna failed"), states.join(", "));
      assert.ok(states.includes("cleo delivered"), states.join(", "));
      assert.ok(states.includes("ben unreachable"), states.join(", "));
    });
  }
  test("a delivery that fails is tried five times within half an hour, and then no more", async () => {
    await using world = await NotifiedSite.start(["anna"]);
    world.push.answers.set("anna", 503);
    await world.request();
    const seconds = () => Math.floor(world.relay.clock.wallMs() / 1000);
    const startedAt = seconds();
    const message = async () =>
      (await world.as("anna", "GET", "/notify/messages")).body.messages[0];
    for (let tries = 1; tries <= 5; tries += 1) {
      const triedAt = seconds();
      await until(async () => {
        const { body } = await world.as("anna", "GET", "/notify");
        return (body.channels[0]?.fault?.at ?? 0) >= triedAt;
      });
      const nextAt = (await message())?.nextAt ?? seconds() + 3600;
      world.relay.clock.advanceMs((nextAt - seconds() + 1) * 1000);
    }
    await until(async () => (await message())?.state === "failed");
    assert.is((await message())?.tries, 5);
    assert.is((await message())?.reason, "push service answered 503");
    assert.is(world.push.requests, 5);
    const minutes = (seconds() - 3600 - startedAt) / 60;
    assert.ok(minutes > 20 && minutes <= 31, `${minutes} minutes`);
  });
  test("a delivery that failed once arrives at the next try, also over a restart of the relay", async () => {
    await using world = await NotifiedSite.start(["anna"]);
    world.push.answers.set("anna", 500);
    await world.request();
    await until(async () => world.push.requests === 1);
    await until(
      async () =>
        (await world.as("anna", "GET", "/notify/messages")).body.messages[0]?.reason !== null,
    );
    await world.relay.restart();
    world.push.answers.clear();
    world.relay.clock.advanceMs(35_000);
    await world.told("anna");
  });
  test("a test message says how it went; the channel is proven only when its owner saw it", async () => {
    await using world = await NotifiedSite.start();
    const { id, state } = await world.phone("anna");
    assert.is(state, "unproven");
    const tested = await world.as("anna", "POST", `/notify/channels/${id}/test`);
    assert.is(tested.body.message.state, "delivered");
    const { body } = await world.told("anna", /test message/);
    assert.match(body, /this channel works/);
    const still = await world.as("anna", "GET", "/notify");
    assert.is(still.body.channels[0]?.state, "unproven");
    const { id: message } = tested.body.message;
    const foreign = await world.as("ben", "POST", "/notify/seen", { message });
    assert.is(foreign.status, 404, "somebody else saw it");
    const seen = await world.as("anna", "POST", "/notify/seen", { message });
    assert.is(seen.body.channel.state, "proven");
    world.push.answers.set("anna", 500);
    const failed = await world.as("anna", "POST", `/notify/channels/${id}/test`);
    assert.is(failed.body.message.state, "failed");
    assert.is(failed.body.message.reason, "push service answered 500");
    const unseen = await world.as("anna", "POST", "/notify/seen", {
      message: failed.body.message.id,
    });
    assert.is(unseen.status, 404, "a message that was never delivered");
  });
  test("a channel that is switched off hears nothing; switched on again it does", async () => {
    await using world = await NotifiedSite.start(["anna", "cleo"]);
    const { body } = await world.as("anna", "GET", "/notify");
    const path = `/notify/channels/${body.channels[0]?.id}`;
    const off = await world.as("anna", "PATCH", path, { enabled: false });
    assert.is(off.body.channel.enabled, false);
    await world.request();
    await world.told("cleo");
    assert.is(world.heard("anna").length, 0);
    await world.as("anna", "PATCH", path, { enabled: true });
    const { hash } = await world.request();
    const { url } = await world.told("anna");
    assert.ok(url.endsWith(hash));
    assert.is((await world.as("ben", "PATCH", path, { enabled: false })).status, 404);
    assert.is((await world.as("ben", "DELETE", path)).status, 404);
    assert.is((await world.as("anna", "DELETE", path)).status, 204);
  });
  for (const [note, change] of [
    ["over http", { endpoint: "http://127.0.0.1:9/x" }],
    ["in a private network", { endpoint: "https://10.0.0.1/x" }],
    ["at a metadata service", { endpoint: "https://169.254.169.254/latest" }],
    ["that is no address", { endpoint: "javascript:alert(1)" }],
    ["with a key that is no point", { keys: { p256dh: "B".repeat(87), auth: "A".repeat(22) } }],
    ["with a short auth secret", { keys: { p256dh: "B".repeat(87), auth: "AA" } }],
  ] as const) {
    test(`a subscription ${note} is refused`, async () => {
      await using world = await NotifiedSite.start();
      const subscription = { ...world.push.subscribe("anna"), ...change };
      const answer = await world.as("anna", "PUT", "/notify/push", { subscription, name: "phone" });
      assert.ok(answer.status === 403 || answer.status === 400, `${answer.status}`);
      assert.is((await world.as("anna", "GET", "/notify")).body.channels.length, 0);
    });
  }
});

/** Asks again until it is so; each time is a round trip to the relay. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
