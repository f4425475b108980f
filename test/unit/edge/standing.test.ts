// Standing jobs: in their windows and outside, minutes per window, clocks that are put forward, back, or are not proven; in the gate and in a session.
import * as assert from "uvu/assert";
import { decideSession, type SessionDecision } from "../../../edge/gate.ts";
import { faultOfNext, type Job } from "../../../edge/grant-line.ts";
import type { Situation } from "../../../edge/situation.ts";
import type { JobWindows } from "../../../shared/document/windows.ts";
import { twinWindowAt } from "../../naive-twin/windows.ts";
import { group } from "../../support/group.ts";
import {
  bootId,
  callerWith,
  consumedWith,
  grantWith,
  hash,
  hour,
  jobWith,
  manifestWith,
  minute,
  nowAt,
  requestWith,
  situationWith,
} from "./gate-world.ts";
import { asking, NotedChannel, openSessionWorld } from "./session-world.ts";

// 2027-01-15T08:00:00Z is a Friday, nine o'clock in Berlin.
const windows: JobWindows = {
  timeZone: "Europe/Berlin",
  days: [1, 2, 3, 4, 5],
  from: "06:00",
  to: "14:00",
  untilAt: nowAt + 60 * 24 * hour,
};
const issuedAt = nowAt - 24 * hour;
const startsAt = nowAt - 3 * hour;
const endsAt = nowAt + 5 * hour;
const nextStartsAt = startsAt + 3 * 24 * hour;

function standing(
  change: Partial<JobWindows> = {},
  grant: Parameters<typeof grantWith>[0] = {},
): Partial<Job> {
  const asked = { ...windows, ...change };
  const times = { startBeforeAt: asked.untilAt, endsAt: asked.untilAt, windows: asked, issuedAt };
  return {
    request: requestWith({ windows, startBeforeAt: windows.untilAt }),
    line: [grantWith({ ...times, ...grant })],
  };
}

/** So many minutes ago the job was begun, in the window that began at `window`. */
function begun(agoMinutes: number, window: number, at = nowAt) {
  const agoMs = agoMinutes * minute * 1000;
  const started = {
    bootId,
    monotonicMs: 5_000_000 - agoMs,
    wallMs: at * 1000 - agoMs,
    proven: true,
  };
  return consumedWith({ started, window });
}

function decide(
  job: Partial<Job>,
  at = nowAt,
  time: Partial<Situation["time"]> = {},
): SessionDecision {
  const situation = situationWith({
    manifest: manifestWith({ endsAt: nowAt + 1000 * 24 * hour }),
    time: { ...situationWith().time, wallMs: at * 1000, ...time },
  });
  return decideSession(callerWith(), jobWith(job), situation);
}

const outcome = (decision: SessionDecision): string =>
  decision.kind === "refused" ? decision.reason : decision.kind;

const rows: readonly [note: string, decision: SessionDecision, expected: string][] = [
  ["within a window", decide(standing()), "admitted"],
  ["before it", decide(standing(), startsAt - 1), "outside-window"],
  ["at its first moment", decide(standing(), startsAt), "admitted"],
  ["in its last second", decide(standing(), endsAt - 1), "admitted"],
  ["at its end", decide(standing(), endsAt), "outside-window"],
  ["on a Saturday", decide(standing(), nowAt + 24 * hour), "outside-window"],
  ["on Monday", decide(standing(), nowAt + 72 * hour), "admitted"],
  ["after its last moment", decide(standing({ untilAt: nowAt }), nowAt), "grant-ended"],
  ["where time is not proven", decide(standing(), nowAt, { proven: false }), "time-unproven"],
  [
    "with minutes left in this window",
    decide({ ...standing(), consumed: begun(59, startsAt) }),
    "admitted",
  ],
  [
    "with none left in this window",
    decide({ ...standing(), consumed: begun(60, startsAt) }),
    "minutes-spent",
  ],
  [
    "with none left on Friday, on Monday",
    decide({ ...standing(), consumed: begun(60, startsAt) }, nowAt + 72 * hour),
    "admitted",
  ],
  [
    "of a window before the one that was begun last (a clock put back)",
    decide({ ...standing(), consumed: begun(60, nextStartsAt) }),
    "outside-window",
  ],
  [
    "with more days than were asked for",
    decide(standing({ days: [1, 2, 3, 4, 5, 6] })),
    "grant-exceeds-request",
  ],
  [
    "with fewer days than were asked for, on one of them",
    decide(standing({ days: [5] })),
    "admitted",
  ],
  [
    "granted once, where a standing job was asked for (at other hours than its windows')",
    decide(standing({}, { windows: null })),
    "grant-exceeds-request",
  ],
];

await group("standing jobs", { timeoutMs: 30_000 }, (test) => {
  for (const [note, decision, expected] of rows) {
    test(`${note}: ${expected}`, () => assert.is(outcome(decision), expected));
  }

  test("an extension may narrow windows and never widen them", () => {
    const job = jobWith(standing());
    const situation = situationWith();
    const next = (change: Partial<JobWindows> | null) => {
      const narrowed = change && { ...windows, ...change };
      const last = narrowed?.untilAt ?? windows.untilAt;
      const grant = { windows: narrowed, startBeforeAt: last, endsAt: last, minutes: 90 };
      return grantWith({ ...grant, replaces: hash("grant-1") }, ["anna"], "grant-2");
    };
    assert.is(faultOfNext(job, next({}), situation), undefined);
    assert.is(faultOfNext(job, next({ days: [5] }), situation), undefined);
    assert.is(faultOfNext(job, next({ days: [6] }), situation), "grant-exceeds-predecessor");
    assert.is(faultOfNext(job, next(null), situation), "grant-exceeds-predecessor");
  });

  test("a grant is taken outside of its windows, and by a box without proven time, which never opens it", () => {
    const job = jobWith({ ...standing(), line: [] });
    const [next] = standing().line ?? [];
    assert.ok(next);
    const time = situationWith().time;
    const night = { ...time, wallMs: (startsAt - hour) * 1000 };
    assert.is(faultOfNext(job, next, situationWith({ time: night })), undefined);
    const unproven = situationWith({ time: { ...time, proven: false } });
    assert.is(faultOfNext(job, next, unproven), undefined);
  });

  test("what is left ends with the window, however many minutes there are", () => {
    const late = decide(standing(), endsAt - 10 * minute);
    assert.ok(late.kind === "admitted");
    assert.is(late.admission.leftMs, 10 * minute * 1000);
    assert.is(late.admission.validMs, 10 * minute * 1000);
    const early = decide(standing());
    assert.is(early.kind === "admitted" && early.admission.leftMs, 60 * minute * 1000);
    assert.is(early.kind === "admitted" && early.admission.window, startsAt);
    const once = decide({});
    assert.is(once.kind === "admitted" && once.admission.window, null);
  });

  test("around the changes of the clock the gate opens when the naive twin says so, to the minute", () => {
    for (const change of ["2027-03-28T01:00:00Z", "2027-10-31T01:00:00Z"]) {
      for (const [from, to] of [
        ["02:30", "05:00"],
        ["22:00", "02:30"],
        ["01:00", "03:00"],
      ] as const) {
        const hours = { from, to, days: [1, 2, 3, 4, 5, 6, 7] };
        const asked = { ...windows, ...hours, untilAt: nowAt + 400 * 24 * hour };
        const job: Partial<Job> = {
          request: requestWith({ windows: asked, startBeforeAt: asked.untilAt }),
          line: [
            grantWith({ windows: asked, startBeforeAt: asked.untilAt, endsAt: asked.untilAt }),
          ],
        };
        for (let step = -30; step < 30; step += 1) {
          const at = Date.parse(change) / 1000 + step * 10 * minute;
          const twin = twinWindowAt(asked, at);
          const decision = decide(job, at);
          const leftMs = twin && Math.min(60 * minute, twin[1] - at) * 1000;
          const found = decision.kind === "admitted" ? decision.admission.leftMs : null;
          assert.is(found, leftMs, `${change} ${from}-${to} at ${step}`);
        }
      }
    }
  });

  test("a session ends with its window; the next window begins its minutes anew, and each use names the grant", async () => {
    await using edge = await openSessionWorld();
    edge.changed({ manifest: manifestWith({ endsAt: nowAt + 1000 * 24 * hour }) });
    edge.state.job = jobWith(standing());
    const opened = async (name: string) => {
      const channel = new NotedChannel(name);
      const session = edge.open(channel, { transcript: "the-transcript" });
      return { channel, session, verdict: await session.begin() };
    };
    edge.clock.advanceMs((endsAt - nowAt - 30 * minute) * 1000);
    const friday = await opened("friday");
    assert.ok("verdict" in friday.verdict);
    assert.equal(await friday.session.open(asking(friday.channel)), { admitted: true });
    const account = () => edge.world.consumption.of(hash("the-request"));
    assert.is(account().window, startsAt);
    edge.clock.advanceMs(30 * minute * 1000 - 1);
    assert.is(edge.state.streams[0]?.admitted.signal.aborted, false);
    edge.clock.advanceMs(1);
    await friday.session.ended;
    assert.is(edge.state.streams[0]?.admitted.signal.aborted, true);
    assert.match((await friday.channel.hears("ending")).reason, /^other-hours: /);
    assert.equal((await opened("friday evening")).verdict, { refused: "outside-window" });

    edge.clock.advanceMs((nextStartsAt - endsAt) * 1000);
    const monday = await opened("monday");
    assert.ok("verdict" in monday.verdict && monday.verdict.verdict === "admitted");
    assert.is(monday.verdict.message.minutesLeft, 60);
    assert.equal(await monday.session.open(asking(monday.channel, "hmi", "s2")), {
      admitted: true,
    });
    assert.is(account().window, nextStartsAt);
    const named: unknown[] = [];
    for await (const { header } of edge.journal.entriesFrom(0)) {
      if (header.event === "session-admitted") named.push(header.ids["grant"]);
    }
    assert.equal(named, [hash("grant-1"), hash("grant-1")]);
  });
});
