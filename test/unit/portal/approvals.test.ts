// What the approver's pages say by themselves: who may not answer and why, windows and times in words, what a device lacks for a push.
import * as assert from "uvu/assert";
import { clockOf } from "../../../broker/portal/shell/clock-of.ts";
import {
  whyNot,
  type Answering,
  type Hindrance,
} from "../../../broker/portal/approvals/hindrance.ts";
import {
  deviceName,
  isApplePhone,
  nextPushStep,
  type DeviceFacts,
  type PushStep,
} from "../../../broker/portal/approvals/push-steps.ts";
import { windowsWords } from "../../../broker/portal/shell/windows-words.ts";
import { findJob } from "../../../broker/portal/approvals/words.ts";
import { hashEnvelope } from "../../../shared/document/envelope.ts";
import type { Policy, Role } from "../../../shared/document/manifest.ts";
import type { JobWindows } from "../../../shared/document/windows.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { jobsAmong, type Job } from "../../../shared/site/jobs.ts";
import { group } from "../../support/group.ts";
import { PaperSite, paperAt } from "../document/paper-site.ts";

async function asked(policy: Partial<Policy>): Promise<{ site: PaperSite; job: Job }> {
  const site = await PaperSite.make((manifest) => ({
    ...manifest,
    policies: manifest.policies.map((each) => ({ ...each, approversNeeded: 1, ...policy })),
  }));
  const { envelope } = await site.verifiedRequest();
  const hash = await hashEnvelope(envelope);
  const stored = [{ seq: 1, hash, type: "request", state: "complete" as const, envelope }];
  const [job] = await jobsAmong(stored, site.held(paperAt + 60));
  assert.ok(job);
  return { site, job };
}

function answering(site: PaperSite, id: string, decidesBy: Answering["decidesBy"]): Answering {
  const held = site.held(paperAt + 60);
  const roles: readonly Role[] =
    held.manifest.payload.persons.find((each) => each.id === id)?.roles ?? [];
  return {
    me: id as PersonId,
    held,
    decidesBy,
    hasRole: (...wanted) => roles.some((role) => wanted.includes(role)),
  };
}

await group("the approver's pages", {}, (test) => {
  const cases: readonly [
    note: string,
    policy: Partial<Policy>,
    id: string,
    key: Answering["decidesBy"],
    expected: Hindrance | undefined,
  ][] = [
    ["an approver may", {}, "cleo", "ed25519", undefined],
    ["the vendor may not for herself", {}, "vera", "ed25519", "own"],
    ["an owner who is no approver may not", {}, "olaf", "passkey", "role"],
    [
      "without the passkey that is asked for nobody may",
      { passkeysOnly: true },
      "cleo",
      "ed25519",
      "passkeys",
    ],
    ["with it she may", { passkeysOnly: true }, "cleo", "passkey", undefined],
    [
      "who is not named may not",
      { approvers: ["anna" as PersonId] },
      "cleo",
      "passkey",
      "notNamed",
    ],
    ["who is named may", { approvers: ["cleo" as PersonId] }, "cleo", "passkey", undefined],
  ];
  for (const [note, policy, id, key, expected] of cases) {
    test(`who may answer: ${note}`, async () => {
      const { site, job } = await asked(policy);
      assert.is(whyNot(answering(site, id, key), job), expected);
    });
  }

  test("a job is found by its whole hash or its ten digits, and by nothing else", async () => {
    const { job } = await asked({});
    assert.is(findJob([job], job.request.hash), job);
    assert.is(findJob([job], job.id.toUpperCase()), job);
    for (const other of ["", job.id.slice(0, 9), `${job.id}0`, job.request.hash.slice(1)])
      assert.is(findJob([job], other), undefined, other);
  });

  test("windows are told by their days, hours, clock and last day", () => {
    const windows: JobWindows = {
      timeZone: "Europe/Berlin",
      days: [1, 4],
      from: "06:00",
      to: "14:00",
      untilAt: paperAt,
    };
    assert.match(
      windowsWords(windows),
      /^Every Monday and Thursday, 06:00 to 14:00 \(Europe\/Berlin\), until .*2026/,
    );
    // Until the midnight with which 2027 begins: its last day is in 2026.
    const untilAt = Date.parse("2026-12-31T23:00:00Z") / 1000;
    assert.match(windowsWords({ ...windows, untilAt }), /until .*31.*2026$/);
    const night = { ...windows, days: [1, 2, 3, 4, 5], from: "22:00", to: "06:00" };
    assert.match(windowsWords(night), /^Monday to Friday, 22:00 to 06:00 of the next day /);
    assert.match(windowsWords({ ...windows, days: [1, 2, 3, 4, 5, 6, 7] }), /^Every day, /);
  });

  const lengths = [
    [0, "0:00"],
    [999, "0:01"],
    [59_001, "1:00"],
    [245_000, "4:05"],
    [3_845_000, "1:04:05"],
  ] as const;
  for (const [leftMs, expected] of lengths) {
    test(`${leftMs} ms left are ${expected}`, () => assert.is(clockOf(leftMs), expected));
  }

  const facts: DeviceFacts = {
    isApplePhone: false,
    isInstalled: false,
    hasPush: true,
    permission: "default",
  };
  const devices: readonly [note: string, change: Partial<DeviceFacts>, expected: PushStep][] = [
    ["a fresh browser", {}, "allow"],
    ["one that may", { permission: "granted" }, "ready"],
    ["one that was told no", { permission: "denied" }, "blocked"],
    ["one without push", { hasPush: false, permission: "unknown" }, "unsupported"],
    ["Safari on an iPhone", { isApplePhone: true, hasPush: false }, "install-iphone"],
    ["the page on an iPhone's home screen", { isApplePhone: true, isInstalled: true }, "allow"],
  ];
  for (const [note, change, expected] of devices) {
    test(`push: ${note} is asked to: ${expected}`, () =>
      assert.is(nextPushStep({ ...facts, ...change }), expected));
  }

  test("an iPad is known by its touch screen, and devices are named", () => {
    assert.is(isApplePhone("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605", 5), true);
    assert.is(isApplePhone("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605", 0), false);
    assert.is(
      deviceName("Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537 Chrome/148 Mobile Safari/537"),
      "Chrome on Android",
    );
    assert.is(
      deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Safari/604"),
      "Safari on iPhone",
    );
    assert.is(deviceName("curl/8"), "Browser on this device");
  });
});
