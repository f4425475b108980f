// No sequence of events lets a stream run past what the newest grant gives: minutes from the first opening, and the latest end.
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import type { AnchoredGrant, Job } from "../../edge/grant-line.ts";
import type { Session } from "../../edge/session.ts";
import { group } from "../support/group.ts";
import * as site from "../unit/edge/gate-world.ts";
import {
  asking,
  NotedChannel,
  openSessionWorld,
  type OpenedWorld,
} from "../unit/edge/session-world.ts";

const minuteMs = 60_000;

type Step =
  | { readonly step: "pass"; readonly ms: number }
  | { readonly step: "open"; readonly target: string }
  | { readonly step: "extend"; readonly minutes: number; readonly endsInMinutes: number }
  | { readonly step: "sibling"; readonly minutes: number }
  | { readonly step: "jump"; readonly minutes: number }
  | { readonly step: "restart" }
  | { readonly step: "resume" }
  | { readonly step: "stop" }
  | { readonly step: "go on" };

const minutes = fc.integer({ min: 1, max: 240 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ step: fc.constant("pass"), ms: fc.nat(50 * minuteMs) }) },
  {
    weight: 3,
    arbitrary: fc.record({ step: fc.constant("open"), target: fc.constantFrom("hmi", "press") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ step: fc.constant("extend"), minutes, endsInMinutes: minutes }),
  },
  fc.record({ step: fc.constant("sibling"), minutes }),
  fc.record({ step: fc.constant("jump"), minutes: fc.integer({ min: -600, max: 600 }) }),
  ...(["restart", "resume", "stop", "go on"] as const).map((step) =>
    fc.record({ step: fc.constant(step) }),
  ),
);

class Run {
  readonly edge: OpenedWorld;
  line: readonly AnchoredGrant[] = [site.grantWith()];
  sessions: { session: Session; channel: NotedChannel }[] = [];
  #count = 0;

  constructor(edge: OpenedWorld) {
    this.edge = edge;
  }

  async take(step: Step): Promise<void> {
    const { edge } = this;
    switch (step.step) {
      case "pass":
        return edge.clock.advanceMs(step.ms);
      case "open":
        return this.#open(step.target);
      case "extend":
        return this.#extend(step.minutes, step.endsInMinutes);
      case "sibling":
        // Not in the line: the gate sees it and refuses everything, so the job is put back as it was.
        this.#grant([...this.line, this.#next(step.minutes, 60, null)]);
        return this.#grant(this.line);
      case "jump":
        return edge.clock.jumpWallTo(edge.clock.wallMs() + step.minutes * minuteMs);
      case "restart":
        return edge.restartAccounts();
      case "resume":
        for (const { session } of this.sessions) session.mayResume();
        return undefined;
      case "stop":
        return edge.changed({ stops: [{ kind: "edge" }] });
      case "go on":
        return edge.changed({ stops: [] });
    }
  }

  /** Ends are journaled before they take effect. */
  async settle(): Promise<void> {
    const ended = this.sessions.filter(({ session }) => session.summary().state === "ended");
    await Promise.all(ended.map(({ session }) => session.ended));
  }

  /** The invariant: whoever is still at a device has time left by the newest grant. */
  check(): void {
    const { clock, world, state } = this.edge;
    const grant = this.line.at(-1)?.grant.payload;
    const { started } = world.consumption.of(site.hash("the-request"));
    const running = state.streams.filter(({ admitted }) => !admitted.signal.aborted);
    if (running.length === 0) return;
    assert.ok(started, "a stream runs and no minutes do");
    const usedMs = clock.monotonicMs() - started.monotonicMs;
    assert.ok(usedMs < (grant?.minutes ?? 0) * minuteMs, `used ${usedMs} ms`);
    const { wallMs } = world.time.reading();
    assert.ok(wallMs < (grant?.endsAt ?? 0) * 1000, "past the latest end");
  }

  async #open(target: string): Promise<void> {
    this.#count += 1;
    let last = this.sessions.at(-1);
    if (last === undefined || !last.session.mayResume()) {
      const channel = new NotedChannel(`session-${this.#count}`);
      last = { channel, session: this.edge.open(channel) };
      const verdict = await last.session.begin();
      if ("refused" in verdict) return;
      this.sessions.push(last);
    }
    await last.session.open(asking(last.channel, target, `stream-${this.#count}`));
  }

  #extend(total: number, endsInMinutes: number): void {
    const last = this.line.at(-1)?.grant.hash ?? null;
    this.line = [...this.line, this.#next(total, endsInMinutes, last)];
    this.#grant(this.line);
  }

  #next(total: number, endsInMinutes: number, replaces: Job["request"]["hash"] | null) {
    this.#count += 1;
    const endsAt = site.nowAt + endsInMinutes * 60;
    const change = { minutes: total, endsAt, replaces };
    return site.grantWith(change, ["anna"], `grant-x${this.#count}`);
  }

  #grant(line: readonly AnchoredGrant[]): void {
    this.edge.granted(site.jobWith({ line }));
  }
}

await group("session's end, for any sequence", { timeoutMs: 60_000 }, (test) => {
  test("no stream outlives its newest grant", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 3, maxLength: 25 }), async (sequence) => {
        await using edge = await openSessionWorld();
        const run = new Run(edge);
        for (const step of sequence) {
          await run.take(step);
          await run.settle();
          run.check();
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  test("the property itself sees a stream that outlives its grant", async () => {
    await using edge = await openSessionWorld();
    const run = new Run(edge);
    await run.take({ step: "open", target: "hmi" });
    run.line = [site.grantWith({ minutes: 1 })];
    edge.clock.advanceMs(2 * minuteMs);
    let isSeen = false;
    try {
      run.check();
    } catch {
      isSeen = true;
    }
    assert.ok(isSeen);
  });
});
