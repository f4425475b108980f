import * as assert from "uvu/assert";
import { decodeSheet, encodeSheet, recoveryKeys } from "../../../shared/site/recovery-sheet.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { group } from "../../support/group.ts";

const seed = Uint8Array.from({ length: 32 }, (_, at) => at * 7);

await group("the recovery sheet", {}, (test) => {
  test("is two lines of seven groups, and reads back", async () => {
    const sheet = await encodeSheet(nodeCrypto, seed);
    assert.match(sheet, /^([0-9A-Z]{4} ){6}[0-9A-Z]{4}\n([0-9A-Z]{4} ){6}[0-9A-Z]{4}$/);
    assert.equal(await decodeSheet(nodeCrypto, sheet), seed);
  });
  test("forgives case, spacing and the letters O, I and L", async () => {
    const sheet = await encodeSheet(nodeCrypto, seed);
    const typed = sheet
      .toLowerCase()
      .replaceAll("\n", "--")
      .replaceAll("0", "o")
      .replaceAll("1", "l");
    assert.equal(await decodeSheet(nodeCrypto, typed), seed);
  });
  test("finds every single misread letter", async () => {
    const sheet = await encodeSheet(nodeCrypto, seed);
    for (let at = 0; at < sheet.length; at += 1) {
      if (/\s/.test(sheet.charAt(at))) continue;
      const wrong = sheet.charAt(at) === "X" ? "Y" : "X";
      const misread = sheet.slice(0, at) + wrong + sheet.slice(at + 1);
      const failure = await decodeSheet(nodeCrypto, misread).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.instance(failure, Error, `letter ${at}`);
    }
  });
  test("a wrong length says what was expected and quotes nothing", async () => {
    const failure = await decodeSheet(nodeCrypto, "ABCD EFGH").then(
      () => "",
      (thrown: Error) => thrown.message,
    );
    assert.is(failure, "sheet has 8 letters, expected 14 groups of 4");
  });
  test("gives the same two keys each time, and unrelated ones", async () => {
    const [one, two] = [await recoveryKeys(nodeCrypto, seed), await recoveryKeys(nodeCrypto, seed)];
    assert.equal(one, two);
    assert.not.equal(one.ed25519.privateKey, one.xwing.privateKey);
  });
});
