// Whatever the network does and whenever it does it: no byte is lost, doubled or moved, in either direction, and the channel ends as it should.
// The model is two growing byte strings; the system is both real sides with a network that cuts, changes, doubles, drops and is down.
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { EdgeChannel } from "../../shared/channel/admission.ts";
import { windowBytes } from "../../shared/channel/bounds.ts";
import type { Channel } from "../../shared/channel/channel.ts";
import { acceptorTable, initiatorTable, step } from "../../shared/channel/resumption.ts";
import type {
  AcceptorEvent,
  AcceptorState,
  InitiatorEvent,
  InitiatorState,
} from "../../shared/channel/resumption.ts";
import type { World } from "../support/channel-pair.ts";
import { closing, createWorld, nextControl, tcpOpening, turns } from "../support/channel-pair.ts";
import { group } from "../support/group.ts";

/** One end as the model sees it. */
class End {
  readonly channel: Channel;
  readonly written: Uint8Array[] = [];
  readonly received: Uint8Array[] = [];
  readonly unsettled: (() => void)[] = [];
  isSlow = false;
  #seed: number;

  constructor(channel: Channel, seed: number) {
    this.channel = channel;
    this.#seed = seed;
    channel.onData = (bytes, settled) => {
      this.received.push(bytes);
      if (this.isSlow) this.unsettled.push(settled);
      else settled();
    };
  }

  write(length: number): void {
    if (this.channel.unacknowledgedBytes + length > windowBytes) return;
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 1) {
      this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
      bytes[at] = this.#seed >>> 16;
    }
    this.written.push(bytes.slice());
    this.channel.write(bytes);
    // The channel has taken them: the buffer is ours again.
    bytes.fill(0xaa);
  }

  settleAll(): void {
    this.isSlow = false;
    for (const settled of this.unsettled.splice(0)) settled();
  }
}

interface System {
  readonly world: World;
  readonly vendor: End;
  readonly edge: End;
  isDown: boolean;
}

type Action = (system: System) => void | Promise<void>;

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(1023, 1024, 65_535, 65_536, 65_537),
  fc.integer({ min: 1, max: 200_000 }),
);
const ends = fc.constantFrom<"vendor" | "edge">("vendor", "edge");

class Named {
  readonly name: string;
  readonly act: Action;

  constructor({ name, act }: { readonly name: string; readonly act: Action }) {
    this.name = name;
    this.act = act;
  }

  toString(): string {
    return this.name;
  }
}

const actions: fc.Arbitrary<Named> = fc
  .oneof(
    fc.tuple(ends, sizes).map(([end, length]) => ({
      name: `${end} writes ${length}`,
      act: (system: System) => system[end].write(length),
    })),
    fc.integer({ min: 1, max: 12 }).map((count) => ({
      name: `${count} turns`,
      act: () => turns(count),
    })),
    fc.constant({ name: "cut", act: ({ world }: System) => newest(world)?.[0].cut() }),
    fc
      .tuple(fc.constantFrom(0, 1), fc.constantFrom("change", "drop", "double", "cut"))
      .map(([end, fault]) => ({
        name: `${fault} the next message of ${end === 0 ? "vendor" : "edge"}`,
        act: ({ world }: System) => tamperOnce(world, end, fault),
      })),
    fc.boolean().map((isDown) => ({
      name: isDown ? "network down" : "network up",
      act: (system: System) => {
        system.isDown = isDown;
        if (isDown) newest(system.world)?.[0].cut();
      },
    })),
    fc.tuple(ends, fc.boolean()).map(([end, isSlow]) => ({
      name: `${end} settles ${isSlow ? "late" : "at once"}`,
      act: (system: System) => {
        if (isSlow) system[end].isSlow = true;
        else system[end].settleAll();
      },
    })),
    fc.integer({ min: 1, max: 3_000 }).map((stepMs) => ({
      name: `${stepMs} ms`,
      act: ({ world }: System) => world.clock.advanceMs(stepMs),
    })),
  )
  .map((action) => new Named(action));

function newest(world: World) {
  return world.wires.at(-1);
}

function tamperOnce(world: World, end: number, fault: string): void {
  const wire = newest(world)?.[end as 0 | 1];
  if (wire === undefined) return;
  wire.tamper = (message) => {
    wire.tamper = (later) => [later];
    if (fault === "cut") wire.cut();
    if (fault === "double") return [message, message];
    return fault === "change" ? [message.map((byte) => byte ^ 0x40)] : [];
  };
}

async function createSystem(): Promise<System> {
  const world = await createWorld();
  const edgeEnd = Promise.withResolvers<EdgeChannel>();
  world.gate.opening = ({ channel }) => {
    edgeEnd.resolve(channel);
    return { admitted: true };
  };
  const session = await world.open();
  await nextControl(session);
  const channel = await session.further(tcpOpening);
  const edge = await edgeEnd.promise;
  await turns(8);
  edge.sendControl({ type: "opened" });
  await nextControl(channel);
  // From here on only this channel dials: the spare has its wire already, and the session's is left alone.
  const system = {
    world,
    vendor: new End(channel, 1),
    edge: new End(edge, 2),
    isDown: false,
  };
  const { dial } = world;
  world.dial = () => (system.isDown ? Promise.reject(new Error("down")) : dial());
  // The channel's own wire becomes the newest one by a first resumption.
  world.wires[1]?.[0].cut();
  await turns(30);
  return system;
}

async function untilClosed(system: System, closed: Promise<unknown>): Promise<void> {
  let isOpen = true;
  void closed.then(() => (isOpen = false));
  for (let round = 0; isOpen && round < 400; round += 1) {
    await turns(20);
    system.world.clock.advanceMs(50);
  }
  if (isOpen) throw new Error("the channel does not end");
}

await group("channel properties", { timeoutMs: 120_000 }, (test) => {
  test("no byte is lost, doubled or moved, whatever the network does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actions, { maxLength: 60, size: "max" }), async (script) => {
        const system = await createSystem();
        const { vendor, edge } = system;
        for (const { act } of script) await act(system);
        // A relay that withholds the last message freezes the channel, which it always can; so the peace begins with fresh transports.
        system.isDown = false;
        for (const wire of system.world.wires.flat()) {
          wire.tamper = (message) => [message];
          wire.cut();
        }
        vendor.settleAll();
        edge.settleAll();
        vendor.channel.onEnd = () => vendor.channel.end();
        edge.channel.end();
        const closed = Promise.all([closing(vendor.channel), closing(edge.channel)]);
        await untilClosed(system, closed);
        assert.equal(
          (await closed).map(({ how }) => how),
          ["ended", "ended"],
        );
        same(vendor.written, edge.received);
        same(edge.written, vendor.received);
        system.world.acceptor.close("done");
      }),
      { numRuns: 60 },
    );
  });

  test("unless closed, the vendor's side holds a key that the edge holds, whatever is lost", () => {
    const events = fc.constantFrom(
      "answer lost",
      "have lost",
      "ours lost",
      "proof lost",
      "through",
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(events, fc.boolean()), { maxLength: 40 }), (rounds) => {
        const model = new KeyModel();
        for (const [fault, isReplayed] of rounds) {
          model.lose();
          if (isReplayed) model.replayLastHello();
          model.resume(fault);
          assert.ok(model.hasCommonKey(), JSON.stringify(rounds));
          assert.ok(model.vendorKeys.length <= 2 && model.edgeKeys().length <= 2);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** Both tables, with keys as plain numbers and a network that loses one of the four messages of a resumption. */
class KeyModel {
  vendorState: InitiatorState = "proven";
  vendorKeys: number[] = [0];
  edgeState: AcceptorState = "attached";
  confirmed = 0;
  candidate: number | undefined;
  #lastHello: number | undefined;
  #nextKey = 1;

  edgeKeys(): number[] {
    return this.candidate === undefined ? [this.confirmed] : [this.confirmed, this.candidate];
  }

  hasCommonKey(): boolean {
    return this.vendorKeys.some((key) => this.edgeKeys().includes(key));
  }

  lose(): void {
    if (this.vendorState === "proven" || this.vendorState === "offered") this.#vendor("lost");
    if (this.edgeState === "attached" || this.edgeState === "attachedOffered") this.#edge("lost");
  }

  /** A relay sends the vendor's last hello again; its sender cannot read the answer. */
  replayLastHello(): void {
    if (this.#lastHello !== undefined) this.#hello(this.#lastHello);
  }

  resume(fault: string): void {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const used = this.vendorKeys.at(-1) ?? -1;
      this.#lastHello = used;
      const fresh = this.#hello(used);
      if (fresh === undefined) {
        this.#vendor("unknown");
        continue;
      }
      if (fault === "answer lost" || fault === "have lost") return;
      this.#vendor("haveOpened", fresh);
      if (fault === "ours lost") return;
      this.#edge("recordOpened");
      if (fault === "proof lost") return;
      this.#vendor("recordOpened");
      return;
    }
  }

  #hello(key: number): number | undefined {
    if (!this.edgeKeys().includes(key)) return undefined;
    const fresh = this.#nextKey;
    this.#nextKey += 1;
    this.#edge(key === this.candidate ? "helloOnCandidate" : "helloOnConfirmed", fresh);
    return fresh;
  }

  #vendor(event: InitiatorEvent, fresh?: number): void {
    const [next, ...effects] = step(initiatorTable, this.vendorState, event);
    this.vendorState = next;
    for (const effect of effects) {
      if (effect === "takeFresh") this.vendorKeys = [this.vendorKeys.at(-1) ?? -1, fresh ?? -1];
      if (effect === "forgetOlder") this.vendorKeys = this.vendorKeys.slice(-1);
      if (effect === "forgetNewer") this.vendorKeys = this.vendorKeys.slice(0, 1);
      assert.is.not(effect, "cut");
    }
  }

  #edge(event: AcceptorEvent, fresh?: number): void {
    const [next, ...effects] = step(acceptorTable, this.edgeState, event);
    this.edgeState = next;
    for (const effect of effects) {
      if (effect === "offer") this.candidate = fresh;
      if (effect === "promote") {
        this.confirmed = this.candidate ?? -1;
        this.candidate = undefined;
      }
    }
  }
}

function same(written: readonly Uint8Array[], received: readonly Uint8Array[]): void {
  const [expected, actual] = [Buffer.concat(written), Buffer.concat(received)];
  assert.is(actual.length, expected.length);
  assert.is(Buffer.compare(expected, actual), 0, "bytes differ");
}
