// Rights as people choose fewer of them, and the words that they read.
import * as assert from "uvu/assert";
import { chosenRights, offeredRights } from "../../../shared/site/right-choice.ts";
import { newlyInBrowser, rightWords, toldRights } from "../../../shared/site/right-words.ts";
import { rightsOfKind, targetKindNames } from "../../../shared/document/rights.ts";
import { group } from "../../support/group.ts";

const screen = ["control", "view", "resize", "clipboard-in", "clipboard-out"];

await group("rights to choose from", {}, (test) => {
  test("a screen that is not operated is looked at, and nothing that needs hands stays", () => {
    const looking = chosenRights(screen, screen, "control", false);
    assert.equal(looking, ["view", "clipboard-out"]);
    assert.equal(offeredRights(screen, looking), ["control", "view", "clipboard-out"]);
    assert.equal(chosenRights(screen, looking, "control", true), screen);
    assert.equal(offeredRights(screen, screen), [
      "control",
      "resize",
      "clipboard-in",
      "clipboard-out",
    ]);
  });
  test("nothing is added that was not among them", () => {
    const asked = ["control", "clipboard-out"];
    assert.equal(chosenRights(asked, asked, "control", false), ["clipboard-out"]);
    assert.equal(chosenRights(asked, [], "control", true), ["control"]);
    assert.equal(chosenRights(asked, asked, "view", true), asked);
  });
  test("rights without a screen are taken and left one by one", () => {
    const all = ["terminal", "exec", "files"];
    assert.equal(offeredRights(all, []), all);
    assert.equal(chosenRights(all, ["files"], "terminal", true), ["terminal", "files"]);
    assert.equal(chosenRights(all, all, "exec", false), ["terminal", "files"]);
  });
  test("every right of every kind has words, and one that nobody knows has none", () => {
    for (const kind of targetKindNames)
      for (const right of rightsOfKind[kind])
        assert.ok(rightWords(right, kind), `${kind} ${right}`);
    for (const right of ["everything", "constructor"])
      assert.is(rightWords(right, "ssh"), undefined);
    assert.is.not(rightWords("connect", "http"), rightWords("connect", "tcp"));
    assert.equal(toldRights(["view", "resize"]), ["view", "resize"]);
  });
  test("a panel is new in the browser once", () => {
    const target = (id: string, rights: readonly string[]) => ({ id, rights });
    const before = { targets: [target("a", ["browser"]), target("b", ["connect"])] };
    const after = {
      targets: [target("a", ["browser"]), target("b", ["connect", "browser"]), target("c", [])],
    };
    assert.equal(
      newlyInBrowser(before, after).map(({ id }) => id),
      ["b"],
    );
  });
});
