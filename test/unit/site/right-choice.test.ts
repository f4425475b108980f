// Rights as people choose fewer of them, and the words that they read.
import * as assert from "uvu/assert";
import { chosenRights, offeredRights, opensNothing } from "../../../shared/site/right-choice.ts";
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
    assert.equal(chosenRights(asked, [], "control", true), ["control"]);
    assert.equal(chosenRights(asked, asked, "view", true), asked);
  });
  test("without a look at the screen nothing of it stays, and nothing is offered but the look", () => {
    const looking = chosenRights(screen, screen, "control", false);
    assert.equal(chosenRights(screen, looking, "view", false), []);
    assert.equal(offeredRights(screen, []), ["control", "view"]);
    assert.equal(chosenRights(screen, [], "view", true), ["view"]);
    // Where only one of the two was asked for, that one alone opens anything.
    const acting = ["control", "clipboard-out", "files"];
    assert.equal(chosenRights(acting, acting, "control", false), []);
    assert.equal(offeredRights(acting, []), ["control"]);
    assert.equal(chosenRights(acting, ["control"], "files", true), ["control", "files"]);
    const seeing = ["view", "clipboard-out"];
    assert.equal(chosenRights(seeing, seeing, "view", false), []);
    assert.equal(offeredRights(seeing, seeing), seeing);
    assert.equal(chosenRights(seeing, seeing, "clipboard-out", false), ["view"]);
  });
  test("no choice of a screen's rights, in whatever order, ends in one that opens nothing", () => {
    for (const kind of ["vnc", "rdp"] as const) {
      const all: readonly string[] = rightsOfKind[kind];
      const reached = new Map<string, readonly string[]>([[all.join(), all]]);
      for (const [, kept] of reached) {
        if (kept.length > 0) assert.not(opensNothing(kind, kept), kept.join());
        for (const right of offeredRights(all, kept)) {
          const next = chosenRights(all, kept, right, !kept.includes(right));
          reached.set(next.join(), next);
        }
      }
      assert.ok(reached.size > 2 && reached.has("view"), kind);
    }
  });
  test("what opens nothing: no right at all, and of a screen whatever does not show it", () => {
    for (const [kind, rights, nothing] of [
      ["vnc", ["clipboard-out"], true],
      ["vnc", ["resize", "clipboard-in"], true],
      ["vnc", ["view"], false],
      ["rdp", ["files"], true],
      ["rdp", ["control", "files"], false],
      ["ssh", ["files"], false],
      ["http", ["browser"], false],
      ["tcp", [], true],
    ] as const)
      assert.is(opensNothing(kind, rights), nothing, `${kind} ${rights.join()}`);
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
