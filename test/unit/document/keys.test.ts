// protocol.md, "Public keys": their ids, their forms, and the points under which verifiers disagree.
import * as assert from "uvu/assert";
import * as v from "valibot";
import { toBase64Url } from "../../../shared/bytes.ts";
import { keyIdOf, parseSshEd25519, publicKey } from "../../../shared/document/keys.ts";
import { group } from "../../support/group.ts";
import { keyOf, publicOf, refused, sshLineOf, suite } from "./paper-site.ts";
import { SoftwarePasskey } from "./software-passkey.ts";

const p = 2n ** 255n - 19n;

function little(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
}

const orderEight = Uint8Array.fromHex(
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
);
const smallOrder: readonly [note: string, point: Uint8Array][] = [
  ["order 1", little(1n)],
  ["order 2", little(p - 1n)],
  ["order 4", little(0n)],
  ["order 8", orderEight],
  ["order 8 with the sign bit", orderEight.map((byte, at) => (at === 31 ? byte | 0x80 : byte))],
  ["order 4 in a second spelling", little(p)],
  ["order 1 in a second spelling", little(p + 1n)],
];

await group("keys", {}, (test) => {
  for (const [note, point] of smallOrder) {
    test(`an Ed25519 key of ${note} is refused, raw and as a passkey`, () => {
      const raw = { kind: "ed25519", public: toBase64Url(point) };
      assert.match(v.safeParse(publicKey, raw).issues?.[0].message ?? "", /small order/);
      const cose = toBase64Url(
        new Uint8Array([...Uint8Array.fromHex("a401010327200621" + "5820"), ...point]),
      );
      const passkey = { kind: "passkey", algorithm: "EdDSA", cose, credentialId: "AA" };
      assert.match(v.safeParse(publicKey, passkey).issues?.[0].message ?? "", /small order/);
    });
  }
  test("a passkey is listed under its own algorithm", () => {
    const { key } = new SoftwarePasskey("ES256");
    assert.ok(v.is(publicKey, key));
    const renamed = { ...key, algorithm: "RS256" };
    assert.match(
      v.safeParse(publicKey, renamed).issues?.[0].message ?? "",
      /of ES256, not of RS256/,
    );
  });
  test("a key's id is the hash of its raw or COSE bytes", async () => {
    const key = await keyOf("anna");
    const raw = Uint8Array.from(Buffer.from(await publicOf("anna"), "base64url"));
    assert.is(await keyIdOf(suite, key), toBase64Url(await suite.sha256(raw)));
    const passkey = new SoftwarePasskey("EdDSA").key;
    const cose = Uint8Array.from(Buffer.from(passkey.cose, "base64url"));
    assert.is(await keyIdOf(suite, passkey), toBase64Url(await suite.sha256(cose)));
  });
  test("an SSH host key is one ssh-ed25519 line, and gives its raw key", async () => {
    const line = await sshLineOf("anna");
    assert.is(toBase64Url(parseSshEd25519(line)), await publicOf("anna"));
    for (const bad of [
      "",
      `${line} comment`,
      line.slice(0, -1),
      line.replace("AAAAC3", "AAAAD3"),
    ]) {
      await refused(() => parseSshEd25519(bad), "document_invalid", /ssh-ed25519/);
    }
  });
});
