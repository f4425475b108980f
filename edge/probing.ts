// An owner tries devices over a channel of the purpose `probe`: what is asked is journaled before the device is touched, the answer is lines of JSON.
// Invariants: one test at a time, each within 30 s, few on one channel; a secret is in memory for the test alone, and in no entry and no line.
import { utf8 } from "../shared/bytes.ts";
import type { Channel } from "../shared/channel/channel.ts";
import type { Probe } from "../shared/channel/messages.ts";
import type { Clock } from "../shared/clock.ts";
import type { Secret } from "../shared/document/secret.ts";
import type { Journal } from "./journal.ts";
import type { DeviceToProbe, ProbeStep } from "./targets/probe.ts";

/** One test; the vendor of time is the edge, not the device. */
export const probeLimitMs = 30_000;
/** On one channel: enough to find an address, not to search a network for one. */
export const maxProbes = 32;
const maxNotedCharacters = 600;

export interface ProbingWorld {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Loads with the first test, not with the edge. */
  readonly probeDevice: (
    device: DeviceToProbe,
    secret: Secret | null,
    clock: Clock,
    stop: AbortSignal,
  ) => Promise<AsyncIterable<ProbeStep>>;
}

/** Under whose name tests are journaled. */
type Asker = Readonly<Record<"session" | "person", string>>;

export class Probing {
  readonly #world: ProbingWorld;
  readonly #channel: Channel;
  readonly #ids: Asker;
  readonly #ended: AbortSignal;
  #left = maxProbes;
  #isRunning = false;

  /** `ended` is aborted when the owner is gone, or may no more. */
  constructor(world: ProbingWorld, channel: Channel, ids: Asker, ended: AbortSignal) {
    this.#world = world;
    this.#channel = channel;
    this.#ids = ids;
    this.#ended = ended;
  }

  /** Carries one test out and answers it; rejects if it could not be written down. */
  async take({ device, secret }: Probe): Promise<void> {
    if (this.#isRunning || this.#left === 0) {
      const why = this.#isRunning ? "one test at a time" : "too many tests on one channel";
      this.#channel.abort(`refused: ${why}`);
      return;
    }
    this.#left -= 1;
    this.#isRunning = true;
    try {
      await this.#probe(device, secret);
    } finally {
      this.#isRunning = false;
    }
  }

  async #probe(device: DeviceToProbe, secret: Secret | null): Promise<void> {
    const { journal, clock, probeDevice } = this.#world;
    const { kind, host } = device;
    const ports = device.kind === "tcp" ? device.ports : [device.port];
    const signIn = device.kind === "http" ? device.signIn : device;
    const login = "login" in signIn ? signIn.login : null;
    const details = { kind, host, ports, login, withSecret: secret !== null };
    await journal.append("device-probed", this.#ids, details);
    const limit = new AbortController();
    using _timer = clock.setTimer(probeLimitMs, () => limit.abort());
    const stop = AbortSignal.any([limit.signal, this.#ended]);
    const steps: object[] = [];
    let ok = true;
    for await (const tried of await probeDevice(device, secret, clock, stop)) {
      // Of what a device shows the journal keeps a line's worth: its key stands there as fingerprint.
      const { step, text } = tried;
      steps.push({ step, ok: tried.ok, text: text.slice(0, maxNotedCharacters) });
      ok &&= tried.ok;
      this.#say(tried);
    }
    await journal.append("device-probe-ended", this.#ids, { ok, steps });
    this.#say({ step: "done", ok });
  }

  #say(line: object): void {
    if (!this.#ended.aborted) this.#channel.write(utf8(`${JSON.stringify(line)}\n`));
  }
}
