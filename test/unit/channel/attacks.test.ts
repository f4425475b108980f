// What a hostile relay, a stranger and a misbehaving peer try against both real sides of the channel, and what they get.
import * as assert from "uvu/assert";
import { concatBytes, utf8 } from "../../../shared/bytes.ts";
import {
  askingMs,
  maxAsking,
  maxUnadmitted,
  maxUnadmittedBytes,
  unadmittedMs,
  windowBytes,
} from "../../../shared/channel/bounds.ts";
import type { EdgeChannel } from "../../../shared/channel/admission.ts";
import { uint64 } from "../../../shared/channel/fixed-bytes.ts";
import { channelIdOf, finishHello, makeHello } from "../../../shared/channel/handshake.ts";
import type { ControlMessage, Flight } from "../../../shared/channel/messages.ts";
import { encodeControl } from "../../../shared/channel/messages.ts";
import type { RecordType } from "../../../shared/channel/record.ts";
import { RecordOpener, RecordSealer, recordTypes } from "../../../shared/channel/record.ts";
import type { SessionChannel } from "../../../shared/channel/session.ts";
import { openSession } from "../../../shared/channel/session.ts";
import { browserCrypto } from "../../../shared/crypto/browser.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { SallyportError } from "../../../shared/errors.ts";
import {
  admitted,
  closing,
  collect,
  createWorld,
  flight,
  nextControl,
  siteId,
  tcpOpening,
  turns,
} from "../../support/channel-pair.ts";
import type { World } from "../../support/channel-pair.ts";
import { group } from "../../support/group.ts";
import { MemoryTransport } from "../../support/memory-transport.ts";

await group("attacks on the channel", {}, (test) => {
  test("a replayed open hello gives the replayer an answer, and no session", async () => {
    const world = await createWorld();
    const session = await world.open();
    await nextControl(session);
    const [near, far] = MemoryTransport.pair();
    for (const message of world.wires[0]?.[0].sent ?? []) far.inject(message);
    world.acceptor.accept(far);
    await turns(20);
    assert.is(near.isClosed, true, "the replayed flight does not open under fresh keys");
    assert.is(world.gate.opens.length, 1);
    assert.is(world.gate.rejected.at(-1)?.code, "record_invalid");
  });

  test("an edge that is not the one of the manifest is found before anything is sent to it", async () => {
    const world = await createWorld();
    const other = await createWorld();
    world.dial = () => other.dial();
    const thrown = await world.open().catch((cause: unknown) => cause);
    assert.is(codeOf(thrown), "handshake_failed", "its refusal is not the expected edge's word");
    const expected = { id: other.edge.id, signingKey: new Uint8Array(32).fill(7) };
    const forged = await openSession({
      ...options(),
      clock: world.clock,
      dial: () => other.dial(),
      edge: expected,
    }).catch((cause: unknown) => cause);
    assert.is(codeOf(forged), "handshake_failed");
    assert.is(other.gate.opens.length, 0);
  });

  test("a suite that was stripped from the hello is found by the signature", async () => {
    const world = await createWorld();
    world.onWire = (vendor) => {
      let isFirst = true;
      vendor.tamper = (message) => {
        if (!isFirst) return [message];
        isFirst = false;
        const one = concatBytes(message.subarray(0, 2), Uint8Array.of(1), message.subarray(3, 4));
        return [concatBytes(one, message.subarray(5))];
      };
    };
    assert.is(codeOf(await world.open().catch((cause: unknown) => cause)), "handshake_failed");
    assert.is(world.gate.opens.length, 0);
  });

  test("a vendor and an edge without a common suite get a signed answer", async () => {
    const world = await createWorld({
      vendor: browserCrypto,
      edge: { ...nodeCrypto, ciphersByPreference: () => ["aes-256-gcm"] },
    });
    assert.is(codeOf(await world.open().catch((cause: unknown) => cause)), "refused");
  });

  for (const [what, tamper] of [
    ["changed", (message: Uint8Array) => [message.map((byte, at) => (at === 0 ? byte ^ 1 : byte))]],
    ["truncated", (message: Uint8Array) => [message.subarray(1)]],
    ["doubled", (message: Uint8Array) => [message, message]],
    ["dropped before the next one", () => []],
  ] as const) {
    test(`a record that was ${what} ends the connection, and resumption loses nothing`, async () => {
      const { world, session, channel, edge } = await opened();
      const got = collect(edge);
      const back = new Promise<void>((resolve) => {
        channel.onBack = resolve;
      });
      channel.write(utf8("one,"));
      await got.until(4);
      const wire = world.wires[1]?.[0] as MemoryTransport;
      let isFirst = true;
      wire.tamper = (message) => {
        if (!isFirst) return [message];
        isFirst = false;
        return tamper(message);
      };
      channel.write(utf8("two,"));
      channel.write(utf8("three"));
      await back;
      assert.is(new TextDecoder().decode(await got.until(13)), "one,two,three");
      assert.is(channel.epoch, 1);
      session.abort("done");
    });
  }

  test("records of another channel of the same session do not open", async () => {
    const { world, session, channel, edge } = await opened();
    const other = await session.further(tcpOpening);
    await turns(10);
    const got = collect(edge);
    const away = new Promise<void>((resolve) => {
      edge.onAway = resolve;
    });
    const otherWire = world.wires[2]?.[0] as MemoryTransport;
    const wire = world.wires[1]?.[1] as MemoryTransport;
    otherWire.tamper = (message) => {
      wire.inject(message);
      return [message];
    };
    other.write(utf8("for the other device"));
    await away;
    assert.is(got.bytes().length, 0);
    channel.abort("done");
    session.abort("done");
  });

  test("a closed transport is a cut and never an end", async () => {
    const { world, session, channel, edge } = await opened();
    const seen: string[] = [];
    edge.onEnd = () => seen.push("end");
    edge.onAway = () => seen.push("away");
    edge.onClose = (how) => seen.push(how);
    world.dial = () => Promise.reject(new Error("the relay is gone"));
    channel.write(utf8("half a file"));
    await turns(5);
    world.wires[1]?.[0].close();
    await turns(10);
    assert.equal(seen, ["away"]);
    world.clock.advanceMs(120_000);
    assert.equal(seen, ["away", "cut"]);
    session.abort("done");
  });

  test("a resumption that a relay replays neither displaces the channel nor stops it", async () => {
    const { world, session, channel, edge } = await opened();
    const got = collect(edge);
    world.wires[1]?.[0].cut();
    await turns(20);
    assert.is(edge.epoch, 1);
    const hello = world.wires.at(-1)?.[0].sent[0] as Uint8Array;
    const [near, far] = MemoryTransport.pair();
    world.acceptor.accept(far);
    near.send([hello]);
    await turns(20);
    world.clock.advanceMs(10_000);
    await turns(5);
    assert.is(near.isClosed, true, "the replayer has no record to show");
    channel.write(utf8("still here"));
    await got.until(10);
    assert.is(edge.epoch, 1);
    session.abort("done");
  });

  test("a resume hello under a key of an earlier epoch gets a signed unknown", async () => {
    const { world, session, channel, edge } = await opened();
    const got = collect(edge);
    world.wires[1]?.[0].cut();
    await turns(20);
    const oldHello = world.wires.at(-1)?.[0].sent[0] as Uint8Array;
    channel.write(utf8("x"));
    await got.until(1);
    world.wires.at(-1)?.[0].cut();
    await turns(30);
    assert.is(edge.epoch, 2);
    const [near, far] = MemoryTransport.pair();
    world.acceptor.accept(far);
    near.send([oldHello]);
    const answer = await firstMessage(near);
    assert.is(answer.length, 66);
    assert.is(answer[1], 1);
    session.abort("done");
  });

  test("the same number of a further channel is taken once", async () => {
    const { world, session } = await opened();
    const hello = world.wires[1]?.[0].sent[0] as Uint8Array;
    const [near, far] = MemoryTransport.pair();
    world.acceptor.accept(far);
    near.send([hello]);
    const answer = await firstMessage(near);
    assert.is(answer.length, 66, "a refusal");
    assert.is(world.gate.openings.length, 1);
    session.abort("done");
  });

  test("a further channel has its session's purpose, and no other", async () => {
    const world = await createWorld();
    const { keys } = await hostileVendor(world);
    const answers: number[] = [];
    for (const [number, purpose] of [
      [1, "journal"],
      [2, "session"],
    ] as const) {
      const [near, far] = MemoryTransport.pair();
      world.acceptor.accept(far);
      const sent = await makeHello(nodeCrypto, {
        site: siteId,
        edge: world.edge.id,
        purpose,
        standing: { kind: "further", channel: channelIdOf(keys), number, psk: keys.further },
      });
      near.send([sent.bytes]);
      answers.push((await firstMessage(near))[1] ?? 99);
    }
    assert.equal(answers, [1, 0], "unknown, accepted");
  });

  test("a further channel of a session that is over is refused", async () => {
    const { world, session } = await opened();
    const closed = closing(session);
    world.gate.opens[0]?.channel.abort("the end");
    assert.is((await closed).code, "channel_aborted");
    assert.is(
      codeOf(await session.further(tcpOpening).catch((cause: unknown) => cause)),
      "channel_aborted",
    );
    const thrown = await reopen(world, session.id);
    assert.is(thrown[1], 1, "unknown");
  });

  test("a waiting session gets no further channel", async () => {
    const world = await createWorld();
    world.gate.verdict = () => ({
      verdict: "waiting",
      message: { type: "waiting", untilAt: 1_800_000_000 },
      keep: { awayMs: Number.POSITIVE_INFINITY, untilMonotonicMs: Number.POSITIVE_INFINITY },
    });
    const session = await world.open("waiting");
    await nextControl(session);
    assert.is(
      codeOf(await session.further(tcpOpening).catch((cause: unknown) => cause)),
      "refused",
    );
    session.abort("done");
  });

  test("a silent peer is dropped after 10 s", async () => {
    const world = await createWorld();
    const [near, far] = MemoryTransport.pair();
    world.acceptor.accept(far);
    world.clock.advanceMs(9_999);
    await turns(3);
    assert.is(near.isClosed, false);
    world.clock.advanceMs(1);
    await turns(3);
    assert.is(near.isClosed, true);
    assert.is(world.gate.rejected[0]?.code, "timeout");
  });

  test("a peer that shakes hands and then says nothing is dropped after 10 s", async () => {
    const world = await createWorld();
    const [near, far] = MemoryTransport.pair();
    world.acceptor.accept(far);
    const { bytes } = await makeHello(nodeCrypto, {
      site: siteId,
      edge: world.edge.id,
      purpose: "session",
    });
    near.send([bytes]);
    await firstMessage(near);
    world.clock.advanceMs(10_000);
    await turns(5);
    assert.is(near.isClosed, true);
    assert.is(world.gate.opens.length, 0);
  });

  test("more than 16 KiB before admission is dropped, whatever it is", async () => {
    const world = await createWorld();
    const [near, far] = MemoryTransport.pair();
    world.acceptor.accept(far);
    near.send([new Uint8Array(maxUnadmittedBytes + 1)]);
    await turns(5);
    assert.is(near.isClosed, true);
    assert.is(world.gate.rejected[0]?.code, "channel_bound");
  });

  test("a flight beyond the early window is not sent, one within it is admitted", async () => {
    for (const [proofBytes, isAdmitted] of [
      [11_000, true],
      [12_000, false],
    ] as const) {
      const world = await createWorld();
      const session = await openSession({
        ...options(),
        clock: world.clock,
        dial: () => world.dial(),
        edge: { id: world.edge.id, signingKey: world.publicKey },
        makeFlight: async () => ({ ...flight, proof: "x".repeat(proofBytes) }),
      });
      await turns(20);
      assert.is(world.gate.opens.length, isAdmitted ? 1 : 0, `${proofBytes} bytes`);
      session.abort("done");
    }
  });

  test("anything but a flight before admission is refused, and the gate is not asked", async () => {
    const world = await createWorld();
    const session = await openSession({
      ...options(),
      clock: world.clock,
      dial: () => world.dial(),
      edge: { id: world.edge.id, signingKey: world.publicKey },
      makeFlight: async () => ({ type: "opened" }) as never,
    });
    const closed = await closing(session);
    assert.equal(closed, { how: "aborted", code: "channel_aborted", reason: "protocol violated" });
    assert.is(world.gate.opens.length, 0);
  });

  test("who asks a person has 120 s for the flight, who does not has 10 s", async () => {
    for (const asksPerson of [true, false]) {
      const world = await createWorld();
      const { touch, opening } = openAsking(world, asksPerson);
      await touch.asked;
      await turns(5);
      world.clock.advanceMs(unadmittedMs);
      await turns(5);
      if (asksPerson) world.clock.advanceMs(askingMs - unadmittedMs - 1);
      await turns(5);
      touch.give();
      const session = await opening.catch((cause: unknown) => cause);
      if (asksPerson) {
        assert.is((await nextControl(session as SessionChannel)).type, "admitted");
        assert.equal(world.gate.opens[0]?.flight, flight, "the gate sees the same flight");
        (session as SessionChannel).abort("done");
      } else {
        assert.is(codeOf(session), "transport_lost");
        assert.is(world.gate.opens.length, 0);
      }
    }
  });

  test("who asks and then says nothing is dropped after 120 s, and the page hears it", async () => {
    const world = await createWorld();
    const { touch, opening } = openAsking(world);
    await touch.asked;
    await turns(5);
    world.clock.advanceMs(askingMs);
    await turns(30);
    assert.is(codeOf(await opening.catch((cause: unknown) => cause)), "transport_lost");
    assert.ok(world.wires[0]?.[0].isClosed);
    assert.is(world.gate.opens.length, 0);
  });

  test("asking twice is refused, and so is asking after the flight's turn", async () => {
    const world = await createWorld();
    const { near, say } = await hostileAsker(world);
    say({ type: "asking" });
    await turns(5);
    assert.is(near.isClosed, false);
    say({ type: "asking" });
    await turns(5);
    assert.is(near.isClosed, true);
    assert.is(world.gate.rejected.at(-1)?.code, "message_invalid");
    assert.is(world.gate.opens.length, 0);
  });

  test("a ninth asker is told that it is busy; an ordinary open goes on, and room comes back", async () => {
    const world = await createWorld();
    const askers = Array.from({ length: maxAsking }, () => openAsking(world));
    for (const { touch } of askers) await touch.asked;
    await turns(10);
    const ninth = openAsking(world);
    const thrown = await ninth.opening.catch((cause: unknown) => cause);
    assert.is(codeOf(thrown), "refused");
    assert.match(String(thrown), "busy");
    const session = await world.open();
    assert.is((await nextControl(session)).type, "admitted");
    session.abort("done");
    for (const { touch, opening } of askers) {
      touch.give();
      const asked = await opening;
      assert.is((await nextControl(asked)).type, "admitted");
      asked.abort("done");
    }
    const later = openAsking(world);
    await later.touch.asked;
    later.touch.give();
    const last = await later.opening;
    assert.is((await nextControl(last)).type, "admitted");
    last.abort("done");
  });

  test("askers do not stand among those who are in a hurry, nor those among the askers", async () => {
    const world = await createWorld();
    const askers = Array.from({ length: maxAsking }, () => openAsking(world));
    for (const { touch } of askers) await touch.asked;
    await turns(10);
    const strangers = Array.from({ length: maxUnadmitted }, () => MemoryTransport.pair());
    for (const [, far] of strangers) world.acceptor.accept(far);
    await turns(3);
    assert.ok(
      strangers.every(([near]) => !near.isClosed),
      "all 32 are heard",
    );
    const [late, lateFar] = MemoryTransport.pair();
    world.acceptor.accept(lateFar);
    await turns(3);
    assert.is(late.isClosed, true);
    for (const { touch, opening } of askers) {
      touch.give();
      (await opening).abort("done");
    }
  });

  test("asking raises no bound of bytes", async () => {
    for (const [beforeBytes, isHeard] of [
      [11_000, true],
      [maxUnadmittedBytes, false],
    ] as const) {
      const world = await createWorld();
      const { near, say } = await hostileAsker(world);
      say({ type: "asking" });
      await turns(5);
      say({ ...flight, proof: "x".repeat(beforeBytes) });
      await turns(10);
      assert.is(world.gate.opens.length, isHeard ? 1 : 0, `${beforeBytes} bytes`);
      assert.is(near.isClosed, !isHeard);
      if (!isHeard) assert.is(world.gate.rejected.at(-1)?.code, "channel_bound");
    }
  });

  test("only so many strangers are heard at once, and room comes back", async () => {
    const world = await createWorld();
    const strangers = Array.from({ length: maxUnadmitted }, () => MemoryTransport.pair());
    for (const [, far] of strangers) world.acceptor.accept(far);
    const [late, lateFar] = MemoryTransport.pair();
    world.acceptor.accept(lateFar);
    await turns(3);
    assert.is(late.isClosed, true);
    assert.is(world.gate.rejected[0]?.code, "channel_bound");
    for (const [near] of strangers) near.cut();
    await turns(5);
    const session = await world.open();
    assert.is((await nextControl(session)).type, "admitted");
    session.abort("done");
  });

  test("a refusal says no more than its reason, and the gate's word is final", async () => {
    const world = await createWorld();
    world.gate.verdict = () => ({ verdict: "refused", reason: "not permitted" });
    const session = await world.open();
    assert.equal(await closing(session), {
      how: "aborted",
      code: "refused",
      reason: "not permitted",
    });
    assert.is((await reopen(world, session.id))[1], 1);
  });

  test("an opening that the gate refuses never reaches a device", async () => {
    const world = await createWorld();
    world.gate.opening = () => ({ admitted: false, reason: "not permitted" });
    const session = await world.open();
    await nextControl(session);
    const channel = await session.further(tcpOpening);
    assert.equal(await closing(channel), {
      how: "aborted",
      code: "refused",
      reason: "not permitted",
    });
    session.abort("done");
  });

  test("a gate that says no at the resumption ends the channel", async () => {
    const { world, session, channel } = await opened();
    world.gate.resume = () => false;
    const closed = closing(channel);
    world.wires[1]?.[0].cut();
    assert.is((await closed).how, "cut");
    session.abort("done");
  });

  test("a session that ends takes its channels with it, the spare too", async () => {
    const { world, session, channel, edge } = await opened();
    await turns(10);
    const [vendorClosed, edgeClosed] = [closing(channel), closing(edge)];
    edge.session.abort("the grant has ended");
    assert.is((await vendorClosed).how, "aborted");
    assert.is((await edgeClosed).reason, "session closed");
    await turns(20);
    assert.ok(world.wires.every(([near, far]) => near.isClosed && far.isClosed));
    session.abort("too late");
  });

  test("a source that writes on at the bound is stopped before it fills the memory", async () => {
    const { session, channel, edge } = await opened();
    edge.onData = () => undefined;
    assert.throws(() => {
      for (let sent = 0; sent < 3 * windowBytes; sent += 65_536)
        channel.write(new Uint8Array(65_536));
    }, /without waiting/);
    session.abort("done");
  });

  for (const [what, misbehave, code] of [
    [
      "sends more than the window",
      (say: Say) => {
        for (let sent = 0; sent <= windowBytes; sent += 65_536) {
          say(recordTypes.data, new Uint8Array(65_536));
        }
      },
      "channel_bound",
    ],
    [
      "acknowledges what was never sent",
      (say: Say) => say(recordTypes.ack, uint64(99)),
      "record_invalid",
    ],
    [
      "acknowledges without a count",
      (say: Say) => say(recordTypes.ack, new Uint8Array(7)),
      "record_invalid",
    ],
    [
      "says what it has out of turn",
      (say: Say) => say(recordTypes.have, uint64(0)),
      "record_invalid",
    ],
    [
      "goes on after its end",
      (say: Say) => {
        say(recordTypes.end, new Uint8Array());
        say(recordTypes.data, utf8("more"));
      },
      "record_invalid",
    ],
    [
      "sends a message of no known type",
      (say: Say) => say(recordTypes.control, utf8('{"type":"x"}')),
      "message_invalid",
    ],
    [
      "never ends a message",
      (say: Say) => {
        for (let part = 0; part < 6; part += 1)
          say(recordTypes.controlPart, new Uint8Array(65_536));
      },
      "message_invalid",
    ],
    [
      "sends one message in endless empty parts",
      (say: Say) => {
        for (let part = 0; part < 40; part += 1) say(recordTypes.controlPart, new Uint8Array());
      },
      "message_invalid",
    ],
    [
      "sends a message of endless depth",
      (say: Say) => say(recordTypes.control, utf8(`${"[".repeat(60_000)}${"]".repeat(5_000)}`)),
      "message_invalid",
    ],
    [
      "sends a whole message of great depth",
      (say: Say) => say(recordTypes.control, utf8(`${"[".repeat(30_000)}${"]".repeat(30_000)}`)),
      "message_invalid",
    ],
  ] as const) {
    test(`an admitted peer that ${what} is aborted under the seal, and not resumed`, async () => {
      const world = await createWorld();
      const { say, received } = await hostileVendor(world);
      const [asked] = world.gate.opens;
      const edge = asked?.channel as EdgeChannel;
      edge.onData = () => undefined;
      const closed = new Promise<string | undefined>((resolve) => {
        edge.onClose = (how, error) => resolve(`${how} ${error?.code}`);
      });
      misbehave(say);
      assert.is(await closed, `aborted ${code}`);
      await turns(5);
      assert.is(received.at(-1), recordTypes.abort);
    });
  }
});

type Say = (type: RecordType, content: Uint8Array) => void;

/** A vendor's side that is admitted by the book, and then seals what it likes. */
async function hostileVendor(world: World) {
  const shaken = await shakenVendor(world);
  shaken.say(recordTypes.control, encodeControl(flight));
  while (!shaken.received.includes(recordTypes.control)) await turns(1);
  return shaken;
}

/** A vendor's side that has shaken hands and says what it likes before it is admitted. */
async function hostileAsker(world: World) {
  const { near, say } = await shakenVendor(world);
  return {
    near,
    say: (message: ControlMessage) => say(recordTypes.control, encodeControl(message)),
  };
}

async function shakenVendor(world: World) {
  const [near, far] = MemoryTransport.pair(1_000);
  world.acceptor.accept(far);
  const edge = { id: world.edge.id, signingKey: world.publicKey };
  const sent = await makeHello(nodeCrypto, { site: siteId, edge: edge.id, purpose: "session" });
  near.send([sent.bytes]);
  const result = await finishHello(nodeCrypto, edge, sent, await firstMessage(near));
  if (result.outcome !== "accepted") throw new Error(`answered ${result.outcome}`);
  const { cipher, vendorToEdge, edgeToVendor } = result.keys;
  const sealer = new RecordSealer(nodeCrypto.recordCipher(cipher, vendorToEdge));
  const opener = new RecordOpener(nodeCrypto.recordCipher(cipher, edgeToVendor));
  const received: RecordType[] = [];
  near.onMessage = (message) => void received.push(opener.open(message).type);
  const say: Say = (type, content) => void near.send(sealer.seal(type, content).parts);
  return { near, say, received, keys: result.keys };
}

/** A vendor's side whose person is asked; `give` is the touch. */
function openAsking(world: World, asksPerson = true) {
  const asked = Promise.withResolvers<void>();
  const made = Promise.withResolvers<Flight>();
  const opening = openSession({
    ...options(),
    clock: world.clock,
    dial: () => world.dial(),
    edge: { id: world.edge.id, signingKey: world.publicKey },
    asksPerson,
    makeFlight: () => {
      asked.resolve();
      return made.promise;
    },
  });
  opening.catch(() => undefined);
  return { opening, touch: { asked: asked.promise, give: () => made.resolve(flight) } };
}

function options() {
  return {
    suite: nodeCrypto,
    site: siteId,
    purpose: "session",
    makeFlight: async () => flight,
  } as const;
}

/** An admitted session with one opened channel: transports 0 and 1; a spare follows as 2. */
async function opened() {
  const world = await createWorld();
  const edgeEnd = Promise.withResolvers<EdgeChannel>();
  world.gate.verdict = () => admitted;
  world.gate.opening = ({ channel }) => {
    edgeEnd.resolve(channel);
    return { admitted: true };
  };
  const session = await world.open();
  await nextControl(session);
  const channel = await session.further(tcpOpening);
  return { world, session, channel, edge: await edgeEnd.promise };
}

/** The answer to a further hello that names `id`. */
async function reopen(
  world: Awaited<ReturnType<typeof createWorld>>,
  id: EdgeChannel["id"],
): Promise<Uint8Array> {
  const [near, far] = MemoryTransport.pair();
  world.acceptor.accept(far);
  const { bytes } = await makeHello(nodeCrypto, {
    site: siteId,
    edge: world.edge.id,
    purpose: "session",
    standing: {
      kind: "further",
      channel: id,
      number: 99,
      psk: { key: new Uint8Array(32), id: new Uint8Array(32) },
    },
  });
  near.send([bytes]);
  return firstMessage(near);
}

function firstMessage(transport: MemoryTransport): Promise<Uint8Array> {
  return new Promise((resolve) => {
    transport.onMessage = (message) => resolve(message.slice());
  });
}

function codeOf(thrown: unknown): string {
  return thrown instanceof SallyportError ? thrown.code : String(thrown);
}
