// What a vendor's form becomes: the document that is asked for, within what policies and windows allow.
import * as assert from "uvu/assert";
import {
  edgeOf,
  faultsOf,
  mostMinutes,
  presetMinutes,
  requestOf,
  windowsOf,
  type RequestFields,
} from "../../../broker/portal/jobs/request-draft.ts";
import { group } from "../../support/group.ts";
import { PaperSite } from "../document/paper-site.ts";

const now = 1_800_000_000;
const dayIn = (days: number): string =>
  new Date((now + days * 24 * 3600) * 1000).toISOString().slice(0, 10);

const site = await PaperSite.make();
const manifest = site.chain.held.payload;
const [first, ...others] = manifest.targets;
const firstId = first?.id as never;

function fieldsWith(change: Partial<RequestFields> = {}): RequestFields {
  return {
    targets: new Map([[firstId, ["terminal"]]]),
    minutes: 30,
    reason: "exchange the drive",
    ticket: "",
    startBeforeAt: undefined,
    windows: undefined,
    ...change,
  };
}

const windows = { days: [5, 1], from: "22:00", to: "06:00", until: dayIn(30) };

const cases: readonly [note: string, change: Partial<RequestFields>, field: string | undefined][] =
  [
    ["all that is needed", {}, undefined],
    ["no machine", { targets: new Map() }, "targets"],
    ["a machine without any right", { targets: new Map([[firstId, []]]) }, "rights"],
    ["no reason", { reason: " \n " }, "reason"],
    ["no minutes", { minutes: 0 }, "minutes"],
    ["half a minute", { minutes: 0.5 }, "minutes"],
    ["more minutes than the policy allows", { minutes: 100_000 }, "minutes"],
    ["a start in the past", { startBeforeAt: now }, "start"],
    ["a start tomorrow", { startBeforeAt: now + 24 * 3600 }, undefined],
    ["a start in 91 days", { startBeforeAt: now + 91 * 24 * 3600 }, "start"],
    ["windows over a month", { windows }, undefined],
    ["windows without a day", { windows: { ...windows, days: [] } }, "windows"],
    ["windows of no length", { windows: { ...windows, to: "22:00" } }, "windows"],
    ["windows over 91 days", { windows: { ...windows, until: dayIn(91) } }, "windows"],
    ["windows that are over", { windows: { ...windows, until: dayIn(-2) } }, "windows"],
    ["windows without a last day", { windows: { ...windows, until: "" } }, "windows"],
  ];

await group("portal request draft", {}, (test) => {
  for (const [note, change, field] of cases) {
    test(`${note}: ${field === undefined ? "can be asked" : `the fault stands at "${field}"`}`, () => {
      const found = Object.keys(faultsOf(fieldsWith(change), manifest, now));
      assert.equal(found, field === undefined ? [] : [field]);
    });
  }
  test("rights of a screen that do not show it are none that can be asked for", () => {
    const targets = manifest.targets.map((each) =>
      each.id === firstId
        ? { ...each, kind: "vnc", rights: ["control", "view", "clipboard-out"] }
        : each,
    );
    for (const [rights, fault] of [
      [["clipboard-out"], ["rights"]],
      [["view", "clipboard-out"], []],
    ] as const) {
      const fields = fieldsWith({ targets: new Map([[firstId, rights]]) });
      assert.equal(Object.keys(faultsOf(fields, { ...manifest, targets }, now)), fault);
    }
  });
  test("the tightest policy bounds the minutes, and an hour is preset where it may be", () => {
    const bounds = manifest.policies.map(({ maxMinutes }) => maxMinutes);
    assert.is(mostMinutes(manifest, []), Math.max(...bounds));
    const all = [first, ...others].map((target) => target?.id as never);
    const used = manifest.policies.filter(({ id }) =>
      manifest.targets.some(({ policy }) => policy === id),
    );
    assert.is(mostMinutes(manifest, all), Math.min(...used.map(({ maxMinutes }) => maxMinutes)));
    assert.equal([presetMinutes(30), presetMinutes(600)], [30, 60]);
  });
  test("the edge is that of the chosen machines", () => {
    assert.is(edgeOf(manifest, [firstId]), first?.edge);
    assert.is(edgeOf(manifest, []), undefined);
  });
  test("a request waits no longer than a day and no later than its start; its texts are one plain line", () => {
    const by = { site: site.id, edge: first?.edge, vendor: "vera", key: "k" } as never;
    const nonce = new Uint8Array(16);
    const asked = requestOf(
      fieldsWith({ reason: " exchange\n\u202ethe drive ", ticket: " " }),
      by,
      nonce,
      now,
    );
    assert.is(asked.reason, "exchange the drive");
    assert.is(asked.ticket, null);
    assert.is(asked.startBeforeAt, now + 8 * 3600);
    assert.is(asked.waitUntilAt, asked.startBeforeAt);
    const later = requestOf(fieldsWith({ startBeforeAt: now + 5 * 24 * 3600 }), by, nonce, now);
    assert.is(later.waitUntilAt, now + 24 * 3600);
  });
  test("a standing request may be started until its windows are over, whose days ascend", () => {
    const by = { site: site.id, edge: first?.edge, vendor: "vera", key: "k" } as never;
    const asked = requestOf(fieldsWith({ windows }), by, new Uint8Array(16), now);
    assert.equal(asked.windows?.days, [1, 5]);
    assert.is(asked.startBeforeAt, asked.windows?.untilAt);
    assert.is(windowsOf({ ...windows, from: "25:00" }), undefined);
  });
});
