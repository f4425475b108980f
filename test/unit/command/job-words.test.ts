// What an approver is shown is read out of what is signed.
import * as assert from "uvu/assert";
import { jobQuestion, parseTargets } from "../../../broker/command/job-words.ts";
import { jobsAmong } from "../../../shared/site/jobs.ts";
import { hashEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import type { Grant } from "../../../shared/document/grant.ts";
import { group } from "../../support/group.ts";
import { PaperSite, paperAt, signed } from "../document/paper-site.ts";

const certificate = Array.from({ length: 32 }, () => "AB").join(":");
const anchor = { length: 12, at: paperAt };

async function started() {
  const site = await PaperSite.make();
  const request = await site.verifiedRequest();
  const first = await signed("grant", await site.grant(request), "cleo", "anna");
  const job = async (...more: readonly Envelope[]) => {
    const stored = [request.envelope, first, ...more].map(async (envelope, seq) => {
      const hash = await hashEnvelope(envelope);
      return { seq, hash, type: envelope.type, state: "complete" as const, envelope };
    });
    const [only] = await jobsAmong(await Promise.all(stored), site.held(paperAt + 60));
    assert.ok(only?.grant);
    return { ...only, grant: only.grant };
  };
  return { site, request, job };
}

const question = async (grant: Grant): Promise<string> => {
  const { site, job } = await started();
  return jobQuestion(await job(), grant, site.held(paperAt + 60), anchor);
};

await group("the approver's question", {}, (test) => {
  const screen = ["control", "view", "clipboard-out"];
  for (const [note, kind, rights, typed, expected] of [
    ["all that can be had", "vnc", screen, "panel", screen],
    [
      "a look with what goes with it",
      "vnc",
      screen,
      "panel:view,clipboard-out",
      ["view", "clipboard-out"],
    ],
    ["a screen that is not shown", "vnc", screen, "panel:clipboard-out", undefined],
    ["a screen of which nothing else was asked for", "rdp", ["files"], "panel", undefined],
    ["the same word where it needs no screen", "ssh", ["exec", "files"], "panel:files", ["files"]],
  ] as const) {
    test(`targets as they are typed: ${note}, ${expected === undefined ? "told" : "taken"}`, () => {
      const parse = () => parseTargets([typed], () => ({ kind, rights }));
      if (expected === undefined)
        assert.throws(parse, /target "panel": .* opens nothing without "control" or "view"/);
      else assert.equal(parse(), [{ id: "panel", rights: expected }]);
    });
  }
  test("names person, reason, ticket, minutes, targets and rights as they are signed", async () => {
    const { site, request } = await started();
    const shown = await question(await site.grant(request));
    for (const expected of [
      /who: +Name of vera \(vera\)/,
      /what: +drive 7 trips, read its fault memory/,
      /ticket: +T-1001/,
      /how long: +30 minutes from the first connection/,
      /hmi {2}A device \(ssh\): terminal, exec\n/,
      /plc {2}A device \(tcp\): connect$/,
    ])
      assert.match(shown, expected);
  });
  test("an extension that another approver has drafted shows its own minutes, not the request's", async () => {
    const { site, request, job } = await started();
    const { grant: replaced } = await job();
    const longer = await site.grant(request, {}, { replaced, minutes: 60 });
    const { partial } = await job(await signed("grant", longer, "ben"));
    assert.ok(partial, "it waits for a second approver");
    const shown = await question(longer);
    assert.match(shown, /how long: +60 minutes in all \(30 were asked for\), at the latest until/);
  });
  test("a standing job is said in words, and so is a host key or certificate that is accepted beside the pinned one", async () => {
    const { site } = await started();
    const untilAt = paperAt + 30 * 24 * 3600;
    const windows = {
      timeZone: "Europe/Berlin",
      days: [1, 2, 3],
      from: "06:00",
      to: "14:00",
      untilAt,
    };
    const standing = await site.verifiedRequest({ windows, startBeforeAt: untilAt });
    const shown = await question(await site.grant(standing));
    assert.match(
      shown,
      /30 minutes in each window, as often as it comes: Monday to Wednesday, 06:00/,
    );
    const fingerprint = "SHA256:uNiVztksCsDhcc0u9e8BrYXDdv0qCyXbOyCRSgb3UQI";
    const { request } = await started();
    const deviceKeys = [{ target: "hmi" as never, fingerprint }];
    const accepting = await question(await site.grant(request, { deviceKeys }));
    assert.match(accepting, /hmi {2}may show, for this job, another host key .*: SHA256:uNiV/);
    const renewed = [{ target: "plc" as never, fingerprint: certificate }];
    const certified = await question(await site.grant(request, { deviceKeys: renewed }));
    assert.match(certified, /plc {2}may show, for this job, another certificate .*: AB:AB/);
    assert.not.match(certified, /host key/);
    assert.not.match(await question(await site.grant(request)), /host key|certificate/);
  });
  test("a panel under the relay's name is warned of, unless it is taken out", async () => {
    const site = await PaperSite.make((manifest) => ({
      ...manifest,
      targets: manifest.targets.map((target) =>
        target.id === "plc" ? { ...target, kind: "http", rights: ["connect", "browser"] } : target,
      ),
    }));
    const targets = [{ id: "plc" as never, rights: ["connect", "browser"] }];
    const request = await site.verifiedRequest({ targets });
    const shown = await question(await site.grant(request));
    assert.match(shown, /browser: The relay owns the panel’s name: .* it cannot\.$/m);
    const less = [{ id: "plc" as never, rights: ["connect"] }];
    const narrow = await question(await site.grant(request, {}, { targets: less }));
    assert.not.match(narrow, /owns the panel/);
  });
  test("rights and targets that are not given are named as such", async () => {
    const { site, request } = await started();
    const less = [{ id: "hmi" as never, rights: ["exec"] }];
    const shown = await question(await site.grant(request, { minutes: 10, targets: less }));
    assert.match(shown, /10 minutes \(30 were asked for\)/);
    assert.match(shown, /\(ssh\): exec; without terminal\n/);
    assert.match(shown, /\(tcp\): nothing; without connect$/);
  });
});
