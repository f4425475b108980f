// Recordings as the portal reads them: lines of the open formats, shortened pauses with the way back to real time, plain text, bytes.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { parseRecording, paceOf } from "../../../broker/portal/records/cast.ts";
import { hexLines, readableRecords } from "../../../broker/portal/records/hex-lines.ts";
import { shownLines } from "../../../broker/portal/records/shown-lines.ts";
import { records } from "../../../broker/portal/texts/records.ts";
import { toBase64, utf8 } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";

const header = JSON.stringify({ version: 2, width: 80, height: 24, title: "vera on press-hmi" });
const logHeader = JSON.stringify({ version: 1, kind: "tcp", target: "press-plc" });

function terminal(...events: readonly (readonly [number, string, string])[]) {
  const parsed = parseRecording([header, ...events.map((event) => JSON.stringify(event))]);
  if (parsed.kind !== "terminal") throw new Error("not read as a terminal's recording");
  return parsed;
}

await group("recordings in the portal", {}, (test) => {
  test("a terminal's recording is read event by event", () => {
    const { columns, rows, seconds, events } = terminal([0.5, "o", "hello"], [2, "m", "torn"]);
    assert.equal([columns, rows, seconds], [80, 24, 2]);
    assert.equal(events[0], { at: 0.5, code: "o", text: "hello" });
  });

  test("a log of bytes is read record by record", () => {
    const lines = [
      logHeader,
      JSON.stringify({ t: 0.25, dir: "to-device", b64: toBase64(utf8("ping")) }),
      JSON.stringify({ t: 1, event: "exit", details: { code: 0 } }),
    ];
    const parsed = parseRecording(lines);
    assert.is(parsed.kind, "bytes");
    if (parsed.kind !== "bytes") return;
    const [sent, exit] = readableRecords(parsed);
    assert.equal([sent?.direction, sent?.count, sent?.lines], ["to-device", 4, ["ping"]]);
    assert.equal([exit?.direction, exit?.event, exit?.lines], [undefined, "exit", ['{"code":0}']]);
  });

  test("what a panel was asked, and which files a desktop got, is told in words", () => {
    const request = {
      number: 1,
      method: "POST",
      path: "/set?speed=3",
      status: 200,
      type: "text/html",
      requestBytes: 7,
      responseBytes: 2048,
      ms: 4,
      isWhole: true,
    };
    for (const [event, details, words] of [
      ["request", request, /^POST \/set\?speed=3, answer 200, sent 7 .*, got 2/],
      ["request", { ...request, status: null, isWhole: false }, /no answer, .*, cut off$/],
      ["request-begun", { method: "PUT", path: "/a" }, /^PUT \/a …$/],
      ["websocket", { path: "/live", state: "closed", bytes: 5 }, /^Live connection \/live closed/],
      ["failed", { code: "device_unreachable" }, /could not be used: device unreachable$/],
      ["file", { action: "put", name: "a.zip", bytes: 5 }, /^Put on the machine: a\.zip, 5/],
      ["file", { action: "remove", name: "a.zip", bytes: 0 }, /^Removed: a\.zip$/],
      ["torn", "", /^The end is missing$/],
      ["tomorrow", { a: 1 }, /^tomorrow$/],
      ["request", "{not json", /^\? \?, no answer/],
    ] as const) {
      const text = typeof details === "string" ? details : JSON.stringify(details);
      assert.match(records.recording.mark(`${event} ${text}`.trim()), words, event);
    }
  });

  test("what is no line of a recording is refused by its number", () => {
    for (const [note, lines, number] of [
      ["nothing", [], 1],
      ["no JSON", ["x"], 1],
      ["another version", [JSON.stringify({ version: 3, width: 1, height: 1 })], 1],
      ["an event without text", [header, '[1,"o"]'], 2],
      ["a record without a time", [logHeader, '{"dir":"to-device"}'], 2],
      ["a cut line", [header, '[1,"o","a"]', '[2,"o","b'], 3],
    ] as const) {
      assert.throws(() => parseRecording(lines), new RegExp(`line ${number} `), note);
    }
  });

  test("a long pause is shortened, and the way back gives the time at which it happened", () => {
    const pace = paceOf([1, 2, 62, 63], 2);
    assert.equal(pace.times, [1, 2, 4, 5]);
    assert.is(pace.seconds, 5);
    assert.is(pace.shown(62), 4);
    assert.is(pace.real(4), 62);
    assert.is(pace.real(3), 32);
    assert.is(pace.real(99), 63);
    assert.equal(paceOf([1, 2, 62], Infinity).times, [1, 2, 62]);
    assert.is(paceOf([], 2).shown(7), 0);
  });

  test("at every event shown and real time lead to each other", () => {
    const times = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 50 }), (steps, limit) => {
        let at = 0;
        const real = steps.map((step) => (at += step));
        const pace = paceOf(real, limit);
        for (const [index, time] of real.entries()) {
          assert.ok(Math.abs(pace.shown(time) - (pace.times[index] ?? -1)) < 1e-6);
          assert.ok(Math.abs(pace.real(pace.times[index] ?? -1) - time) < 1e-6);
        }
      }),
    );
  });

  test("what was shown becomes plain lines without colours and without what was taken back", () => {
    const escape = "\u001b";
    const recording = terminal(
      [0, "o", `${escape}[31mred${escape}[0m\r\n`],
      [1, "o", "pax\bssword: "],
      [2, "i", "secret"],
      [3, "o", "\r\n10 %\r20 %\r\n"],
      [4, "o", `${escape}]0;title\u0007end`],
    );
    assert.equal(shownLines(recording), [
      { at: 0, text: "red" },
      { at: 1, text: "password:" },
      { at: 3, text: "20 %" },
      { at: 4, text: "end" },
    ]);
  });

  test("bytes that are no text are shown as digits with their text beside", () => {
    const bytes = Uint8Array.from({ length: 18 }, (_, at) => at + 0x40);
    assert.equal(hexLines(bytes), [
      "0000  40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f  @ABCDEFGHIJKLMNO",
      `0010  50 51${" ".repeat(42)}  PQ`,
    ]);
    const lines = [logHeader, JSON.stringify({ t: 0, dir: "from-device", b64: "AAEC" })];
    const parsed = parseRecording(lines);
    if (parsed.kind !== "bytes") throw new Error("not read as bytes");
    assert.match(readableRecords(parsed)[0]?.lines[0] ?? "", /^0000 {2}00 01 02 /);
  });
});
