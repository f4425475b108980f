// What portal and signing page say to each other: exactly these messages, bounded, and nothing beside them.
import * as assert from "uvu/assert";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import {
  failedTell,
  parseSigningAsk,
  parseSigningTell,
  payloadOfAsk,
  readyTell,
  registeredTell,
  signatureOfTell,
  signedTell,
} from "../../../shared/signing-page.ts";
import { group } from "../../support/group.ts";
import { keyOf, refused, suite } from "../document/paper-site.ts";
import { SoftwarePasskey } from "../document/software-passkey.ts";
import { passkeySigner } from "../../../shared/document/passkey.ts";

const passkey = new SoftwarePasskey("ES256");
const { key } = passkey;
const site = toBase64Url(new Uint8Array(32));
const sign = {
  sallyport: "signing 1",
  ask: "sign",
  type: "grant",
  payload: toBase64Url(utf8("{}")),
  keys: [key],
  chain: [],
  about: [],
};
const register = { sallyport: "signing 1", ask: "register", site, person: "pia", name: "Pia" };

const asks: readonly (readonly [note: string, ask: unknown, refusal?: RegExp])[] = [
  ["a signature", sign],
  ["one under a relying party", { ...sign, rpId: "sign.example" }],
  ["a registration", register],
  ["a registration under a relying party", { ...register, rpId: "sign.example" }],
  ["another version", { ...sign, sallyport: "signing 2" }, /sallyport/],
  ["an unknown verb", { ...sign, ask: "sign-all" }, /ask/],
  ["an unknown key", { ...sign, silently: true }, /silently/],
  ["a type that is none", { ...sign, type: "Grant" }, /type/],
  ["no payload", { ...sign, payload: "" }, /payload/],
  ["a payload in another alphabet", { ...sign, payload: "a+/=" }, /payload/],
  ["a payload too long", { ...sign, payload: "A".repeat(360_000) }, /payload/],
  ["no key", { ...sign, keys: [] }, /keys/],
  ["nine keys", { ...sign, keys: Array(9).fill(key) }, /keys/],
  ["a manifest too long", { ...sign, chain: ["x".repeat(262_145)] }, /chain/],
  ["manifests without number", { ...sign, chain: Array(4097).fill("") }, /chain/],
  ["129 documents beside it", { ...sign, about: Array(129).fill("") }, /about/],
  ["a relying party with a port", { ...sign, rpId: "sign.example:1" }, /rpId/],
  ["a registration without a name", { ...register, name: "" }, /name/],
  ["a name that turns the text around", { ...register, name: "Pia\u202e" }, /name/],
  ["a text", "sign", /ask/],
  ["nothing", null, /ask/],
];

await group("signing page's messages", {}, (test) => {
  for (const [note, ask, refusal] of asks) {
    test(`an ask for ${note} is ${refusal ? "refused" : "taken"}`, async () => {
      if (refusal === undefined) assert.equal(parseSigningAsk(ask), ask);
      else await refused(() => parseSigningAsk(ask), "document_invalid", refusal);
    });
  }
  test("an Ed25519 key signs nothing on the signing page", async () => {
    const keys = [await keyOf("pia")];
    await refused(() => parseSigningAsk({ ...sign, keys }), "document_invalid", /keys/);
  });
  test("the exact bytes of a payload come out again", () => {
    const ask = parseSigningAsk(sign);
    assert.ok(ask.ask === "sign");
    assert.equal(payloadOfAsk(ask), utf8("{}"));
  });
  test("every tell comes out as it went in, a signature with all its bytes", async () => {
    const signPae = passkeySigner(suite, key, async (challenge) => passkey.assert(challenge));
    const signature = await signPae(utf8("pae"));
    const told = parseSigningTell(structuredClone(signedTell(signature)));
    assert.ok(told.tell === "signed");
    assert.equal(signatureOfTell(told), signature);
    for (const tell of [readyTell, registeredTell(key), failedTell("cancelled", "no")]) {
      assert.equal(parseSigningTell(structuredClone(tell)), tell);
    }
    const long = failedTell("refused", "x".repeat(5000));
    assert.equal(parseSigningTell(long), long);
  });
  test("a tell of another kind is refused", async () => {
    for (const bad of [
      { ...readyTell, more: 1 },
      { ...readyTell, tell: "approved" },
      { sallyport: "signing 1", tell: "signed", signature: { keyid: "x" } },
      { sallyport: "signing 1", tell: "failed", code: "other", message: "" },
    ]) {
      await refused(() => parseSigningTell(bad), "document_invalid", /tell/);
    }
  });
});
