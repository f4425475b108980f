// Who is asked about a request, in which order, and what its vendor is shown meanwhile: escalation, duty, hand-over, floods.
import * as assert from "uvu/assert";
import { group } from "../../support/group.ts";
import { NotifiedSite, secretReason } from "./notified-site.ts";

const minuteMs = 60_000;
const cleoThenAnna = { order: [{ target: "hmi", persons: ["cleo", "anna"], minutes: 10 }] };

async function ordered(): Promise<NotifiedSite> {
  const world = await NotifiedSite.start(["anna", "ben", "cleo"]);
  const answer = await world.as("olaf", "PUT", "/notify/order", cleoThenAnna);
  assert.is(answer.status, 200, JSON.stringify(answer.body));
  return world;
}

await group("relay notify asking", { timeoutMs: 60_000 }, (test) => {
  test("without an order all approvers are asked at once, and never the vendor or who only owns or audits", async () => {
    await using world = await NotifiedSite.start(["anna", "ben", "cleo", "vera", "olaf", "dora"]);
    const { envelope, hash } = await world.request();
    await Promise.all(["anna", "ben", "cleo"].map((name) => world.told(name, /waits for you/)));
    await world.grant(envelope, "cleo");
    await world.told("vera", /approved by Name of cleo/);
    assert.equal(
      ["vera", "olaf", "dora"].map((name) => world.heard(name).length),
      [1, 0, 0],
    );
    const { body } = await world.as("vera", "GET", `/requests/${hash}/notified`);
    assert.is(body.answered, true);
    assert.is(body.next, null);
  });
  test("a vendor who is an approver too is not asked about his own request", async () => {
    await using world = await NotifiedSite.start(["anna", "vera"], {}, (manifest) => ({
      ...manifest,
      persons: manifest.persons.map((person) =>
        person.id === "vera" ? { ...person, roles: ["vendor", "approver"] } : person,
      ),
    }));
    const { hash } = await world.request();
    await world.told("anna");
    const { body } = await world.as("vera", "GET", `/requests/${hash}/notified`);
    assert.not.ok(body.told.some(({ person }) => person === "vera"));
    assert.is(world.heard("vera").length, 0);
  });
  test("with an order the first is asked at once, the next after the minutes, then everybody; the vendor sees who and when", async () => {
    await using world = await ordered();
    const { hash } = await world.request();
    const notified = async () => (await world.as("vera", "GET", `/requests/${hash}/notified`)).body;
    await world.told("cleo");
    const first = await notified();
    assert.equal(
      first.told.map(({ person, name }) => [person, name]),
      [["cleo", "Name of cleo"]],
    );
    const asked = first.told[0]?.at ?? 0;
    assert.is(first.next?.person, "anna");
    assert.ok(Math.abs((first.next?.at ?? 0) - asked - 600) <= 1);
    assert.ok(Math.abs((first.everyoneAt ?? 0) - asked - 1200) <= 1);
    world.relay.clock.advanceMs(9 * minuteMs);
    assert.is((await notified()).told.length, 1);
    world.relay.clock.advanceMs(minuteMs);
    await world.told("anna");
    assert.is(world.heard("ben").length, 0);
    world.relay.clock.advanceMs(10 * minuteMs);
    await world.told("ben");
    assert.is((await notified()).next, null);
  });
  test("the minutes go on over a restart of the relay", async () => {
    await using world = await ordered();
    const { hash } = await world.request();
    await world.told("cleo");
    const isDelivered = async () => {
      const { body } = await world.as("vera", "GET", `/requests/${hash}/notified`);
      return body.told[0]?.state === "delivered";
    };
    while (!(await isDelivered())) await settled(world);
    await world.relay.restart();
    world.relay.clock.advanceMs(10 * minuteMs);
    await world.told("anna");
    assert.is(world.heard("cleo").length, 1);
  });
  test("an answer ends the asking, and is told to those who were asked and to nobody else", async () => {
    await using world = await ordered();
    const { hash } = await world.request();
    await world.told("cleo");
    world.relay.clock.advanceMs(10 * minuteMs);
    await world.told("anna");
    await world.deny(hash, "anna");
    await world.told("cleo", /answered by Name of anna/);
    world.relay.clock.advanceMs(60 * minuteMs);
    const { hash: next } = await world.request();
    await world.told("cleo", /waits for you/);
    await world.deny(next, "anna");
    await settled(world);
    assert.is(world.heard("ben").length, 0);
    assert.is(world.heard("anna").length, 1, "who answered is not told of it");
  });
  test("who is off duty is passed over; going off duty in the middle asks the next at once", async () => {
    await using world = await ordered();
    assert.is((await world.as("cleo", "PUT", "/notify/duty", { onDuty: false })).status, 200);
    await world.request();
    await world.told("anna");
    assert.is(world.heard("cleo").length, 0);
    await world.as("anna", "PUT", "/notify/duty", { onDuty: false });
    await world.told("ben");
    assert.is(world.heard("cleo").length, 0);
  });
  test("nobody waits for an approver who has no channel, nor for one whose phone turns out to be gone", async () => {
    await using world = await NotifiedSite.start(["anna", "ben", "cleo"]);
    const persons = ["cleo", "anna", "ben"];
    await world.as("olaf", "PUT", "/notify/order", {
      order: [{ target: "hmi", persons, minutes: 10 }],
    });
    world.push.answers.set("cleo", 410);
    await world.request();
    await world.told("anna");
    assert.is(world.heard("ben").length, 0);
    await world.request();
    await world.told("anna", /waits/);
    while (world.heard("anna").length < 2) await settled(world);
    assert.is(world.heard("ben").length, 0, "anna can be reached: ben has his ten minutes");
    world.relay.clock.advanceMs(10 * minuteMs);
    await world.told("ben");
  });
  test("if everybody is off duty, everybody is asked", async () => {
    await using world = await ordered();
    for (const name of ["anna", "ben", "cleo"]) {
      await world.as(name, "PUT", "/notify/duty", { onDuty: false });
    }
    await world.request();
    await Promise.all(["anna", "ben", "cleo"].map((name) => world.told(name)));
  });
  test("a hand-over switches both, tells the other, and its note is on the page and in no message", async () => {
    await using world = await NotifiedSite.start(["anna", "ben", "cleo"]);
    await world.as("ben", "PUT", "/notify/duty", { onDuty: false });
    const note = secretReason;
    const answer = await world.as("anna", "POST", "/hand-over", { to: "ben", note });
    assert.is(answer.status, 200, JSON.stringify(answer.body));
    const { body: text, url } = await world.told("ben", /handed over/);
    assert.is(text, "Name of anna handed over to you. You are on duty now.");
    assert.is(url, `${world.relay.url}/jobs`);
    const seen = await world.as("ben", "GET", "/hand-over");
    assert.is(seen.body.handOvers[0]?.note, note);
    const duty = await world.as("olaf", "GET", "/notify/people");
    const onDuty = duty.body.people.filter((item) => item.onDuty).map(({ person }) => person);
    assert.equal(onDuty, ["ben", "cleo"]);
    await world.request();
    await world.told("ben", /waits/);
    assert.is(world.heard("anna").length, 0);
    assert.not.ok(JSON.stringify(world.push.pushed.items).includes(note));
  });
  for (const [note, name, body, status] of [
    ["by an owner who does not approve", "olaf", { to: "ben", note: "" }, 403],
    ["by a vendor", "vera", { to: "ben", note: "" }, 403],
    ["to oneself", "anna", { to: "anna", note: "" }, 404],
    ["to somebody who does not approve", "anna", { to: "olaf", note: "" }, 404],
  ] as const) {
    test(`a hand-over ${note} is refused`, async () => {
      await using world = await NotifiedSite.start();
      assert.is((await world.as(name, "POST", "/hand-over", body)).status, status);
    });
  }
  for (const [note, name, entry, status] of [
    ["by an approver", "cleo", {}, 403],
    ["with a stranger", "olaf", { persons: ["vera"] }, 409],
    ["for a target that is not there", "olaf", { target: "none" }, 404],
    ["of no minutes", "olaf", { minutes: 0 }, 400],
    ["that names nobody", "olaf", { persons: [] }, 400],
  ] as const) {
    test(`an order ${note} is refused`, async () => {
      await using world = await NotifiedSite.start();
      const order = [{ target: "hmi", persons: ["cleo"], minutes: 5, ...entry }];
      assert.is((await world.as(name, "PUT", "/notify/order", { order })).status, status);
      assert.is((await world.as("cleo", "GET", "/notify/order")).body.order.length, 0);
    });
  }
  test("who was asked is for the request's vendor and the staff: another vendor, and whoever waits for no request, learns nothing", async () => {
    await using world = await NotifiedSite.start([], {}, (manifest) => ({
      ...manifest,
      persons: manifest.persons.map((person) =>
        person.id === "dora" ? { ...person, roles: ["vendor"] } : person,
      ),
    }));
    const { hash } = await world.request();
    const path = `/requests/${hash}/notified`;
    assert.is((await world.as("cleo", "GET", path)).status, 200);
    assert.is((await world.as("dora", "GET", path)).status, 404);
    const nothing = `/requests/${world.site.chain.held.hash}/notified`;
    assert.is((await world.as("vera", "GET", nothing)).status, 404);
    assert.is((await world.as("vera", "GET", "/notify/order")).status, 403);
    assert.is((await world.as("vera", "GET", "/notify/people")).status, 403);
    assert.is((await world.as("cleo", "GET", "/notify/messages?all=true")).status, 403);
  });
  test("a hundred requests do not make a hundred messages: the rest is told together", async () => {
    await using world = await NotifiedSite.start(["cleo"]);
    for (let count = 0; count < 100; count += 1) await world.request();
    world.relay.clock.advanceMs(2 * minuteMs);
    const requestsTold = (): number =>
      world
        .heard("cleo")
        .map(({ content }) => Number(/(\d+) requests wait/.exec(content.body)?.[1] ?? 1))
        .reduce((sum, count) => sum + count, 0);
    while (requestsTold() < 100) {
      world.relay.clock.advanceMs(1000);
      await settled(world);
    }
    assert.is(requestsTold(), 100);
    const messages = world.heard("cleo").length;
    assert.ok(messages <= 10, `${messages} messages`);
    assert.ok(messages >= 5, `${messages} messages: the first few are told one by one`);
  });
  test("a vendor who asks for more time of an approved job is told how many approvers can be reached, and they are told once in five minutes", async () => {
    await using world = await NotifiedSite.start(["anna", "ben"]);
    const { envelope, hash } = await world.request();
    await world.grant(envelope, "cleo");
    const ask = (name: string) => world.as(name, "POST", `/requests/${hash}/more-time`, {});
    const { status, body } = await ask("vera");
    assert.is(status, 200, JSON.stringify(body));
    assert.is(body.reachable, 2);
    await Promise.all(["anna", "ben"].map((name) => world.told(name, /More time for a job/)));
    await ask("vera");
    await settled(world);
    const asked = () => world.heard("anna").filter(({ content }) => /More time/.test(content.body));
    assert.is(asked().length, 1);
    world.relay.clock.advanceMs(5 * minuteMs);
    await ask("vera");
    while (asked().length < 2) await settled(world);
  });
  test("nobody but its vendor asks for more time, and not for a job that is not approved", async () => {
    await using world = await NotifiedSite.start(["anna"]);
    const { envelope, hash } = await world.request();
    const ask = async (name: string, request = hash) =>
      (await world.as(name, "POST", `/requests/${request}/more-time`, {})).status;
    assert.is(await ask("vera"), 409, "not approved yet");
    await world.grant(envelope, "cleo");
    assert.is(await ask("cleo"), 403, "an approver");
    assert.is(await ask("vera", "A".repeat(43)), 404, "no such request");
    assert.is(await ask("vera"), 200);
  });
  test("approvers whom no message ever reached, or none for 30 days, are flagged to owners and to themselves", async () => {
    await using world = await NotifiedSite.start(["cleo"]);
    const flag = async (name: string) => (await world.as(name, "GET", "/notify")).body.flag;
    const flagged = async () => {
      const { body } = await world.as("olaf", "GET", "/notify/people");
      return body.people.filter((item) => item.flag).map((item) => `${item.person} ${item.flag}`);
    };
    assert.is(await flag("cleo"), "never");
    await world.request();
    await world.told("cleo");
    while ((await flag("cleo")) !== null) await settled(world);
    assert.equal(await flagged(), ["anna never", "ben never"]);
    assert.is(await flag("olaf"), null, "only owns");
    world.relay.clock.advanceMs(31 * 24 * 60 * minuteMs);
    world.forgetSignIns();
    assert.is(await flag("cleo"), "stale");
    assert.equal(await flagged(), ["anna never", "ben never", "cleo stale"]);
  });
});

/** A round trip to the relay, which lets go on what it does in the background. */
async function settled(world: NotifiedSite): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await world.as("dora", "GET", "/notify");
}
