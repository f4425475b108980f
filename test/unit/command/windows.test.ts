// Recurring windows as they are typed and read back: each good spelling, and each bad one with what was expected.
import * as assert from "uvu/assert";
import { parseWindows, windowWords, type WindowOptions } from "../../../broker/command/windows.ts";
import { group } from "../../support/group.ts";

const nowAt = Date.parse("2026-11-28T12:00:00Z") / 1000;
const asked = (every: string, change: WindowOptions = {}): WindowOptions => ({
  every,
  until: "2026-12-31",
  zone: "Europe/Berlin",
  ...change,
});

const good: readonly [
  every: string,
  days: readonly number[],
  from: string,
  to: string,
  words: RegExp,
][] = [
  [
    "mon-fri 06:00-14:00",
    [1, 2, 3, 4, 5],
    "06:00",
    "14:00",
    /^Monday to Friday, 06:00 to 14:00 \(Europe\/Berlin\), until 2027-01-01 00:00$/,
  ],
  ["MON,wed 6:00-7:30", [1, 3], "06:00", "07:30", /^Monday, Wednesday, 06:00 to 07:30/],
  [
    "sat-mon 22:00-06:00",
    [1, 6, 7],
    "22:00",
    "06:00",
    /^Monday, Saturday, Sunday, 22:00 to 06:00 of the next day/,
  ],
  ["daily 00:00-23:59", [1, 2, 3, 4, 5, 6, 7], "00:00", "23:59", /^every day, 00:00 to 23:59/],
  ["fri 06:00-07:00", [5], "06:00", "07:00", /^Friday, 06:00/],
];

const bad: readonly [note: string, options: WindowOptions, why: RegExp][] = [
  ["no hours", asked("mon-fri"), /"mon-fri" is no window, expected for example/],
  ["an unknown day", asked("mon-frei 06:00-14:00"), /"frei" is no day of the week/],
  ["an hour that is none", asked("mon 06:00-25:00"), /no time as HH:MM/],
  ["no length", asked("mon 06:00-06:00"), /no length/],
  ["no last day", { every: "mon 06:00-14:00" }, /--until/],
  ["a last day that is none", asked("mon 06:00-14:00", { until: "2026-13-01" }), /is no day/],
  ["a last day behind us", asked("mon 06:00-14:00", { until: "2026-11-01" }), /next 90 days/],
  ["a last day too far ahead", asked("mon 06:00-14:00", { until: "2027-02-28" }), /next 90 days/],
  [
    "a zone that nobody knows",
    asked("mon 06:00-14:00", { zone: "Mars/Olympus" }),
    /is no day|time zone/,
  ],
  ["a last day without windows", { until: "2026-12-31" }, /belong to --every/],
];

await group("windows by command", {}, (test) => {
  for (const [every, days, from, to, words] of good) {
    test(`"${every}" is read, and said in words`, () => {
      const windows = parseWindows(asked(every), nowAt);
      assert.ok(windows);
      assert.equal([windows.days, windows.from, windows.to], [days, from, to]);
      assert.is(windows.untilAt, Date.parse("2026-12-31T23:00:00Z") / 1000, "midnight in Berlin");
      assert.match(windowWords(windows), words);
    });
  }
  for (const [note, options, why] of bad) {
    test(`refused: ${note}`, () => assert.throws(() => parseWindows(options, nowAt), why));
  }
  test("without --every there are none; without --zone it is this machine's", () => {
    assert.is(parseWindows({}, nowAt), null);
    const { zone: _zone, ...here } = asked("mon 06:00-14:00");
    assert.is(parseWindows(here, nowAt)?.timeZone, Temporal.Now.timeZoneId());
  });
});
