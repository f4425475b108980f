// protocol.md, "Public keys": one byte string for one passkey; everything else that CBOR could say is refused.
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { toBase64Url } from "../../../shared/bytes.ts";
import { parseCoseKey } from "../../../shared/document/cose.ts";
import { keyMaterial } from "../../../shared/document/keys.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";
import { publicOf, refused } from "./paper-site.ts";
import { cborMap, SoftwarePasskey } from "./software-passkey.ts";

const x = new Uint8Array(32).fill(1);
const y = new Uint8Array(32).fill(2);
const good = cborMap([
  [1, 2],
  [3, -7],
  [-1, 1],
  [-2, x],
  [-3, y],
]);
const longHead = Uint8Array.from([0xa5, 0x18, 0x01, ...good.subarray(2)]);

const refusedKeys: readonly [note: string, bytes: Uint8Array][] = [
  ["nothing", new Uint8Array()],
  ["a list", Uint8Array.of(0x80)],
  ["a list of what the map should hold", Uint8Array.from([0x85, ...good.subarray(1)])],
  [
    "more bytes than any key has",
    cborMap([
      [1, 3],
      [3, -257],
      [-1, new Uint8Array(600)],
      [-2, Uint8Array.of(1, 0, 1)],
    ]),
  ],
  ["a byte after the end", Uint8Array.from([...good, 0])],
  ["a byte too few", good.subarray(0, -1)],
  ["a label with a longer head (second spelling)", longHead],
  [
    "labels in another order (second spelling)",
    cborMap([
      [3, -7],
      [1, 2],
      [-1, 1],
      [-2, x],
      [-3, y],
    ]),
  ],
  [
    "a label twice",
    cborMap([
      [1, 2],
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, x],
    ]),
  ],
  ["a map of open end", Uint8Array.from([0xbf, ...good.subarray(1), 0xff])],
  [
    "another key type",
    cborMap([
      [1, 4],
      [3, -7],
      [-1, 1],
      [-2, x],
      [-3, y],
    ]),
  ],
  [
    "another algorithm",
    cborMap([
      [1, 2],
      [3, -35],
      [-1, 1],
      [-2, x],
      [-3, y],
    ]),
  ],
  [
    "another curve",
    cborMap([
      [1, 2],
      [3, -7],
      [-1, 2],
      [-2, x],
      [-3, y],
    ]),
  ],
  [
    "an algorithm of another key type",
    cborMap([
      [1, 1],
      [3, -7],
      [-1, 6],
      [-2, x],
    ]),
  ],
  [
    "no algorithm",
    cborMap([
      [1, 2],
      [-1, 1],
      [-2, x],
      [-3, y],
    ]),
  ],
  [
    "a short coordinate",
    cborMap([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, x.subarray(1)],
      [-3, y],
    ]),
  ],
  [
    "a compressed point",
    cborMap([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, x],
      [-3, 1],
    ]),
  ],
  [
    "a parameter more",
    cborMap([
      [1, 2],
      [3, -7],
      [4, 1],
      [-1, 1],
      [-2, x],
      [-3, y],
    ]),
  ],
  [
    "RSA of 1024 bits",
    cborMap([
      [1, 3],
      [3, -257],
      [-1, new Uint8Array(128).fill(255)],
      [-2, Uint8Array.of(1, 0, 1)],
    ]),
  ],
  [
    "RSA with the exponent 3",
    cborMap([
      [1, 3],
      [3, -257],
      [-1, new Uint8Array(256).fill(255)],
      [-2, Uint8Array.of(0, 0, 3)],
    ]),
  ],
  [
    "a private key's part",
    cborMap([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, x],
      [-3, y],
      [-4, x],
    ]),
  ],
];

await group("cose", {}, (test) => {
  for (const algorithm of ["ES256", "EdDSA", "RS256"] as const) {
    test(`a key of ${algorithm} is read as its maker exports it`, () => {
      const { key, jwk } = new SoftwarePasskey(algorithm);
      assert.equal(parseCoseKey(key.cose), { algorithm, jwk });
    });
  }
  for (const [note, bytes] of refusedKeys) {
    test(`a key is refused: ${note}`, async () => {
      await refused(() => parseCoseKey(toBase64Url(bytes)), "document_invalid", /COSE/);
    });
  }
  test("any bytes are read or refused with our own error, and never read twice differently", () => {
    const flipped = fc
      .tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, mask]) => good.map((byte, index) => (index === at ? byte ^ mask : byte)));
    fc.assert(
      fc.property(fc.oneof(flipped, fc.uint8Array({ maxLength: 90 })), (bytes) => {
        try {
          const { jwk } = parseCoseKey(toBase64Url(bytes));
          const part = (text: string | undefined) =>
            Uint8Array.from(Buffer.from(text ?? "", "base64url"));
          const again = cborMap([
            [1, 2],
            [3, -7],
            [-1, 1],
            [-2, part(jwk.x)],
            [-3, part(jwk.y)],
          ]);
          assert.equal(again, Uint8Array.from(bytes));
        } catch (thrown) {
          assert.instance(thrown, SallyportError);
        }
      }),
      { numRuns: 2000 },
    );
  });
  test("an Ed25519 key is the same one as a passkey and raw", async () => {
    const raw = await publicOf("anna");
    const bytes = Uint8Array.from(Buffer.from(raw, "base64url"));
    const cose = toBase64Url(
      cborMap([
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, bytes],
      ]),
    );
    const passkey = { kind: "passkey", algorithm: "EdDSA", cose, credentialId: "AA" } as const;
    assert.is(keyMaterial(passkey), keyMaterial({ kind: "ed25519", public: raw }));
  });
});
