// The framing of a command's two outputs: vectors both ways, cut anywhere, refused when it is none.
import * as assert from "uvu/assert";
import { encodeOutput, OutputDecoder, type OutputStream } from "../../../shared/exec-output.ts";
import { group } from "../../support/group.ts";

const ready = "010000000672656164790a";
const warning = "02000000036f6821";

function decodeAll(pieces: readonly Uint8Array[]) {
  const texts: Record<OutputStream, string> = { stdout: "", stderr: "" };
  const decoder = new OutputDecoder((stream, bytes) => {
    texts[stream] += Buffer.from(bytes).toString();
  });
  for (const piece of pieces) decoder.push(piece);
  return { ...texts, isWhole: decoder.isWhole };
}

await group("exec-output", {}, (test) => {
  test("frames are stream, length and bytes", () => {
    assert.is(Buffer.from(encodeOutput("stdout", Buffer.from("ready\n"))).toString("hex"), ready);
    assert.is(Buffer.from(encodeOutput("stderr", Buffer.from("oh!"))).toString("hex"), warning);
  });
  test("frames come apart wherever they are cut, and an empty one is nothing", () => {
    const whole = Buffer.from(`${ready}0100000000${warning}`, "hex");
    for (let cut = 0; cut <= whole.length; cut += 1) {
      assert.equal(
        decodeAll([whole.subarray(0, cut), whole.subarray(cut)]),
        { stdout: "ready\n", stderr: "oh!", isWhole: true },
        `cut at ${cut}`,
      );
    }
    const single = Array.from(whole, (byte) => Uint8Array.of(byte));
    assert.equal(decodeAll(single), { stdout: "ready\n", stderr: "oh!", isWhole: true });
  });
  test("an end inside a frame shows", () => {
    const bytes = Buffer.from(ready, "hex");
    for (let cut = 1; cut < bytes.length; cut += 1) {
      assert.not.ok(decodeAll([bytes.subarray(0, cut)]).isWhole, `cut at ${cut}`);
    }
  });
  for (const code of [0, 3, 255]) {
    test(`stream ${code} is refused`, () => {
      assert.throws(
        () => decodeAll([Uint8Array.of(code, 0, 0, 0, 1, 65)]),
        new RegExp(`output stream ${code}, expected 1 or 2`),
      );
    });
  }
});
