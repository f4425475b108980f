// protocol.md, "Windows": by hand around changes of the clock, by a naive twin everywhere else, and what is no window at all.
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import * as v from "valibot";
import {
  isWithinWindows,
  jobWindows,
  windowAt,
  type JobWindows,
} from "../../../shared/document/windows.ts";
import { twinWindowAt } from "../../naive-twin/windows.ts";
import { group } from "../../support/group.ts";

const secondsOf = (text: string): number => Date.parse(text) / 1000;
const every = [1, 2, 3, 4, 5, 6, 7];
const windowsWith = (change: Partial<JobWindows> = {}): JobWindows => ({
  timeZone: "Europe/Berlin",
  days: [1, 2, 3, 4, 5],
  from: "06:00",
  to: "14:00",
  untilAt: secondsOf("2027-12-31T00:00:00Z"),
  ...change,
});

/** What is asked, at which moment, and the window that is expected: its start and end, or none. */
const table: readonly [
  note: string,
  change: Partial<JobWindows>,
  at: string,
  expected: readonly [string, string] | null,
][] = [
  [
    "a Monday's in winter",
    {},
    "2026-11-30T05:00:00Z",
    ["2026-11-30T05:00:00Z", "2026-11-30T13:00:00Z"],
  ],
  ["a second before it", {}, "2026-11-30T04:59:59Z", null],
  ["its last second", {}, "2026-11-30T12:59:59Z", ["2026-11-30T05:00:00Z", "2026-11-30T13:00:00Z"]],
  ["its end", {}, "2026-11-30T13:00:00Z", null],
  ["a Saturday", {}, "2026-11-28T08:00:00Z", null],
  [
    "a Monday's in summer begins an hour earlier",
    {},
    "2027-06-07T04:00:00Z",
    ["2027-06-07T04:00:00Z", "2027-06-07T12:00:00Z"],
  ],
  [
    "one cut off by the last moment of all",
    { untilAt: secondsOf("2026-11-30T09:30:00Z") },
    "2026-11-30T09:29:59Z",
    ["2026-11-30T05:00:00Z", "2026-11-30T09:30:00Z"],
  ],
  [
    "the last moment of all",
    { untilAt: secondsOf("2026-11-30T09:30:00Z") },
    "2026-11-30T09:30:00Z",
    null,
  ],
  [
    "a night's, on the evening of its day",
    { from: "22:00", to: "06:00", days: [5] },
    "2026-11-27T22:30:00Z",
    ["2026-11-27T21:00:00Z", "2026-11-28T05:00:00Z"],
  ],
  [
    "a night's, on the next morning",
    { from: "22:00", to: "06:00", days: [5] },
    "2026-11-28T04:59:59Z",
    ["2026-11-27T21:00:00Z", "2026-11-28T05:00:00Z"],
  ],
  [
    "no night's on the morning of its day",
    { from: "22:00", to: "06:00", days: [5] },
    "2026-11-27T04:00:00Z",
    null,
  ],
  [
    "the night in which the clock is put forward is an hour shorter",
    { from: "22:00", to: "06:00", days: every },
    "2027-03-28T00:30:00Z",
    ["2027-03-27T21:00:00Z", "2027-03-28T04:00:00Z"],
  ],
  [
    "the night in which the clock is put back is an hour longer",
    { from: "22:00", to: "06:00", days: every },
    "2027-10-31T01:30:00Z",
    ["2027-10-30T20:00:00Z", "2027-10-31T05:00:00Z"],
  ],
  [
    "a start that the clock leaps over comes as much later",
    { from: "02:30", to: "05:00", days: [7] },
    "2027-03-28T01:30:00Z",
    ["2027-03-28T01:30:00Z", "2027-03-28T03:00:00Z"],
  ],
  ["no start before that", { from: "02:30", to: "05:00", days: [7] }, "2027-03-28T01:29:59Z", null],
  [
    "a start that the clock shows twice is the first of the two",
    { from: "02:30", to: "05:00", days: [7] },
    "2027-10-31T00:30:00Z",
    ["2027-10-31T00:30:00Z", "2027-10-31T04:00:00Z"],
  ],
  [
    "an end that the clock shows twice is the first of the two",
    { from: "01:00", to: "02:30", days: [7] },
    "2027-10-31T00:29:59Z",
    ["2027-10-30T23:00:00Z", "2027-10-31T00:30:00Z"],
  ],
  [
    "and is not opened a second time",
    { from: "01:00", to: "02:30", days: [7] },
    "2027-10-31T01:15:00Z",
    null,
  ],
  [
    "half an hour of Lord Howe",
    { timeZone: "Australia/Lord_Howe", from: "01:45", to: "03:00", days: [7] },
    "2027-04-03T14:45:00Z",
    ["2027-04-03T14:45:00Z", "2027-04-03T16:30:00Z"],
  ],
];

const malformed: readonly [string, object][] = [
  ["an unknown zone", { timeZone: "Europe/Entenhausen" }],
  ["an offset for a zone", { timeZone: "+01:00" }],
  ["no day", { days: [] }],
  ["day 0", { days: [0] }],
  ["day 8", { days: [8] }],
  ["a day twice", { days: [1, 1] }],
  ["days in disorder", { days: [2, 1] }],
  ["24:00", { to: "24:00" }],
  ["an hour of one digit", { from: "6:00" }],
  ["seconds", { from: "06:00:00" }],
  ["no length", { from: "06:00", to: "06:00" }],
  ["a fraction of a second", { untilAt: 1.5 }],
  ["a field more", { more: 1 }],
];

await group("windows", {}, (test) => {
  for (const [note, change, at, expected] of table) {
    test(`windows: ${note}`, () => {
      const windows = windowsWith(change);
      const pair = expected && expected.map(secondsOf);
      const found = windowAt(windows, secondsOf(at));
      assert.equal(found === undefined ? null : [found.startsAt, found.endsAt], pair);
      assert.equal(twinWindowAt(windows, secondsOf(at)), pair, "the twin");
    });
  }

  for (const [note, change] of malformed) {
    test(`windows: ${note} is refused`, () => {
      assert.ok(v.is(jobWindows, windowsWith()));
      assert.not(v.is(jobWindows, { ...windowsWith(), ...change }));
    });
  }

  test("windows: the twin agrees at any moment of any zone and any hours", () => {
    const zones = [
      "Europe/Berlin",
      "America/New_York",
      "America/St_Johns",
      "Australia/Lord_Howe",
      "Asia/Kathmandu",
      "Africa/Casablanca",
      "America/Sao_Paulo",
      "Pacific/Apia",
      "Asia/Beirut",
      "UTC",
    ];
    const time = fc
      .tuple(fc.nat(23), fc.nat(59))
      .map((pair) => pair.map((part) => String(part).padStart(2, "0")).join(":"));
    const windows = fc
      .record({
        timeZone: fc.constantFrom(...zones),
        days: fc.subarray(every, { minLength: 1 }),
        from: time,
        to: time,
        untilAt: fc.integer({ min: secondsOf("2026-06-01"), max: secondsOf("2028-06-01") }),
      })
      .filter(({ from, to }) => from !== to);
    const at = fc.integer({ min: secondsOf("2026-01-01"), max: secondsOf("2028-01-01") });
    fc.assert(
      fc.property(windows, at, (asked, moment) => {
        const found = windowAt(asked, moment);
        const twin = twinWindowAt(asked, moment);
        assert.equal(found === undefined ? null : [found.startsAt, found.endsAt], twin);
      }),
      { numRuns: 3000 },
    );
  });

  test("windows: around every change of a zone's clock the twin agrees minute by minute", () => {
    for (const [timeZone, change] of [
      ["Europe/Berlin", "2027-03-28T01:00:00Z"],
      ["Europe/Berlin", "2027-10-31T01:00:00Z"],
      ["Asia/Beirut", "2027-03-27T22:00:00Z"],
      ["Australia/Lord_Howe", "2027-04-03T15:00:00Z"],
    ] as const) {
      for (const [from, to] of [
        ["00:00", "00:30"],
        ["01:30", "02:30"],
        ["02:10", "02:50"],
        ["23:30", "02:30"],
        ["02:30", "23:30"],
      ] as const) {
        const windows = windowsWith({ timeZone, days: every, from, to });
        for (let minute = -600; minute < 600; minute += 5) {
          const at = secondsOf(change) + minute * 60;
          const found = windowAt(windows, at);
          const pair = found === undefined ? null : [found.startsAt, found.endsAt];
          assert.equal(pair, twinWindowAt(windows, at), `${timeZone} ${from}-${to} ${minute}`);
        }
      }
    }
  });

  test("windows: narrower are fewer days or an earlier last moment, and nothing else", () => {
    const outer = windowsWith();
    const rows: readonly [Partial<JobWindows> | null, boolean][] = [
      [{}, true],
      [{ days: [1, 5] }, true],
      [{ untilAt: outer.untilAt - 1 }, true],
      [{ days: [1, 6] }, false],
      [{ untilAt: outer.untilAt + 1 }, false],
      [{ from: "07:00" }, false],
      [{ timeZone: "Europe/Paris" }, false],
      [null, false],
    ];
    for (const [change, isNarrower] of rows) {
      assert.is(isWithinWindows(change && windowsWith(change), outer), isNarrower);
    }
    assert.is(isWithinWindows(outer, null), false);
    assert.is(isWithinWindows(null, null), true);
  });
});
