// protocol.md, "Signatures by passkey": every check of an assertion, each with the attack that it stops.
import * as assert from "uvu/assert";
import { concatBytes, toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { pae, signEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { verifyGrant } from "../../../shared/document/grant.ts";
import { verifyIntroduction } from "../../../shared/document/introduction.ts";
import { verifyInvitation } from "../../../shared/document/invitation.ts";
import type { PublicKey } from "../../../shared/document/keys.ts";
import { parseRegistration, passkeySigner } from "../../../shared/document/passkey.ts";
import { verifyDocument, type SignatureRules } from "../../../shared/document/verify.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import {
  keyOf,
  PaperSite,
  paperAt,
  paperPolicy,
  publicOf,
  refused,
  signed,
  signerOf,
  suite,
} from "./paper-site.ts";
import { SoftwarePasskey, type Touch } from "./software-passkey.ts";

const passkey = new SoftwarePasskey("ES256");
const stranger = new SoftwarePasskey("ES256");
const payload = { a: 1 };
const signing = { rpId: "sign.example.org", origins: ["https://sign.example.org"] };
const upAndUv = 0x05;
const backupEligible = 0x08;
const backedUp = 0x10;

async function touched(fault: Partial<Touch> = {}, by = passkey, as = passkey): Promise<Envelope> {
  const sign = passkeySigner(suite, as.key, async (challenge) => by.assert(challenge, fault));
  return signEnvelope("deny", payload, [sign]);
}

async function verify(
  envelope: Envelope,
  rules: Partial<SignatureRules> = {},
  key: PublicKey = passkey.key,
): Promise<unknown> {
  const candidates = [{ name: "anna", key }];
  return verifyDocument(suite, envelope, payload, candidates, { signing, ...rules });
}

const faults: readonly [attack: string, fault: Partial<Touch>, expected: RegExp][] = [
  [
    "a registration passed off as a signature",
    { client: { type: "webauthn.create" } },
    /webauthn.get/,
  ],
  ["a payment passed off as a signature", { client: { type: "payment.get" } }, /webauthn.get/],
  [
    "a touch for another document",
    { client: { challenge: toBase64Url(new Uint8Array(32)) } },
    /challenge/,
  ],
  [
    "a challenge in another spelling",
    { client: { challenge: `${toBase64Url(new Uint8Array(32))}=` } },
    /challenge/,
  ],
  [
    "a touch on another page",
    { client: { origin: "https://evil.example.org" } },
    /origin "https:\/\/evil/,
  ],
  ["a touch on the page without TLS", { client: { origin: "http://sign.example.org" } }, /origin/],
  ["a touch on another port", { client: { origin: "https://sign.example.org:444" } }, /origin/],
  ["an origin in another spelling", { client: { origin: "https://sign.example.org/" } }, /origin/],
  ["an origin in capital letters", { client: { origin: "https://SIGN.example.org" } }, /origin/],
  ["no origin", { client: { origin: undefined } }, /origin/],
  ["the signing page in a foreign frame", { client: { crossOrigin: true } }, /crossOrigin/],
  ["a frame that hides as a text", { client: { crossOrigin: "false" } }, /crossOrigin/],
  [
    "a frame below another top page",
    { client: { topOrigin: "https://evil.example.org" } },
    /topOrigin/,
  ],
  ["a touch for another relying party", { rpId: "example.org" }, /relying party/],
  ["a signature without a touch", { flags: 0x04 }, /UP/],
  ["a touch by whoever holds the phone", { flags: 0x01 }, /UV/],
  ["a backup that cannot be", { flags: upAndUv | backedUp }, /without being eligible/],
  ["extensions that nobody asked for", { extensions: Uint8Array.of(0xa0) }, /38 bytes/],
];

await group("passkey", {}, (test) => {
  test("an assertion of each algorithm over the document's hash is verified", async () => {
    for (const algorithm of ["ES256", "EdDSA", "RS256"] as const) {
      const own = new SoftwarePasskey(algorithm);
      await verify(await touched({}, own, own), {}, own.key);
    }
  });
  for (const [attack, fault, expected] of faults) {
    test(`an assertion is refused: ${attack}`, async () => {
      const envelope = await touched(fault);
      await refused(() => verify(envelope), "signature_invalid", expected);
    });
  }
  test("a key that the browser adds to its client data is no fault", async () => {
    await verify(await touched({ client: { other_keys_can_be_added_here: "do not compare" } }));
    await verify(await touched({ client: { crossOrigin: undefined } }));
  });
  test("a passkey that may leave its device is refused where the policy wants it bound", async () => {
    const synced = await touched({ flags: upAndUv | backupEligible | backedUp });
    await verify(synced);
    const act = () => verify(synced, { deviceBound: true });
    await refused(act, "signature_invalid", /BE/);
    await verify(await touched(), { deviceBound: true });
  });
  test("an assertion by another passkey is refused, whatever key id it claims", async () => {
    const envelope = await touched({}, stranger);
    await refused(() => verify(envelope), "signature_invalid", /does not verify/);
  });
  test("the stored key's algorithm decides: an assertion of another one is refused", async () => {
    const envelope = await touched({}, new SoftwarePasskey("EdDSA"));
    await refused(() => verify(envelope), "signature_invalid", /does not verify/);
  });
  test("an assertion is refused in another document", async () => {
    const envelope = await touched();
    const other = { ...envelope, type: "revocation" };
    await refused(() => verify(other), "signature_invalid", /challenge/);
  });
  test("a site without a signing page has no passkeys", async () => {
    const envelope = await touched();
    await refused(
      () => verify(envelope, { signing: null }),
      "signature_invalid",
      /no signing page/,
    );
  });
  test("client data that is too long, or no JSON object, is refused", async () => {
    const long = await touched({ client: { more: "x".repeat(1024) } });
    await refused(() => verify(long), "signature_invalid", /exceeds 1024/);
    const [signature] = long.signatures;
    assert.ok(signature?.passkey);
    for (const text of ["", "[", "null", "7"]) {
      const clientDataJSON = new TextEncoder().encode(text);
      const bad = { ...signature, passkey: { ...signature.passkey, clientDataJSON } };
      const act = () => verify({ ...long, signatures: [bad] });
      await refused(act, "signature_invalid", /client data/);
    }
  });
  test("an Ed25519 signature does not pass for a passkey's, nor the other way round", async () => {
    const message = pae("deny", (await touched()).payload);
    const raw = await (await signerOf("anna"))(message);
    const [assertion] = (await touched()).signatures;
    assert.ok(assertion?.passkey);
    const asPasskey = { ...(await touched()), signatures: [{ ...raw, keyid: assertion.keyid }] };
    await refused(() => verify(asPasskey), "signature_invalid", /assertion is missing/);
    const anna = await keyOf("anna");
    const asRaw = { ...(await touched()), signatures: [{ ...raw, passkey: assertion.passkey }] };
    await refused(() => verify(asRaw, {}, anna), "signature_invalid", /Ed25519 key with a passkey/);
  });
  test("a registration gives the key that introductions list", () => {
    assert.equal(parseRegistration(passkey.register()), passkey.key);
  });
  test("what a security key says of credProtect behind its key does not enter the key", async () => {
    const said = Uint8Array.of(0xa1, 0x6b, ...utf8("credProtect"), 0x02);
    const registration = concatBytes(passkey.register(), said);
    const behind = registration.map((byte, at) => (at === 32 ? byte | 0x80 : byte));
    assert.equal(parseRegistration(behind), passkey.key);
    await refused(() => parseRegistration(registration), "document_invalid", /bytes after its end/);
  });
  test("a registration without a credential, without the extensions it names or cut short is refused", async () => {
    const registration = passkey.register();
    const without = registration.map((byte, at) => (at === 32 ? byte & ~0x40 : byte));
    const extended = registration.map((byte, at) => (at === 32 ? byte | 0x80 : byte));
    for (const bad of [
      without,
      extended,
      registration.subarray(0, -1),
      registration.subarray(0, 37),
    ]) {
      await refused(() => parseRegistration(bad), "document_invalid", /registration|COSE/);
    }
  });
  test("a passkey introduces itself and approves a job under a policy of passkeys", async () => {
    const first = await PaperSite.make();
    const invitation = await verifyInvitation(
      await signed(
        "invitation",
        {
          site: first.id,
          invitation: toBase64Url(new Uint8Array(16)),
          publicKey: await publicOf("one-time"),
          subject: { kind: "person", id: "pia", name: "Pia", roles: ["approver"] },
          issuedAt: paperAt,
          untilAt: paperAt + 60,
        },
        "anna",
      ),
      first.held(),
    );
    const sign = passkeySigner(suite, passkey.key, async (challenge) => passkey.assert(challenge));
    const keys = [passkey.key];
    const answer = {
      site: first.id,
      invitation: invitation.hash,
      keys,
      edge: null,
      issuedAt: paperAt,
    };
    const envelope = await signEnvelope("introduction", answer, [await signerOf("one-time"), sign]);
    await verifyIntroduction(envelope, first.held(), invitation);

    const pia = { id: "pia" as PersonId, name: "Pia", roles: ["approver" as const], keys };
    const site = await first.succeed({
      persons: [...first.manifest.persons, pia],
      policies: [{ ...paperPolicy, passkeysOnly: true }, ...first.manifest.policies.slice(1)],
    });
    const request = await site.verifiedRequest({
      targets: [{ id: "hmi" as never, rights: ["exec"] }],
    });
    const grant = await site.grant(request);
    const approved = await verifyGrant(await signEnvelope("grant", grant, [sign]), site.held(), {
      request,
    });
    assert.is(approved.signers[0]?.name, "pia");
  });
});
