// An owner tries a device over a channel of the purpose `probe`: who may, what is journaled, and what bounds it. The device is a real sshd.
import { setImmediate as immediate } from "node:timers/promises";
import * as assert from "uvu/assert";
import { maxProbes } from "../../../edge/probing.ts";
import { concatBytes, fromUtf8 } from "../../../shared/bytes.ts";
import type { Probe } from "../../../shared/channel/messages.ts";
import { startSshd } from "../../plant/sshd.ts";
import { group } from "../../support/group.ts";
import { freePort } from "../../support/port.ts";
import { NotedChannel } from "./session-world.ts";
import { openSessions, text } from "./sessions-world.ts";

type World = Awaited<ReturnType<typeof openSessions>>;
interface Line {
  readonly step: string;
  readonly ok: boolean;
  readonly text?: string;
  readonly hostKeys?: readonly string[];
}

/** A channel whose lines can be awaited. */
class ProbeChannel extends NotedChannel {
  readonly lines: Line[] = [];
  #wake: () => void = () => undefined;

  override write(bytes?: Uint8Array): boolean {
    const said = fromUtf8(concatBytes(bytes ?? new Uint8Array())).split("\n");
    for (const line of said.filter((item) => item !== "")) {
      this.lines.push(JSON.parse(line) as Line);
    }
    this.#wake();
    return true;
  }

  /** All lines up to the next `done`. */
  async answer(): Promise<Line[]> {
    for (;;) {
      const end = this.lines.findIndex(({ step }) => step === "done");
      if (end !== -1) return this.lines.splice(0, end + 1);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

async function knock(world: World, person = "olaf") {
  const proof = await world.proof({ purpose: "probe", request: null, person }, person);
  const asked = { proof: text(proof) ?? "" };
  const { verdict, channel } = await world.ask("probe", asked, [], (id) => new ProbeChannel(id));
  return { verdict, channel: channel as ProbeChannel };
}

async function prober(world: World): Promise<ProbeChannel> {
  const { verdict, channel } = await knock(world);
  assert.is(verdict.verdict, "admitted");
  return channel;
}

const tcp = (...ports: readonly number[]): Probe => ({
  type: "probe",
  device: { kind: "tcp", host: "127.0.0.1", ports: [...ports] },
  secret: null,
});

async function entries(world: World) {
  const all: [string, unknown, unknown][] = [];
  for await (const { header, details } of world.edge.parts.journal.entriesFrom(0)) {
    if (header.event.startsWith("device-prob")) {
      all.push([header.event, header.ids["person"], details?.value]);
    }
  }
  return all;
}

await group("probing", { timeoutMs: 60_000 }, (test) => {
  test("an owner tries a device, pins its key, tries again, and nothing is kept", async () => {
    await using sshd = await startSshd();
    await using world = await openSessions();
    const channel = await prober(world);
    const { host, port, login, privateKey } = sshd;
    const device = { kind: "ssh", host, port, login, hostKeys: [], legacy: false } as const;
    channel.onControl({ type: "probe", device: { ...device, hostKeys: [] }, secret: null });
    const first = await channel.answer();
    assert.equal(
      first.map(({ step, ok }) => [step, ok]),
      [
        ["route", true],
        ["port", true],
        ["host-key", true],
        ["done", true],
      ],
    );
    const hostKeys = [...(first[2]?.hostKeys ?? [])];
    assert.equal(hostKeys, sshd.hostKeys);
    const secret = { kind: "ssh-key", privateKey } as const;
    channel.onControl({ type: "probe", device: { ...device, hostKeys }, secret });
    const second = await channel.answer();
    assert.equal([second.at(-2)?.step, second.at(-2)?.ok], ["login", true]);
    assert.equal(second.at(-1), { step: "done", ok: true });
    channel.onEnd();
    assert.ok(channel.isEnded);
    assert.is((await world.edge.events()).includes("device-held"), false);
  });

  test("it is journaled before and after, under the owner's name, without the secret", async () => {
    await using sshd = await startSshd();
    await using world = await openSessions();
    const channel = await prober(world);
    const { host, port, login, hostKeys } = sshd;
    const password = "Never-To-Be-Written-7";
    channel.onControl({
      type: "probe",
      device: { kind: "ssh", host, port, login, hostKeys: [...hostKeys], legacy: false },
      secret: { kind: "password", password },
    });
    const lines = await channel.answer();
    assert.equal(lines.at(-1), { step: "done", ok: false });
    const noted = await entries(world);
    assert.equal(
      noted.map(([event, person]) => [event, person]),
      [
        ["device-probed", "olaf"],
        ["device-probe-ended", "olaf"],
      ],
    );
    const details = { kind: "ssh", host, ports: [port], login, withSecret: true };
    assert.equal(noted[0]?.[2], details);
    const everything = JSON.stringify([noted, lines, world.edge.logged]);
    assert.not.match(everything, new RegExp(password));
    assert.match(JSON.stringify(noted[1]), /"step":"login","ok":false/);
  });

  test("a test that cannot be journaled touches no device", async () => {
    await using world = await openSessions();
    const channel = await prober(world);
    await world.edge.parts.journal[Symbol.asyncDispose]();
    const failing = new Promise<void>((resolve) => {
      channel.abort = (reason) => {
        channel.abortedWith ??= reason;
        resolve();
      };
    });
    channel.onControl(tcp(await freePort()));
    await failing;
    assert.match(channel.abortedWith ?? "", /^unavailable/);
    assert.equal(channel.lines, []);
    await world.edge.restart();
  });

  test("only the purpose `probe` probes, and it reads nothing", async () => {
    await using world = await openSessions();
    const channel = await prober(world);
    channel.onControl({ type: "read", recording: null, from: 0, follow: false, search: null });
    channel.onControl(tcp(await freePort()));
    assert.is((await channel.answer()).at(-1)?.ok, false);
    const proof = await world.proof({ purpose: "status", request: null, person: "olaf" }, "olaf");
    const status = await world.ask("status", { proof: text(proof) ?? "" });
    status.channel.onControl(tcp(1));
    assert.is((await entries(world)).length, 2);
  });

  test("one test at a time: who asks for a second meanwhile is put out", async () => {
    await using world = await openSessions();
    const channel = await prober(world);
    const port = await freePort();
    channel.onControl(tcp(port));
    channel.onControl(tcp(port));
    assert.is(channel.abortedWith, "refused: one test at a time");
  });

  test("a channel has so many tests and no more", async () => {
    await using world = await openSessions();
    const channel = await prober(world);
    const port = await freePort();
    for (let count = 0; count < maxProbes; count += 1) {
      channel.onControl(tcp(port));
      await channel.answer();
      // The turn in which the edge is ready for the next.
      await immediate();
    }
    assert.is(channel.abortedWith, undefined);
    channel.onControl(tcp(port));
    assert.is(channel.abortedWith, "refused: too many tests on one channel");
  });

  test("a lockdown or a stop keeps probes out and ends the channel; a reader of the journal stays", async () => {
    await using world = await openSessions();
    const channel = await prober(world);
    await world.lockDown();
    assert.match(channel.abortedWith ?? "", /^locked-down/);
    assert.is((await knock(world)).verdict.verdict, "refused");
    const proof = await world.proof({ purpose: "journal", request: null, person: "olaf" }, "olaf");
    const { verdict } = await world.ask("journal", { proof: text(proof) ?? "" });
    assert.is(verdict.verdict, "admitted");
  });
});
