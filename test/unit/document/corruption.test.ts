// protocol.md, "Documents": no byte of a signed document can be changed, added or cut. One valid document of each type, and fast-check.
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { verifyAttestation } from "../../../shared/document/attestation.ts";
import { verifyCheckpoint } from "../../../shared/document/checkpoint.ts";
import { verifyDeny, verifyReceipt } from "../../../shared/document/denial.ts";
import { sealDevice, verifyDevice } from "../../../shared/document/device.ts";
import {
  encodeEnvelope,
  hashEnvelope,
  parseEnvelope,
  signEnvelope,
  type Envelope,
} from "../../../shared/document/envelope.ts";
import { verifyGrant } from "../../../shared/document/grant.ts";
import { verifyIntroduction } from "../../../shared/document/introduction.ts";
import { verifyInvitation } from "../../../shared/document/invitation.ts";
import { verifyLift, verifyLockdown } from "../../../shared/document/lockdown.ts";
import { passkeySigner } from "../../../shared/document/passkey.ts";
import { verifyProof } from "../../../shared/document/proof.ts";
import { verifyRelease } from "../../../shared/document/release.ts";
import { verifyRequest } from "../../../shared/document/request.ts";
import { verifyRevocation } from "../../../shared/document/revocation.ts";
import { verifyRoster } from "../../../shared/document/roster.ts";
import { sealSecret, verifySecret } from "../../../shared/document/secret.ts";
import { verifySignIn } from "../../../shared/document/sign-in.ts";
import { acceptFirst, acceptNext } from "../../../shared/document/succession.ts";
import { verifyDocument } from "../../../shared/document/verify.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { PersonId, TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { keyOf, PaperSite, paperAt, publicOf, signed, suite, transcript } from "./paper-site.ts";
import { SoftwarePasskey } from "./software-passkey.ts";

const site = await PaperSite.make();
const held = site.held();
const edge = site.edge.id;
const hash = toBase64Url(new Uint8Array(32).fill(5));
const common = { site: site.id, reason: "", issuedAt: paperAt };
const request = await site.verifiedRequest();
const place = { site: site.id, edge, target: "hmi" as TargetId, version: 1 };
const recipients = { edge: site.edge.sealingKey, recovery: site.manifest.recovery?.xwing ?? null };
const secret = await sealSecret(suite, { ...place, name: "login" }, recipients, {
  kind: "password",
  password: "x",
});
const device = await sealDevice(suite, place, recipients, { kind: "tcp", host: "h", ports: [502] });
const invitation = {
  site: site.id,
  invitation: toBase64Url(new Uint8Array(16)),
  publicKey: await publicOf("one-time"),
  subject: { kind: "person", id: "nora", name: "Nora", roles: ["owner"] },
  issuedAt: paperAt,
  untilAt: paperAt + 60,
};
const invited = await verifyInvitation(await signed("invitation", invitation, "anna"), held);
const passkey = new SoftwarePasskey("ES256");
const touch = passkeySigner(suite, passkey.key, async (challenge) => passkey.assert(challenge));
const entry = { edge, entry: hash, scope: { kind: "target" as const, id: "hmi" as TargetId } };
const session = { site: site.id, edge, purpose: "session" as const, person: "vera", request: hash };
const signIn = { relay: "r", nonce: hash, person: null, site: null, issuedAt: paperAt };

async function acceptedNext(envelope: Envelope): Promise<void> {
  const step = await acceptNext(suite, envelope, site.chain);
  if (step.outcome === "refused") throw step.error;
  assert.is(step.outcome, "accepted");
}

const documents: readonly [Envelope, (envelope: Envelope) => Promise<unknown>][] = [
  [site.chain.held.envelope, (envelope) => acceptFirst(suite, envelope, site.id)],
  [await signed("manifest", site.next(), "anna", "ben"), acceptedNext],
  [await signed("roster", await site.roster(), "adam"), (envelope) => verifyRoster(envelope, held)],
  [invited.envelope, (envelope) => verifyInvitation(envelope, held)],
  [
    await signed(
      "introduction",
      {
        site: site.id,
        invitation: invited.hash,
        keys: [await keyOf("nora")],
        edge: null,
        issuedAt: paperAt,
      },
      "one-time",
      "nora",
    ),
    (envelope) => verifyIntroduction(envelope, held, invited),
  ],
  [request.envelope, (envelope) => verifyRequest(envelope, held)],
  [
    await signed("grant", await site.grant(request), "anna", "cleo"),
    (envelope) => verifyGrant(envelope, held, { request }),
  ],
  [
    await signed("revocation", { ...common, edge, scope: { kind: "person", id: "vera" } }, "cleo"),
    (envelope) => verifyRevocation(envelope, held),
  ],
  [
    await signed(
      "lockdown",
      { ...common, scope: { kind: "site" }, nonce: invitation.invitation },
      "cleo",
    ),
    (envelope) => verifyLockdown(envelope, held),
  ],
  [
    await signed("lift", { ...common, edge, lockdown: hash }, "cleo"),
    (envelope) => verifyLift(envelope, held, entry),
  ],
  [await signed("secret", secret, "anna"), (envelope) => verifySecret(envelope, held, 0)],
  [await signed("device", device, "anna"), (envelope) => verifyDevice(envelope, held)],
  [
    await signed("proof", { ...session, grant: hash, transcript, issuedAt: paperAt }, "vera"),
    (envelope) => verifyProof(envelope, held, { edge, purpose: "session", transcript }),
  ],
  [
    await signed("sign-in", signIn, "vera"),
    (envelope) => verifySignIn(envelope, held, { relay: "r", nonce: hash }),
  ],
  [
    await signed(
      "attestation",
      { site: site.id, person: "vera", transcript, timeStep: 1, issuedAt: paperAt },
      "relay",
    ),
    (envelope) => verifyAttestation(envelope, held, { person: "vera" as PersonId, transcript }),
  ],
  [
    await signed("deny", { ...common, request: hash }, "cleo"),
    (envelope) => verifyDeny(envelope, held),
  ],
  [
    await signed(
      "receipt",
      {
        site: site.id,
        edge,
        document: hash,
        outcome: "done",
        reason: null,
        entry: { index: 1, hash },
        at: paperAt,
      },
      "edge",
    ),
    (envelope) => verifyReceipt(envelope, held),
  ],
  [await site.anchor(), (envelope) => verifyCheckpoint(suite, envelope, site.id, site.edge)],
  [
    await signed(
      "release",
      { version: 3, bundle: hash, floor: 2, issuedAt: paperAt },
      "release a",
      "release b",
    ),
    (envelope) => verifyRelease(envelope, held),
  ],
];

const byPasskey = await signEnvelope("deny", { ...common, request: hash }, [touch]);
const verifyByPasskey = (envelope: Envelope) =>
  verifyDocument(suite, envelope, {}, [{ name: "pia", key: passkey.key }], {
    signing: site.manifest.signing,
  });

/** True if the text is refused with our own error; anything else that is thrown is a fault of ours. */
async function isRefused(
  text: Uint8Array,
  verify: (envelope: Envelope) => Promise<unknown>,
): Promise<boolean> {
  try {
    await verify(parseEnvelope(text));
    return false;
  } catch (thrown) {
    if (thrown instanceof SallyportError) return true;
    throw thrown;
  }
}

await group("corruption", { timeoutMs: 60_000 }, (test) => {
  for (const [index, [envelope, verify]] of [
    ...documents,
    [byPasskey, verifyByPasskey] as const,
  ].entries()) {
    const text = utf8(encodeEnvelope(envelope));
    test(`document ${index} (${envelope.type}) is verified as it is`, async () => {
      assert.not.ok(await isRefused(text, verify));
    });
    test(`document ${index} (${envelope.type}) is refused with any one byte changed`, async () => {
      const place = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }));
      await fc.assert(
        fc.asyncProperty(place, async ([at, mask]) => {
          const changed = text.map((byte, offset) => (offset === at ? byte ^ mask : byte));
          return isRefused(changed, verify);
        }),
        { numRuns: 150 },
      );
    });
    test(`document ${index} (${envelope.type}) is refused with any byte more, or cut anywhere`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(text.length - 1), fc.nat(255), async (at, byte) => {
          const longer = Uint8Array.from([...text.subarray(0, at), byte, ...text.subarray(at)]);
          return (await isRefused(text.subarray(0, at), verify)) && isRefused(longer, verify);
        }),
        { numRuns: 100 },
      );
    });
  }
  test("a document signed as one type is refused as every other", async () => {
    for (const [envelope] of documents) {
      for (const [other, verify] of documents) {
        if (other.type === envelope.type) continue;
        const renamed = { ...envelope, type: other.type };
        assert.ok(
          await isRefused(utf8(encodeEnvelope(renamed)), verify),
          `${envelope.type} as ${other.type}`,
        );
        assert.ok(await isRefused(utf8(encodeEnvelope(envelope)), verify));
      }
    }
  });
  test("a document's hash stands for its bytes and type, whoever signed", async () => {
    const hashes = await Promise.all(documents.map(([envelope]) => hashEnvelope(envelope)));
    assert.is(new Set(hashes).size, documents.length);
  });
});
