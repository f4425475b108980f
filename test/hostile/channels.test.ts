// Channels through the attacker's hands: he reads all of them, changes, drops, adds, swaps and replays messages, and answers in the edge's place.
import * as assert from "uvu/assert";
import { acceptChannels } from "../../shared/channel/acceptor.ts";
import type { ChannelGate } from "../../shared/channel/admission.ts";
import { systemClock } from "../../shared/clock.ts";
import { nodeCrypto as suite } from "../../shared/crypto/node.ts";
import type { FrameTransport } from "../../shared/transport.ts";
import { TurnedClock } from "../support/turned-clock.ts";
import { group } from "../support/group.ts";
import type { CarriedMessage, Direction } from "./carried-channel.ts";
import { echoed, given, openSink } from "./streams.ts";
import { addEdge, dial, enter, sharedWorld, type Job, type World } from "./world.ts";

const shared = sharedWorld();
let granted: Promise<Job> | undefined;

/** The one job of this file: the vendor may reach the sink and the HMI. */
async function job(world: World): Promise<Job> {
  granted ??= world.grantedJob("press-sink", "press-hmi");
  return granted;
}

/** An edge of the attacker's own making: it admits everybody who shakes hands with it, and counts them. */
function falseEdge({ site, edge }: World, signingKey: Uint8Array, id = edge.id) {
  const told: string[] = [];
  const gate: ChannelGate = {
    async onOpen({ flight }) {
      told.push(flight.proof);
      return { verdict: "refused", reason: "not-permitted: a false edge" };
    },
    onOpening: async () => ({ admitted: false, reason: "no" }),
    onResume: async () => false,
    onRejected: () => undefined,
  };
  const acceptor = acceptChannels({
    suite,
    clock: systemClock,
    site,
    edge: { id, signingKey },
    gate,
  });
  return { told, take: (transport: FrameTransport) => acceptor.accept(transport) };
}

/** Does something once to message number `index` of further channels in one direction; every other message goes on as it is. */
function once(
  direction: Direction,
  index: number,
  act: (message: CarriedMessage) => readonly Uint8Array[],
) {
  let isDone = false;
  return {
    get isDone() {
      return isDone;
    },
    tamper(message: CarriedMessage): readonly Uint8Array[] {
      const { channel } = message;
      if (
        isDone ||
        channel.kind !== "further" ||
        message.direction !== direction ||
        message.index !== index
      ) {
        return [message.bytes];
      }
      isDone = true;
      return act(message);
    },
  };
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

// Behind answer, have and opened; and behind hello, have, opening and the order to the sink.
const firstDataOfEdge = 3;
const firstAckOfVendor = 4;
const records: readonly [
  what: string,
  direction: Direction,
  act: (message: CarriedMessage) => readonly Uint8Array[],
][] = [
  ["altered", "to-vendor", ({ bytes }) => [flipped(bytes, bytes.length >> 1)]],
  ["altered in its tag", "to-vendor", ({ bytes }) => [flipped(bytes, bytes.length - 1)]],
  ["truncated", "to-vendor", ({ bytes }) => [bytes.subarray(0, bytes.length - 1)]],
  ["dropped", "to-vendor", () => []],
  ["replayed", "to-vendor", ({ bytes }) => [bytes, bytes]],
  [
    "preceded by one of the attacker's",
    "to-vendor",
    ({ bytes }) => [suite.randomBytes(128), bytes],
  ],
  ["altered", "to-edge", ({ bytes }) => [flipped(bytes, 0)]],
  ["replayed", "to-edge", ({ bytes }) => [bytes, bytes]],
];

await group("a hostile relay: channels", { timeoutMs: 90_000 }, (test) => {
  test("control: bytes reach the vendor whole, in order, and sealed", async () => {
    const world = await shared();
    using visited = await enter(world, await job(world));
    assert.is(visited.verdict, "admitted");
    assert.ok(await given(world, visited.session, 300_000));
    assert.is(
      await echoed(world, visited.session, "a-sentence-that-only-the-device-may-read"),
      "a-sentence-that-only-the-device-may-read",
    );
  });

  test("what the device and the vendor say, and the device's password, never stand in anything that went by; a planted word is found", async () => {
    const world = await shared();
    const { relay, plant, vendor } = world;
    await job(world);
    const said = "words-between-vendor-and-device-4711";
    const ran = await vendor.do("ssh", "press-hmi", "--", `echo ${said}`);
    assert.is(ran.stdout, `${said}\n`);
    assert.ok(plant.ssh.password, "the device has a password");
    for (const secret of [
      said,
      "a-sentence-that-only-the-device-may-read",
      plant.ssh.password,
      plant.ssh.login,
    ]) {
      assert.not.ok(relay.seen.holds(secret), secret);
    }
    for (const key of plant.ssh.hostKeys) assert.not.ok(relay.seen.holds(key.split(" ")[1] ?? key));
    assert.ok(relay.seen.holds("look at it"), "the reason of the job is seen, in its document");
    const [hello] = relay.channels[0]?.sent["to-edge"] ?? [];
    assert.ok(hello && relay.seen.holds(hello.subarray(-64)), "bytes of a channel are seen");
  });

  test("the relay answers for the edge with a key of its own: nothing is said to it", async () => {
    const world = await shared();
    const { id } = await job(world);
    const stranger = await suite.ed25519KeyPair();
    const false_ = falseEdge(world, stranger.privateKey);
    using _attack = world.relay.attack({ route: () => false_.take });
    const connected = await world.vendor.run("connect", id);
    assert.is(connected.code, 76, connected.stderr);
    assert.equal(false_.told, []);
    const own = falseEdge(world, (await world.identity()).signing.privateKey);
    using _control = world.relay.attack({ route: () => own.take });
    const believed = await world.vendor.run("connect", id);
    assert.is(believed.code, 77, "with the edge's own key it would have been believed");
    assert.is(own.told.length, 1);
  });

  test("another edge of the site answers for a target: nothing is said to it", async () => {
    const world = await shared();
    const { id } = await job(world);
    const second = await addEdge(world, "Hall 4");
    await using _running = second.running;
    {
      const broken = falseEdge(world, (await second.identity()).signing.privateKey);
      using _attack = world.relay.attack({ route: () => broken.take });
      assert.is((await world.vendor.run("connect", id)).code, 76);
      assert.equal(broken.told, []);
    }
    using _rerouted = world.relay.attack({ route: () => second.listed.id });
    const connected = await world.vendor.run("connect", id);
    assert.is.not(connected.code, 0);
    assert.not.match(connected.stdout, /admitted/);
  });

  for (const [what, direction, act] of records) {
    test(`a record that was ${what} ${direction} costs its connection, and not one byte is lost or changed`, async () => {
      const world = await shared();
      using visited = await enter(world, await job(world));
      const fault = once(
        direction,
        direction === "to-vendor" ? firstDataOfEdge : firstAckOfVendor,
        act,
      );
      using _attack = world.relay.attack({ tamper: (message) => fault.tamper(message) });
      assert.ok(await given(world, visited.session, 300_000));
      assert.ok(fault.isDone);
    });
  }

  test("records of two channels that are swapped open on neither, and both channels end whole", async () => {
    const world = await shared();
    using visited = await enter(world, await job(world));
    const kept: CarriedMessage[] = [];
    using _attack = world.relay.attack({
      tamper(message) {
        const { channel, direction, index, bytes } = message;
        if (
          channel.kind !== "further" ||
          direction !== "to-vendor" ||
          index !== firstDataOfEdge ||
          kept.length >= 2
        )
          return [bytes];
        kept.push(message);
        const [one, other] = kept;
        if (one === undefined || other === undefined) return [];
        one.channel.send("to-vendor", other.bytes);
        return [one.bytes];
      },
    });
    const both = await Promise.all([
      given(world, visited.session, 200_000),
      given(world, visited.session, 100_000),
    ]);
    assert.equal(both, [true, true]);
    assert.is(kept.length, 2);
  });

  test("a stream that the relay closes politely in the middle is a cut, and never an end", async () => {
    const world = await shared();
    const clock = new TurnedClock(Date.now());
    using visited = await enter(world, await job(world), { clock });
    const stream = await openSink(world, visited.session, "give 20000000\n");
    await stream.until(50_000);
    using _attack = world.relay.attack({ route: () => "nowhere" });
    for (const channel of world.relay.channels) channel.finish();
    await stream.away;
    clock.advanceMs(3 * 60_000);
    assert.is(await stream.closed, "cut");
    assert.not.ok(stream.hasEnded);
  });

  test("a replayed open is answered, and opens nothing", async () => {
    const world = await shared();
    const { relay, edge } = world;
    const granted = await job(world);
    const before = relay.channels.length;
    using visited = await enter(world, granted);
    assert.is(visited.verdict, "admitted");
    const recorded = relay.channels.slice(before).find(({ kind }) => kind === "open");
    assert.ok(recorded);
    const admissions = () => relay.headers().filter(({ event }) => event === "session-admitted");
    const own = ({ ids }: { ids: Readonly<Record<string, string>> }) =>
      ids["session"] === visited.session.id;
    // The edge's word on this session is behind the session itself.
    await relay.until(() => admissions().some(own));
    const admitted = admissions().length;
    const answer = await replayed(world, recorded.sent["to-edge"]);
    assert.is(answer[0]?.[1], 0, "hands are shaken with whoever says hello");
    assert.is(answer.length, 1, "and nothing more is said");
    // The edge still serves, and nothing was admitted in between but this control.
    using control = await enter(world, granted);
    assert.is(control.verdict, "admitted");
    await relay.until(() => admissions().length > admitted);
    assert.is(admissions().length, admitted + 1);
    assert.ok(edge);
  });

  test("a replayed further, and a replayed resume, neither open nor displace anything", async () => {
    const world = await shared();
    const { relay } = world;
    using visited = await enter(world, await job(world));
    const first = relay.channels.length;
    const stream = await openSink(world, visited.session, "echo\n");
    await stream.said("one");
    const further = relay.channels
      .slice(first - 1)
      .find(({ kind, sent }) => kind === "further" && sent["to-edge"].length > 2);
    assert.ok(further);
    const [unknown] = await replayed(world, further.sent["to-edge"]);
    assert.is(unknown?.[1], 1, "its number is used: unknown");

    further.cut();
    const resumed = await relay.channel(
      (channel) => channel.kind === "resume" && channel.sent["to-edge"].length > 1,
    );
    await stream.said("two");
    const answer = await replayed(world, resumed.sent["to-edge"]);
    assert.ok(answer.length <= 2, "at most an answer and the edge's have, which opens for nobody");
    await stream.said("three");
    assert.is(stream.text, "onetwothree");
  });

  test("a suite that was stripped from the hello is found before anything is said", async () => {
    const world = await shared();
    const { id } = await job(world);
    using _attack = world.relay.attack({
      tamper: ({ channel, direction, index, bytes }) => [
        direction === "to-edge" && index === 0 && channel.kind === "open"
          ? withoutBestSuite(bytes)
          : bytes,
      ],
    });
    const connected = await world.vendor.run("connect", id);
    assert.is(connected.code, 76, connected.stderr);
  });

  test("a forged word that the edge knows nothing ends no session", async () => {
    const world = await shared();
    using visited = await enter(world, await job(world));
    const stream = await openSink(world, visited.session, "echo\n");
    await stream.said("one");
    const forgeries = { count: 0 };
    {
      using _attack = world.relay.attack({
        tamper({ channel, direction, index, bytes }) {
          if (direction !== "to-vendor" || index !== 0 || channel.kind !== "resume") return [bytes];
          forgeries.count += 1;
          return [Uint8Array.of(1, 1, ...suite.randomBytes(64))];
        },
      });
      for (const channel of world.relay.channels) channel.cut();
      await world.relay.until(() => forgeries.count >= 2);
    }
    await stream.said("two");
    assert.is(stream.text, "onetwo");
  });

  test("afterwards the same edge serves whoever is permitted", async () => {
    await using world = await shared();
    assert.is((await world.vendor.do("ssh", "press-hmi", "--", "echo in")).stdout, "in\n");
  });
});

/** What the edge answers to messages that were recorded on another connection, until it closes. */
async function replayed(world: World, messages: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const { token } = await job(world);
  const transport = await dial(world, world.edge.id, token);
  const answers: Uint8Array[] = [];
  const closed = Promise.withResolvers<void>();
  transport.onMessage = (message) => void answers.push(message.slice());
  transport.onClose = () => closed.resolve();
  for (const message of messages) transport.send([message]);
  await closed.promise;
  return answers;
}

// Hello: version, kind, number of suites, the suites best first.
function withoutBestSuite(hello: Uint8Array): Uint8Array {
  return Uint8Array.of(...hello.subarray(0, 2), (hello[2] ?? 0) - 1, ...hello.subarray(4));
}
