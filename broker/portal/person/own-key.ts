// The browser's own key: Ed25519, made here, not extractable, used without a touch. It signs requests, denials, ends and proofs that only read;
// what gives access is signed by a passkey, or takes a code beside it.
import { toBase64Url } from "../../../shared/bytes.ts";
import { webVerifying } from "../../../shared/crypto/webcrypto.ts";
import type { SignPae } from "../../../shared/document/envelope.ts";
import { keyIdOf, type PublicKey } from "../../../shared/document/keys.ts";
import type { KeyId } from "../../../shared/ids.ts";
import { changeFact, readFact } from "./database.ts";

interface KeptKey {
  readonly privateKey: CryptoKey;
  readonly publicBytes: Uint8Array;
}

export interface OwnKey {
  readonly publicKey: PublicKey;
  readonly keyid: KeyId;
  readonly sign: SignPae;
}

const place = "own";

/** This browser's key; undefined if it has none yet. */
export async function ownKey(): Promise<OwnKey | undefined> {
  const kept = await readFact<KeptKey>("keys", place);
  return kept && describe(kept);
}

/** This browser's key, made now if there is none. Two tabs that make one at the same time end with the same. */
export async function ownKeyOrNew(): Promise<OwnKey> {
  const known = await ownKey();
  if (known !== undefined) return known;
  const pair = (await crypto.subtle.generateKey("Ed25519", false, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const publicBytes = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  await changeFact<KeptKey>(
    "keys",
    place,
    (present) => present ?? { privateKey: pair.privateKey, publicBytes },
  );
  // Whoever cleans up disks must not take a person's key away.
  await navigator.storage.persist().catch(() => false);
  const kept = await ownKey();
  if (kept === undefined) throw new Error("this browser does not keep a key (private window?)");
  return kept;
}

async function describe({ privateKey, publicBytes }: KeptKey): Promise<OwnKey> {
  const publicKey: PublicKey = { kind: "browser", public: toBase64Url(publicBytes) };
  const keyid = await keyIdOf(webVerifying, publicKey);
  return {
    publicKey,
    keyid,
    sign: async (pae) => ({
      keyid,
      sig: new Uint8Array(
        await crypto.subtle.sign("Ed25519", privateKey, pae as Uint8Array<ArrayBuffer>),
      ),
    }),
  };
}
