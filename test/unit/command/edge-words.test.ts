import * as assert from "uvu/assert";
import { closingError } from "../../../broker/command/closing-error.ts";
import { exitCodeOf } from "../../../broker/command/exit-codes.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";

const aborted = (reason: string) => ({ how: "aborted" as const, error: undefined, reason });
const refused = (reason: string) => ({
  ...aborted(reason),
  error: new SallyportError("refused", reason),
});

await group("what an edge says", {}, (test) => {
  for (const [note, closing, code, hint] of [
    ["a device that is away", aborted('device_unreachable: "HMI" cannot be reached'), 69, /on/],
    [
      "a device that lets nobody in",
      aborted('device_refused: "HMI" refused the edge'),
      77,
      /secret/,
    ],
    [
      "another device",
      aborted('device_changed: "HMI" is not the device'),
      76,
      /no password was sent/,
    ],
    ["a full disk", aborted("disk_full: the edge ended the stream"), 69, /look after the edge/],
    ["somebody who is in", refused("in-use: acme/joe is in"), 77, /when they have left/],
    [
      "a rule that somebody must watch",
      refused("supervised-only: under the site's rule"),
      77,
      /ask the site to watch/,
    ],
    ["the end of the time", aborted("over: the time for this is over"), 255, /ask for a new job/],
  ] as const) {
    test(`${note} has its exit code, and says what to do next`, () => {
      const error = closingError(closing, undefined);
      assert.is(exitCodeOf(error), code);
      assert.match(error.hints.join("\n"), hint);
      assert.ok(error.message.includes(closing.reason));
    });
  }
  test("a word that is not known, or that every object has, is shown as it is", () => {
    for (const reason of ["odd: text", "constructor: text", "no word at all", ""]) {
      const error = closingError(aborted(reason), undefined);
      assert.is(exitCodeOf(error), 255);
      assert.equal(error.hints, []);
    }
  });
});
