// A journal in sentences: the pages know every event that an edge writes, and show one that they do not know yet.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { journalSentences, otherSentence } from "../../../broker/portal/texts/journal.ts";
import { group } from "../../support/group.ts";

const names = { person: (id: string) => `<${id}>`, target: (id: string) => `<${id}>` };

/** Events as the edge's source spells them where it writes. */
function writtenEvents(): string[] {
  const folder = join(import.meta.dirname, "../../../edge");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sources = files
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(folder, name), "utf8"));
  const found = sources.flatMap((text) => [...text.matchAll(/(?:append|report)\(\s*"([a-z-]+)"/g)]);
  const events = found.flatMap(([, event]) => (event === undefined ? [] : [event]));
  return [...new Set([...events, "device-held", "secret-held", "session-admitted"])];
}

await group("journal sentences", {}, (test) => {
  test("every event that an edge writes has a sentence", () => {
    const events = writtenEvents();
    assert.ok(events.length > 20, `${events.length} events`);
    assert.equal(
      events.filter((event) => !Object.hasOwn(journalSentences, event)),
      [],
    );
  });

  test("sentences name who and what, and whole sentences they are", () => {
    const ids = { person: "vera", target: "press-hmi", recording: "r" };
    const waits = journalSentences["session-waiting"]?.sentence(ids, {}, names);
    assert.is(waits, "<vera> waits for an approval.");
    const opening = { target: "press-hmi", mode: "terminal" };
    const opened = journalSentences["opening-admitted"]?.sentence(ids, { opening }, names);
    assert.is(opened, "<press-hmi> was opened (terminal).");
    for (const [event, { sentence }] of Object.entries(journalSentences))
      assert.match(sentence(ids, { purpose: "play" }, names), /^[A-Z<].*\.$/s, event);
  });

  test("an unknown event is shown as it is called", () => {
    assert.is(otherSentence("valve-opened"), "Valve opened.");
  });
});
