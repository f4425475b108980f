// The envelope and strict JSON: one text for one value, exact bytes signed under their type.
import * as assert from "uvu/assert";
import { fromUtf8, utf8 } from "../../../shared/bytes.ts";
import {
  encodeEnvelope,
  hashEnvelope,
  pae,
  parseEnvelope,
  payloadOf,
  type Envelope,
} from "../../../shared/document/envelope.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { parseStrictJson } from "../../../shared/document/strict-json.ts";
import { group } from "../../support/group.ts";

const refusedTexts: readonly [note: string, text: string][] = [
  ["a duplicate key", '{"a":1,"a":2}'],
  ["white space", '{"a": 1}'],
  ["a number in another spelling", '{"a":1.0}'],
  ["an exponent", '{"a":1e2}'],
  ["minus zero", '{"a":-0}'],
  ["an escaped letter", '{"a":"\\u0061"}'],
  ["the key __proto__", '{"__proto__":{"a":1}}'],
  ["an escaped lone surrogate", '{"a":"\\ud800"}'],
  ["integer-like keys out of order", '{"b":1,"1":2}'],
  ["a byte order mark", '\ufeff{"a":1}'],
  ["no JSON at all", "{"],
  ["arrays nested 65 deep", `${"[".repeat(65)}${"]".repeat(65)}`],
  ["objects nested 2,000 deep", `${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}`],
  ["what no stack can hold", `${"[".repeat(60_000)}${"]".repeat(60_000)}`],
];

const envelope: Envelope = {
  type: "request",
  payload: utf8('{"a":1}'),
  signatures: [{ keyid: "A".repeat(43) as never, sig: new Uint8Array(64) }],
};

await group("envelope", {}, (test) => {
  for (const [note, text] of refusedTexts) {
    test(`strict JSON refuses ${note}`, () => {
      assert.throws(
        () => parseStrictJson(text),
        (thrown: unknown) => thrown instanceof SallyportError && thrown.code === "json_invalid",
      );
    });
  }
  test("strict JSON takes 64 levels", () => {
    const text = `${"[".repeat(64)}${"]".repeat(64)}`;
    assert.is(JSON.stringify(parseStrictJson(text)), text);
  });
  test("strict JSON reads the one spelling", () => {
    assert.equal(parseStrictJson('{"a":[1,"ü",null,true,{"b":-2.5}]}'), {
      a: [1, "ü", null, true, { b: -2.5 }],
    });
  });
  test("DSSE's pre-authentication encoding has lengths in bytes and the type inside", () => {
    assert.is(
      fromUtf8(pae("request", utf8("hällo"))),
      "DSSEv1 38 application/vnd.sallyport.request+json 6 hällo",
    );
  });
  test("an envelope survives its text", () => {
    assert.equal(parseEnvelope(encodeEnvelope(envelope)), envelope);
  });
  test("an envelope with an unknown key is refused", () => {
    const text = `${encodeEnvelope(envelope).slice(0, -1)},"more":1}`;
    assert.throws(() => parseEnvelope(text), /more/);
  });
  test("an envelope whose base64 has a second spelling is refused", () => {
    const text = encodeEnvelope(envelope).replace("eyJhIjoxfQ==", "eyJhIjoxfR==");
    assert.throws(() => parseEnvelope(text), /canonical/);
  });
  test("a payload is read under its own type alone", () => {
    assert.equal(payloadOf(envelope, "request"), { a: 1 });
    assert.throws(() => payloadOf(envelope, "grant"), /type "request", expected "grant"/);
  });
  test("the hash covers type and payload, not the signatures", async () => {
    const hash = await hashEnvelope(envelope);
    assert.is(await hashEnvelope({ ...envelope, signatures: [] }), hash);
    assert.is.not(await hashEnvelope({ ...envelope, type: "grant" }), hash);
  });
});
