// The pure rules of notifications: who is told what, who is asked when, how often anybody is told, and in which words.
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { audienceOf, type Cast } from "../../../broker/relay/notify/audience.ts";
import { planEscalation, type AskedTarget } from "../../../broker/relay/notify/escalation.ts";
import { burstMessages, mayTellAt, mostTries, retryAt } from "../../../broker/relay/notify/pace.ts";
import {
  cleanName,
  combine,
  noticeKinds,
  wordsOf,
  type NoticeKind,
} from "../../../broker/relay/notify/words.ts";
import { siteItself } from "../../../broker/relay/store/channel-rows.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";

const ids = (text: string): PersonId[] => text.split(" ").filter(Boolean) as PersonId[];
const person = (text: string): PersonId => text as PersonId;

/** All that could be concerned, each a person of its own; anna did it. */
const cast: Cast = {
  vendor: person("vera"),
  actors: ids("anna"),
  approvers: ids("anna ben"),
  owners: ids("anna olaf"),
  told: ids("anna tina"),
  running: ids("rudi"),
  successor: person("susi"),
};

type Told = Exclude<NoticeKind, "test">;

/** `*` is the site's own webhook. */
const audiences: Readonly<Record<Told, string>> = {
  "request-waiting": "ben *",
  "request-answered": "tina *",
  "request-granted": "vera",
  "request-denied": "vera",
  "job-extended": "vera",
  "time-wanted": "ben *",
  "access-ended": "vera rudi ben olaf *",
  "locked-down": "rudi ben olaf *",
  lifted: "tina ben olaf *",
  "edge-offline": "olaf *",
  "edge-online": "olaf *",
  "manifest-waiting": "olaf *",
  "manifest-recovering": "olaf *",
  "manifest-ends": "olaf *",
  "access-used": "ben *",
  "handed-over": "susi",
};

const kinds = noticeKinds.filter((kind): kind is Told => kind !== "test");

function shown(persons: readonly PersonId[]): string {
  return persons.map((id) => (id === siteItself ? "*" : id)).join(" ");
}

function plan(targets: readonly AskedTarget[], off = "", away = ""): string {
  return planEscalation(targets, { offDuty: new Set(ids(off)), unreachable: new Set(ids(away)) })
    .map(({ person: id, afterSeconds }) => `${id} ${afterSeconds / 60}`)
    .join(", ");
}

const three = { approvers: ids("a b c"), needed: 1 };
const order = { persons: ids("c a"), minutes: 5 };

const plans: readonly (readonly [
  note: string,
  targets: AskedTarget[],
  off: string,
  plan: string,
])[] = [
  ["no order", [three], "", "a 0, b 0, c 0"],
  ["no order, one off duty", [three], "b", "a 0, c 0"],
  ["no order, all off duty", [three], "a b c", "a 0, b 0, c 0"],
  ["an order", [{ ...three, order }], "", "c 0, a 5, b 10"],
  ["an order, the first off duty", [{ ...three, order }], "c", "a 0, b 5"],
  ["an order, all who stand in it off duty", [{ ...three, order }], "a c", "b 0"],
  ["an order, all off duty", [{ ...three, order }], "a b c", "a 0, b 0, c 0"],
  ["an order and two needed", [{ ...three, needed: 2, order }], "", "c 0, a 0, b 5"],
  ["two needed and one on duty", [{ ...three, needed: 2, order }], "a b", "a 0, b 0, c 0"],
  [
    "an order that names who may not approve any more",
    [{ ...three, order: { ...order, persons: ids("x c") } }],
    "",
    "c 0, a 5, b 5",
  ],
  [
    "two targets: each person at the earlier time",
    [
      { ...three, order },
      { approvers: ids("b d"), needed: 1, order: { persons: ids("d b"), minutes: 2 } },
    ],
    "",
    "c 0, d 0, b 2, a 5",
  ],
  ["nobody who may approve", [{ approvers: [], needed: 1 }], "", ""],
];

await group("relay notify rules", {}, (test) => {
  for (const kind of kinds) {
    test(`${kind} is told to ${audiences[kind]}, and not to who did it`, () => {
      assert.is(shown(audienceOf(kind, cast)), audiences[kind]);
    });
  }
  test("a vendor who approves, too, is never asked about, or told of, his own request as an approver", () => {
    const both = { ...cast, vendor: person("ben"), told: ids("ben tina") };
    assert.is(shown(audienceOf("request-waiting", both)), "*");
    assert.is(shown(audienceOf("request-answered", both)), "tina *");
    assert.is(shown(audienceOf("access-used", both)), "*");
    assert.is(shown(audienceOf("request-granted", both)), "ben");
  });
  for (const [note, targets, off, expected] of plans) {
    test(`who is asked with ${note}`, () => {
      assert.is(plan(targets, off), expected);
    });
  }
  test("who cannot be reached is asked in his turn, and nobody waits for him", () => {
    assert.is(plan([{ ...three, order }], "", "c"), "c 0, a 0, b 5");
    assert.is(plan([{ ...three, order }], "", "c a"), "c 0, a 0, b 0");
    assert.is(plan([{ ...three, order }], "", "b"), "c 0, a 5, b 10");
    assert.is(plan([{ ...three, needed: 2, order }], "", "a"), "c 0, a 0, b 0");
    assert.is(plan([three], "", "a b c"), "a 0, b 0, c 0");
  });
  test("whatever the order and whoever is off duty: each approver at most once, somebody at once, and enough of them in the end", () => {
    const people = fc.uniqueArray(fc.constantFrom(...ids("a b c d e f g")), { minLength: 1 });
    const targets = fc.array(
      fc.record({
        approvers: people,
        needed: fc.integer({ min: 1, max: 3 }),
        order: fc.option(
          fc.record({ persons: people, minutes: fc.integer({ min: 1, max: 240 }) }),
          {
            nil: undefined,
          },
        ),
      }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(targets, people, people, (asked, off, away) => {
        const presence = { offDuty: new Set(off), unreachable: new Set(away) };
        const steps = planEscalation(asked, presence);
        const told = steps.map((step) => step.person);
        assert.is(new Set(told).size, told.length);
        assert.is(steps[0]?.afterSeconds, 0);
        for (const { approvers, needed } of asked) {
          const reached = approvers.filter((id) => told.includes(id)).length;
          assert.ok(reached >= Math.min(needed, approvers.length));
        }
      }),
    );
  });
  test("a few messages go at once, then one a minute, and after many one in ten minutes", () => {
    const now = 1_000_000;
    const every = (seconds: number, count: number) =>
      Array.from({ length: count }, (_item, index) => now - 5 - index * seconds);
    assert.is(mayTellAt([], now), now);
    assert.is(mayTellAt(every(1, burstMessages - 1), now), now);
    assert.is(mayTellAt(every(1, burstMessages), now), now - 5 + 60);
    assert.is(mayTellAt(every(300, burstMessages), now), now, "spread over twenty minutes");
    assert.is(mayTellAt(every(60, 20), now), now - 5 + 600);
  });
  test("nobody gets more than 26 messages in any hour, however many notices come", () => {
    const sent: number[] = [];
    for (let second = 0; second < 3 * 3600; second += 1) {
      const recent = sent.filter((at) => at > second - 3600).reverse();
      if (mayTellAt(recent, second) <= second) sent.push(second);
    }
    const most = Math.max(...sent.map((at) => sent.filter((x) => x > at - 3600 && x <= at).length));
    assert.ok(most <= 26, `${most} messages within an hour`);
    const gaps = sent.map((at, index) => at - (sent[index - 1] ?? at));
    assert.ok(Math.max(...gaps) <= 600, "and is never without news for longer than ten minutes");
  });
  test("five tries end within half an hour", () => {
    let at = 0;
    for (let tries = 1; tries < mostTries; tries += 1) at = retryAt(tries, at) ?? Infinity;
    assert.ok(at <= 1800, `${at} s`);
    assert.is(retryAt(mostTries, at), undefined);
    assert.is(mostTries, 5);
  });
  test("a name is one short line without what is not seen", () => {
    const rows = [
      ["Anna", "Anna"],
      ["  Anna \t Maria ", "Anna Maria"],
      ["Anna\r\nBcc: eve@example.org", "Anna Bcc: eve@example.org"],
      ["Anna\u0000\u001b[31m", "Anna [31m"],
      ["an\u202enna", "an nna"],
      ["\u2028\u2029", ""],
      ["x".repeat(61), `${"x".repeat(59)}…`],
      ["🧑".repeat(60), "🧑".repeat(60)],
    ] as const;
    for (const [name, expected] of rows) assert.is(cleanName(name), expected);
  });
  test("every kind has words, alone and together, in which nothing is left open", () => {
    for (const kind of noticeKinds) {
      const words = wordsOf(kind, { who: "Anna", days: 14 });
      assert.match(words, /^[A-Z].*\.$/);
      assert.not.match(words, /undefined|NaN/);
      const notice = { kind, key: kind, text: words, link: "/jobs" };
      assert.is(combine([notice]).text, words);
      const both = combine([notice, notice]);
      assert.is(both.kind, "several");
      assert.is(both.link, "/jobs");
    }
  });
  test("several notices are counted by kind in one text", () => {
    const waiting = { kind: "request-waiting", key: "1", text: "x", link: "/jobs/1" };
    const answered = { ...waiting, kind: "request-answered" };
    const { text } = combine([waiting, answered, waiting, waiting]);
    assert.is(text, "News: 3 requests wait for you, 1 request was answered.");
  });
});
