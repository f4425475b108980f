// What a box says of itself, by boxes of yesterday and of tomorrow.
import * as assert from "uvu/assert";
import { parseEdgeFacts } from "../../../broker/portal/site/edge-words.ts";
import { group } from "../../support/group.ts";

const old = { version: "0.1.0", manifest: { version: 6, endsAt: 1 }, recordings: { usedBytes: 5 } };

await group("a box's facts", {}, (test) => {
  test("kinds that it cannot serve come with the packages that it lacks", () => {
    const kinds = [
      { kind: "ssh", isReady: true, missing: [] },
      { kind: "rdp", isReady: false, missing: ["freerdp2-x11", "xdotool"] },
      { kind: "holo", isReady: false, missing: [], since: 3 },
    ];
    const facts = parseEdgeFacts(JSON.stringify({ ...old, kinds, more: true }));
    assert.equal(
      facts?.kinds.filter(({ isReady }) => !isReady).map(({ kind, missing }) => [kind, missing]),
      [
        ["rdp", ["freerdp2-x11", "xdotool"]],
        ["holo", []],
      ],
    );
  });
  test("a box that knows nothing of kinds says the rest", () => {
    assert.equal(parseEdgeFacts(JSON.stringify(old)), {
      version: "0.1.0",
      manifest: 6,
      recordingBytes: 5,
      kinds: [],
    });
    assert.is(parseEdgeFacts(JSON.stringify({ version: "0", manifest: null }))?.manifest, 0);
  });
  test("what is no answer is none", () => {
    for (const line of ["", "{}", "[]", "no JSON", '{"version":1}'])
      assert.is(parseEdgeFacts(line), undefined, line);
  });
});
