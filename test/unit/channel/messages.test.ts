// Control messages: each type has one good example and is refused with any field missing, added or out of bounds.
import * as assert from "uvu/assert";
import { utf8 } from "../../../shared/bytes.ts";
import { maxControlBytes } from "../../../shared/channel/bounds.ts";
import type { ControlMessage } from "../../../shared/channel/messages.ts";
import { encodeControl, parseControl } from "../../../shared/channel/messages.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";

const hash = "A".repeat(43);
const terminal = { columns: 80, rows: 24, term: "xterm-256color" };
const target = { id: "plc", name: "Drive 7", kind: "tcp", rights: ["connect"], ports: [502] };
const examples: readonly Record<string, unknown>[] = [
  {
    type: "flight",
    proof: "{}",
    attestation: null,
    request: "{}",
    grant: "{}",
    manifestHash: hash,
  },
  { type: "asking" },
  { type: "manifest-needed", version: 3, held: hash },
  { type: "manifest", envelope: "{}", last: true },
  { type: "admitted", targets: [target], minutesLeft: 9.5, startsOnFirstOpening: true, endsAt: 1 },
  { type: "waiting", untilAt: 1_800_000_000 },
  { type: "warning", secondsLeft: 60 },
  { type: "extended", minutesLeft: 20, endsAt: null },
  { type: "ending", reason: "the grant has ended" },
  { type: "present", persons: ["anna", "acme/joe"] },
  { type: "opening", mode: "terminal", target: "hmi", terminal },
  { type: "opening", mode: "exec", target: "hmi", command: "uptime", terminal: null },
  { type: "opening", mode: "ssh", target: "hmi" },
  { type: "opening", mode: "tcp", target: "plc", port: 502 },
  { type: "opened" },
  { type: "resize", columns: 132, rows: 50 },
  { type: "signal", signal: "INT" },
  { type: "exit", code: 0, signal: null },
  { type: "read", recording: null, from: 0, follow: true, search: null },
  {
    type: "probe",
    device: { kind: "ssh", host: "10.0.0.7", port: 22, login: "root", hostKeys: [], legacy: false },
    secret: { kind: "password", password: "pw" },
  },
  { type: "probe", device: { kind: "tcp", host: "10.0.0.7", ports: [502] }, secret: null },
];
const refused: readonly [unknown, string][] = [
  [{ type: "reboot" }, "an unknown type"],
  [{ type: "opening", mode: "vnc", target: "hmi" }, "an unknown mode"],
  [{ type: "opening", mode: "tcp", target: "plc", port: 0 }, "port 0"],
  [{ type: "opening", mode: "tcp", target: "plc", port: 65_536 }, "port 65536"],
  [{ type: "opening", mode: "tcp", target: "../plc", port: 502 }, "a target that is no id"],
  [{ type: "resize", columns: 0, rows: 24 }, "no columns"],
  [{ type: "resize", columns: 80.5, rows: 24 }, "half a column"],
  [{ type: "signal", signal: "SIGINT; rm" }, "a signal that is no word"],
  [{ type: "waiting", untilAt: -1 }, "a time before 1970"],
  [
    {
      type: "admitted",
      targets: Array(9).fill(target),
      minutesLeft: 1,
      startsOnFirstOpening: true,
      endsAt: null,
    },
    "nine targets",
  ],
  [
    { type: "probe", device: { kind: "tcp", host: "http://10.0.0.7/", ports: [80] }, secret: null },
    "a probe of what no device's address can be",
  ],
  [
    { type: "probe", device: { kind: "tcp", host: "10.0.0.7", ports: [] }, secret: null },
    "no port",
  ],
  [[], "a list"],
  [null, "null"],
];

await group("control messages", {}, (test) => {
  for (const example of examples) {
    const name = [example["type"], example["mode"] ?? kindOf(example["device"])]
      .filter(Boolean)
      .join(" ");
    test(`${name}: comes back as it was sent`, () => {
      const message = example as unknown as ControlMessage;
      assert.equal(parseControl(encodeControl(message)), message);
    });

    test(`${name}: refused without any one field, or with one more`, () => {
      for (const key of Object.keys(example)) {
        const { [key]: _left, ...rest } = example;
        refuses(utf8(JSON.stringify(rest)));
      }
      refuses(utf8(JSON.stringify({ ...example, extra: 1 })));
    });
  }

  for (const [value, note] of refused) {
    test(`refused: ${note}`, () => refuses(utf8(JSON.stringify(value))));
  }

  test("refused: text that is not strict, not JSON, not UTF-8, or too long", () => {
    refuses(utf8('{"type":"opened" }'));
    refuses(utf8('{"type":"opened","type":"opened"}'));
    refuses(utf8("opened"));
    refuses(Uint8Array.of(0xff));
    refuses(new Uint8Array());
    refuses(new Uint8Array(maxControlBytes + 1).fill(0x20));
  });

  test("a refusal quotes nothing of a secret that does not fit", () => {
    const device = { kind: "tcp", host: "10.0.0.7", ports: [502] };
    for (const secret of [
      "hunter2",
      { kind: "hunter2" },
      { kind: "password", password: ["hunter2"] },
    ]) {
      try {
        parseControl(utf8(JSON.stringify({ type: "probe", device, secret })));
        assert.unreachable();
      } catch (thrown) {
        assert.ok(isInvalid(thrown));
        assert.not.match(String(thrown), /hunter2/);
      }
    }
  });

  test("what the other side would refuse is not sent", () => {
    const wrong = { type: "resize", columns: 0, rows: 1 } as const;
    assert.throws(() => encodeControl(wrong), isInvalid);
  });
});

function kindOf(device: unknown): unknown {
  return (device as { kind?: unknown } | undefined)?.kind;
}

function refuses(bytes: Uint8Array): void {
  assert.throws(() => parseControl(bytes), isInvalid);
}

function isInvalid(thrown: unknown): boolean {
  return thrown instanceof SallyportError && thrown.code === "message_invalid";
}
