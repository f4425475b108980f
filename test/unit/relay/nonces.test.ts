import * as assert from "uvu/assert";
import { Nonces } from "../../../broker/relay/nonces.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

await group("nonces", {}, (test) => {
  test("each serves its subject, once, within its life", () => {
    const clock = new TurnedClock();
    const nonces = new Nonces(60_000, clock);
    const [first, second] = [nonces.issue("one"), nonces.issue("one")];
    assert.is(Buffer.from(first, "base64url").length, 32);
    assert.is.not(first, second);
    assert.equal([nonces.spend("two", first), nonces.isOurs("two", first)], [false, false]);
    assert.equal([nonces.spend("one", first), nonces.spend("one", first)], [true, false]);
    clock.advanceMs(60_000);
    assert.is(nonces.isOurs("one", second), true);
    clock.advanceMs(1);
    assert.equal([nonces.isOurs("one", second), nonces.spend("one", second)], [false, false]);
  });
  test("a spent one stays spent to its end, however many are spent after it", () => {
    const clock = new TurnedClock();
    const nonces = new Nonces(60_000, clock);
    const first = nonces.issue("one");
    nonces.spend("one", first);
    for (let count = 0; count < 200; count += 1) {
      clock.advanceMs(300);
      assert.is(nonces.spend("one", nonces.issue("one")), true);
      assert.is(nonces.spend("one", first), false);
    }
  });
  test("another spelling, a changed byte and another process's are none of ours", () => {
    const clock = new TurnedClock();
    const nonces = new Nonces(60_000, clock);
    const nonce = nonces.issue("one");
    for (const forged of [
      `${nonce}=`,
      ` ${nonce}`,
      nonce.slice(1),
      "",
      new Nonces(60_000, clock).issue("one"),
      (nonce.startsWith("A") ? "B" : "A") + nonce.slice(1),
    ])
      assert.is(nonces.isOurs("one", forged), false, forged);
  });
});
