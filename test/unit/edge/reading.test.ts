// Who may read what of an edge, what the answers are, and what ends a reader: with real recordings, journal and signatures.
import * as assert from "uvu/assert";
import { tarBundle } from "../../../shared/record/evidence-bundle.ts";
import { recordingName } from "../../../shared/record/evidence-index.ts";
import { concatBytes, fromUtf8, utf8 } from "../../../shared/bytes.ts";
import type { ControlMessageOf } from "../../../shared/channel/messages.ts";
import { purposes, rolesFor, type Purpose } from "../../../shared/document/proof.ts";
import type { DocumentHash, PersonId, TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { NotedChannel } from "./session-world.ts";
import { openSessions, text } from "./sessions-world.ts";

/** A channel that keeps what was written on it. */
class ReadingChannel extends NotedChannel {
  readonly pieces: Uint8Array[] = [];
  isFull = false;
  readonly #over = Promise.withResolvers<void>();

  get over(): Promise<void> {
    return this.#over.promise;
  }

  get lines(): string[] {
    return fromUtf8(concatBytes(...this.pieces))
      .split("\n")
      .filter((line) => line !== "");
  }

  override write(bytes?: Uint8Array): boolean {
    if (bytes !== undefined) this.pieces.push(new Uint8Array(bytes));
    return !this.isFull;
  }

  override end(): void {
    super.end();
    this.#over.resolve();
  }

  override abort(reason: string): void {
    super.abort(reason);
    this.#over.resolve();
  }
}

type World = Awaited<ReturnType<typeof openSessions>>;

async function knock(world: World, purpose: Purpose, person: string) {
  const proof = await world.proof({ purpose, request: null, person }, person);
  const { verdict, channel } = await world.ask(
    purpose,
    { proof: text(proof) ?? "" },
    [],
    (id) => new ReadingChannel(id),
  );
  return { verdict, channel: channel as ReadingChannel };
}

type Read = Partial<ControlMessageOf<"read">>;

async function reading(world: World, purpose: Purpose, read: Read = {}, person = "ben") {
  const { verdict, channel } = await knock(world, purpose, person);
  assert.is(verdict.verdict, "admitted");
  ask(channel, read);
  return channel;
}

function ask(channel: ReadingChannel, read: Read = {}): void {
  channel.onControl({
    type: "read",
    recording: null,
    from: 0,
    follow: false,
    search: null,
    ...read,
  });
}

async function recorded(world: World, said: string) {
  const recording = await world.recordings.open({
    session: "session-1",
    target: "hmi" as TargetId,
    person: "vera" as PersonId,
    grant: world.request.hash as DocumentHash,
    kind: "terminal",
    columns: 80,
    rows: 24,
  });
  recording.write("from-device", utf8(`${said}\r\n`));
  return recording;
}

const people: Readonly<Record<string, string>> = {
  anna: "owner and approver",
  cleo: "approver",
  dora: "auditor",
  vera: "vendor",
};

await group("reading", {}, (test) => {
  for (const purpose of purposes.filter((item) => item !== "session" && item !== "waiting")) {
    test(`${purpose} is for ${rolesFor[purpose].join(", ")} and nobody else`, async () => {
      await using world = await openSessions();
      for (const person of Object.keys(people)) {
        const roles = world.site.manifest.persons.find(({ id }) => id === person)?.roles ?? [];
        const isIn = roles.some((role) => rolesFor[purpose].includes(role));
        const { verdict } = await knock(world, purpose, person);
        assert.is(verdict.verdict, isIn ? "admitted" : "refused", `${person}, ${people[person]}`);
      }
    });
  }

  test("a proof for one purpose opens no other", async () => {
    await using world = await openSessions();
    const proof = await world.proof({ purpose: "status", request: null, person: "ben" }, "ben");
    const { verdict } = await world.ask("export", { proof: text(proof) ?? "" });
    assert.is(verdict.verdict, "refused");
  });

  test("who reads is journaled before he reads, with what he asked for", async () => {
    await using world = await openSessions();
    const channel = await reading(world, "play", { search: "PUMP" });
    await channel.over;
    const { journal } = world.edge.parts;
    const entries = [];
    for await (const { header, details } of journal.entriesFrom(journal.length - 2)) {
      entries.push([header.event, header.ids["person"], details?.value]);
    }
    assert.equal(entries, [
      ["reading-admitted", "ben", { purpose: "play" }],
      ["read", undefined, { purpose: "play", search: "PUMP" }],
    ]);
  });

  test("what cannot be journaled is not read", async () => {
    await using world = await openSessions();
    const { verdict, channel } = await knock(world, "journal", "ben");
    assert.is(verdict.verdict, "admitted");
    await world.edge.parts.journal[Symbol.asyncDispose]();
    ask(channel);
    await channel.over;
    assert.match(channel.abortedWith ?? "", /^unavailable/);
    assert.equal(channel.pieces, []);
    await world.edge.restart();
  });

  test("one channel answers one question", async () => {
    await using world = await openSessions();
    const channel = await reading(world, "journal");
    await channel.over;
    const { length } = channel.pieces;
    ask(channel);
    assert.is(channel.pieces.length, length);
    const events = await world.edge.events();
    assert.is(events.filter((event) => event === "read").length, 1);
  });

  test("status is one line", async () => {
    await using world = await openSessions();
    const channel = await reading(world, "status", {}, "vera");
    await channel.over;
    assert.equal(channel.lines, ['{"up":true}']);
    assert.is(channel.isEnded, true);
  });

  test("the journal comes from the entry that was asked for, and goes on if it is followed", async () => {
    await using world = await openSessions();
    const { journal } = world.edge.parts;
    const channel = await reading(world, "journal", { from: 1 });
    await channel.over;
    assert.is(channel.lines.length, journal.length - 1);
    assert.match(channel.lines[0] ?? "", /manifest-held/);

    const following = await reading(world, "journal", { from: journal.length, follow: true });
    const heard = new Promise<void>((resolve) => {
      following.write = (bytes) => {
        if (fromUtf8(bytes ?? new Uint8Array()).includes("something-new")) resolve();
        return true;
      };
    });
    await journal.append("something-new", {});
    await heard;
    assert.is(following.isEnded, false);
    following.onClose("ended");
    await following.over;
  });

  test("recordings are listed, played and searched; one that is not there is an error with its code", async () => {
    await using world = await openSessions();
    const recording = await recorded(world, "pump 7 is dry");
    await recording.close();
    const list = await reading(world, "play");
    const played = await reading(world, "play", { recording: recording.id });
    const found = await reading(world, "play", { search: "PUMP 7" });
    const missing = await reading(world, "play", { search: "pump 8" });
    const unknown = await reading(world, "play", { recording: "AAAAAAAAAAAAAAAAAAAAAA" });
    const climbing = await reading(world, "play", { recording: "../../identity.sealed" });
    for (const channel of [list, played, found, missing, unknown, climbing]) await channel.over;
    assert.equal(
      list.lines.map((line) => (JSON.parse(line) as { recording: string }).recording),
      [recording.id],
    );
    assert.is((JSON.parse(played.lines[0] ?? "") as { version: number }).version, 2);
    assert.match(played.lines.at(-1) ?? "", /pump 7 is dry/);
    assert.is(found.lines.length, 1);
    assert.equal(missing.lines, []);
    assert.match(unknown.abortedWith ?? "", /^not_found: /);
    assert.match(climbing.abortedWith ?? "", /^not_found: /);
  });

  test("watch lists what is open, follows it while it is written, and ends with it", async () => {
    await using world = await openSessions();
    const closed = await recorded(world, "earlier");
    await closed.close();
    const recording = await recorded(world, "first");
    const list = await reading(world, "watch");
    await list.over;
    assert.equal(
      list.lines.map((line) => (JSON.parse(line) as { recording: string }).recording),
      [recording.id],
    );
    const channel = await reading(world, "watch", { recording: recording.id });
    recording.write("from-device", utf8("second\r\n"));
    await recording.close();
    await channel.over;
    assert.match(channel.lines.join("\n"), /first[^]*second/);
    assert.is(channel.isEnded, true);
  });

  test("an export is a bundle with its index, whatever else was asked", async () => {
    await using world = await openSessions();
    const recording = await recorded(world, "pump 7 is dry");
    await recording.close();
    const channel = await reading(world, "export", { recording: "ignored", search: "x" });
    await channel.over;
    const bytes = concatBytes(...channel.pieces);
    const bundle = await tarBundle(async function* (from, to) {
      yield bytes.subarray(from, to);
    });
    assert.ok(bundle.names.includes(recordingName(recording.id)));
  });

  test("at the channel's bound nothing more is read until it drains", async () => {
    await using world = await openSessions();
    const { channel } = await knock(world, "journal", "ben");
    channel.isFull = true;
    ask(channel);
    while (channel.pieces.length === 0) await world.edge.parts.journal.append("tick", {});
    for (let number = 0; number < 5; number += 1) await world.edge.parts.journal.append("tick", {});
    assert.is(channel.pieces.length, 1);
    channel.isFull = false;
    channel.onDrain();
    await channel.over;
    assert.ok(channel.pieces.length > 5);
  });

  test("a reader ends when he loses his role, after a day, and with the manifest", async () => {
    await using world = await openSessions();
    const { site, edge } = world;
    const dora = await reading(world, "journal", { follow: true }, "dora");
    const persons = site.manifest.persons.filter(({ id }) => id !== "dora");
    const next = await site.succeed({ persons });
    await edge.parts.trust.accept(next.chain.held.envelope);
    world.sessions.rejudge();
    assert.match(dora.abortedWith ?? "", /^not-permitted/);

    // A channel that was never lost was read on for ever.
    const ben = await reading(world, "journal", { follow: true });
    edge.clock.advanceMs(24 * 3_600_000 - 1);
    assert.is(ben.abortedWith, undefined);
    edge.clock.advanceMs(1);
    assert.match(ben.abortedWith ?? "", /^over/);

    const last = await reading(world, "journal", { follow: true });
    const endsAt = edge.parts.time.seconds() + 3600;
    const ending = await next.succeed({ endsAt });
    await edge.parts.trust.accept(ending.chain.held.envelope);
    world.sessions.rejudge();
    edge.clock.advanceMs(3_600_000);
    assert.match(last.abortedWith ?? "", /^access-ended/);
  });

  test("a lockdown blinds nobody who has to see it", async () => {
    await using world = await openSessions();
    const channel = await reading(world, "journal", { follow: true });
    await world.lockDown();
    assert.is(channel.abortedWith, undefined);
    assert.is((await knock(world, "status", "vera")).verdict.verdict, "admitted");
  });
});
