// The secret document: what the edge injects into a target, readable by its edge alone (shared/protocol.md, "secret").
// Invariant: versions only rise, so a relay can bring back no password that was changed since.
import * as v from "valibot";
import { fromUtf8, utf8 } from "../bytes.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import type { Envelope } from "./envelope.ts";
import {
  documentInvalid,
  edgeId,
  parsePayload,
  record,
  siteId,
  targetId,
  version,
  word,
} from "./fields.ts";
import { requireTarget, verifyByRoles, type Held } from "./held.ts";
import {
  openBox,
  requireRecoveryBox,
  sealBoxes,
  sealed,
  sealedInfo,
  type Holder,
  type Recipients,
} from "./sealed.ts";
import { parseStrictJson } from "./strict-json.ts";
import type { Verified } from "./verify.ts";

const context = "sallyport secret v1";

const schema = record({
  site: siteId,
  edge: edgeId,
  target: targetId,
  /** Which of a target's secrets; the one that is injected at sign-in is called `login`. */
  name: word,
  version,
  sealed,
});
export type SecretDocument = v.InferOutput<typeof schema>;
/** Whose secret it is, and which version. */
export type SecretPlace = Omit<SecretDocument, "sealed">;

const line = (max: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(max));

/** Its messages may quote what they refuse: whoever uses it alone shows none of them. */
export const secretInClear = v.variant("kind", [
  record({ kind: v.literal("password"), password: line(1024) }),
  record({ kind: v.literal("ssh-key"), privateKey: line(8192) }),
]);
/** What the edge injects, in clear. */
export type Secret = v.InferOutput<typeof secretInClear>;

/** Reads a secret document's payload; throws `document_invalid`. Checks no signature. */
export function parseSecretDocument(envelope: Envelope): SecretDocument {
  return parsePayload(envelope, "secret", schema);
}

/** Reads a secret's plaintext; throws `document_invalid` or `json_invalid`. No message quotes any of it. */
export function parseSecret(plaintext: Uint8Array): Secret {
  const result = v.safeParse(secretInClear, parseStrictJson(fromUtf8(plaintext)));
  if (!result.success) throw documentInvalid("secret is neither a password nor an SSH key");
  return result.output;
}

/** The plaintext of a secret; throws `document_invalid`. */
export function encodeSecret(value: Secret): Uint8Array {
  const plaintext = utf8(JSON.stringify(value));
  parseSecret(plaintext);
  return plaintext;
}

/** The payload that carries the secret to its edge and to the recovery key. */
export async function sealSecret(
  suite: CryptoSuite,
  { site, edge, target, name, version: number }: SecretPlace,
  recipients: Recipients,
  value: Secret,
): Promise<SecretDocument> {
  const place = { site, edge, target, name, version: number };
  const boxes = await sealBoxes(suite, recipients, infoOf(place), encodeSecret(value));
  return { ...place, sealed: boxes };
}

/** Opens a secret document; throws `record_invalid` if it was sealed for another place or key. */
export async function openSecret(
  suite: CryptoSuite,
  document: SecretDocument,
  holder: Holder,
): Promise<Secret> {
  return parseSecret(await openBox(suite, document.sealed, holder, infoOf(document)));
}

/**
 * The secret document, if an owner signed it, the manifest lists that target on that edge, and its version rises above the one in the vault
 * (0 for none); throws otherwise.
 */
export async function verifySecret(
  envelope: Envelope,
  held: Held,
  vaultVersion: number,
): Promise<Verified<SecretDocument>> {
  const payload = parseSecretDocument(envelope);
  requireTarget(payload.target, payload.edge, held);
  // Attack: an old password, perhaps known to somebody by now, brought back by the relay.
  if (payload.version <= vaultVersion) {
    throw documentInvalid(`secret has version ${payload.version}, the vault ${vaultVersion}`);
  }
  requireRecoveryBox(payload.sealed, held.manifest.payload);
  return verifyByRoles(envelope, payload, held, "owner");
}

function infoOf({ site, edge, target, name, version: number }: SecretPlace): Uint8Array {
  return sealedInfo(context, [site, edge, target, name, String(number)]);
}
