// The browser's passkeys: one touch for a document, one for a new key (WebAuthn Level 3 §5.1). Nothing else on this page calls an authenticator.
// Invariant: the challenge is SHA-256 of the PAE of the bytes that were shown, and user verification is always asked for.
import { fromBase64Url } from "../../shared/bytes.ts";
import { webVerifying } from "../../shared/crypto/webcrypto.ts";
import { pae, type Envelope, type EnvelopeSignature } from "../../shared/document/envelope.ts";
import { keyIdOf, type PasskeyPublic } from "../../shared/document/keys.ts";
import { parseRegistration, verifyAssertion } from "../../shared/document/passkey.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { RegisterAsk } from "../../shared/signing-page.ts";

/** A person at a device may look for a security key first. */
const touchMs = 120_000;
/** What `shared/document/cose.ts` reads: ES256, EdDSA, RS256. */
const algorithms = [-7, -8, -257];
const userHandleBytes = 32;

/** False where this browser or address has no passkeys. */
export function hasPasskeys(): boolean {
  return isSecureContext && typeof PublicKeyCredential === "function";
}

/** Signs the document by one of the keys; undefined if the person, or the device, said no. Throws `signature_invalid` for an answer that no edge would take. */
export async function signByPasskey(
  { type, payload }: Envelope,
  keys: readonly PasskeyPublic[],
  { rpId, page }: { readonly rpId: string; readonly page: string },
): Promise<EnvelopeSignature | undefined> {
  const message = pae(type, payload);
  const credential = await orNothing(
    navigator.credentials.get({
      publicKey: {
        challenge: plain(await webVerifying.sha256(message)),
        rpId,
        userVerification: "required",
        timeout: touchMs,
        allowCredentials: keys.map((key) => ({
          type: "public-key" as const,
          id: plain(fromBase64Url(key.credentialId)),
        })),
      },
    }),
  );
  if (!isAssertion(credential)) return undefined;
  const { authenticatorData, clientDataJSON, signature } = credential.response;
  const used = keys.find((key) => key.credentialId === credential.id);
  if (used === undefined) {
    throw new SallyportError("signature_invalid", "another passkey has answered");
  }
  const made: EnvelopeSignature = {
    keyid: await keyIdOf(webVerifying, used),
    sig: new Uint8Array(signature),
    passkey: {
      authenticatorData: new Uint8Array(authenticatorData),
      clientDataJSON: new Uint8Array(clientDataJSON),
    },
  };
  // What an edge would refuse is better known now than at the device.
  const signing = { rpId, origins: [page] };
  await verifyAssertion(webVerifying, used, message, made, { signing, deviceBound: false });
  return made;
}

/** Makes a passkey; undefined if the person, or the device, said no. */
export async function makePasskey(
  { person, name, site }: RegisterAsk,
  rpId: string,
): Promise<PasskeyPublic | undefined> {
  const credential = await orNothing(
    navigator.credentials.create({
      publicKey: {
        // The introduction's own signature by this key shows that it is held, so nothing is attested here.
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        rp: { id: rpId, name: "Sallyport" },
        user: {
          // Random: a second passkey of a person must not take the place of the first in the same account.
          id: crypto.getRandomValues(new Uint8Array(userHandleBytes)),
          name: site === null ? person : `${person} (${site.slice(0, 8)})`,
          displayName: name,
        },
        pubKeyCredParams: algorithms.map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        attestation: "none",
        timeout: touchMs,
      },
    }),
  );
  return isAttestation(credential)
    ? parseRegistration(new Uint8Array(credential.response.getAuthenticatorData()))
    : undefined;
}

// Browsers say the same for "no", "too late" and "no such passkey here", so that pages cannot search for people.
async function orNothing(answer: Promise<Credential | null>): Promise<Credential | null> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof DOMException && saidNo.has(thrown.name)) return null;
    throw thrown;
  }
}

const saidNo: ReadonlySet<string> = new Set(["NotAllowedError", "AbortError", "InvalidStateError"]);

type Answered<Response extends AuthenticatorResponse> = PublicKeyCredential & {
  readonly response: Response;
};

function isAssertion(
  credential: Credential | null,
): credential is Answered<AuthenticatorAssertionResponse> {
  return (
    credential instanceof PublicKeyCredential &&
    credential.response instanceof AuthenticatorAssertionResponse
  );
}

function isAttestation(
  credential: Credential | null,
): credential is Answered<AuthenticatorAttestationResponse> {
  return (
    credential instanceof PublicKeyCredential &&
    credential.response instanceof AuthenticatorAttestationResponse
  );
}

// WebAuthn's types want memory that is not shared between threads; ours never is.
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
