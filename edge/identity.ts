// Who this box is: three key pairs, made on it at its first start and never shown (shared/protocol.md, "edge").
// Invariant: an edge's id is the fingerprint of its own signing key, so nobody assigns or takes over a name.
import * as v from "valibot";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../shared/bytes.ts";
import {
  seedBytes,
  type CryptoSuite,
  type Ed25519KeyPair,
  type XWingKeyPair,
} from "../shared/crypto/suite.ts";
import type { SignPae } from "../shared/document/envelope.ts";
import { edgeIdOf } from "../shared/document/keys.ts";
import { ed25519Signer } from "../shared/document/signer.ts";
import type { EdgeId } from "../shared/ids.ts";
import { readSealedFile, writeSealedFile } from "./sealed-file.ts";

const purpose = "identity";

export interface Identity {
  readonly edge: EdgeId;
  /** Documents, sign-in and handshakes. */
  readonly signing: Ed25519KeyPair;
  /** Secrets, devices and recordings are sealed to it. */
  readonly sealing: XWingKeyPair;
  /** The host key of the SSH server inside a channel. */
  readonly sshHost: Ed25519KeyPair;
  readonly sign: SignPae;
}

const seedsSchema = v.strictObject({
  signing: v.string(),
  sealing: v.string(),
  sshHost: v.string(),
});

/** The box's keys out of a file sealed under `key`; made and stored if there is none. */
export async function openIdentity(
  suite: CryptoSuite,
  path: string,
  key: Uint8Array,
): Promise<Identity> {
  const stored = await readSealedFile(suite, path, key, purpose);
  const seeds =
    stored === undefined ? makeSeeds(suite) : v.parse(seedsSchema, JSON.parse(fromUtf8(stored)));
  if (stored === undefined) {
    await writeSealedFile(suite, path, key, purpose, utf8(JSON.stringify(seeds)));
  }
  const signing = await suite.ed25519KeyPair(seedOf(seeds.signing));
  return {
    edge: await edgeIdOf(suite, toBase64Url(signing.publicKey)),
    signing,
    sealing: await suite.xwingKeyPair(seedOf(seeds.sealing)),
    sshHost: await suite.ed25519KeyPair(seedOf(seeds.sshHost)),
    sign: ed25519Signer(suite, signing),
  };
}

function makeSeeds(suite: CryptoSuite): v.InferOutput<typeof seedsSchema> {
  const seed = () => toBase64Url(suite.randomBytes(seedBytes));
  return { signing: seed(), sealing: seed(), sshHost: seed() };
}

const seedOf = (text: string): Uint8Array => fromBase64Url(text, seedBytes);
