// Coming up by a claim: the box signs its own keys together with the one-time key, and the owner's code lists them without anybody comparing anything.
// Invariant: a box introduces itself once per claim; what it signed is kept and sent again, never signed anew.
import { fromBase64Url, toBase64Url } from "../shared/bytes.ts";
import type { CryptoSuite } from "../shared/crypto/suite.ts";
import {
  encodeEnvelope,
  hashEnvelope,
  parseEnvelope,
  signEnvelope,
  type Envelope,
} from "../shared/document/envelope.ts";
import { embed } from "../shared/document/fields.ts";
import type { Introduction } from "../shared/document/introduction.ts";
import { ed25519Signer } from "../shared/document/signer.ts";
import type { Claim } from "./claim.ts";
import { readIfPresent, writeDurably } from "./durable-file.ts";
import type { Identity } from "./identity.ts";
import { sshPublicKeyLine } from "./targets/ssh-host-key.ts";

export interface IntroductionOptions {
  readonly suite: CryptoSuite;
  /** Where the signed introduction is kept. */
  readonly path: string;
  readonly claim: Claim;
  readonly identity: Identity;
  /** Unix seconds. */
  readonly nowAt: number;
  /** Makes the first checkpoint, so that a grant always finds an anchor. */
  readonly makeCheckpoint: () => Promise<Envelope>;
}

/** The box's introduction under its claim: the one that is kept, else a new one. */
export async function openIntroduction(options: IntroductionOptions): Promise<Envelope> {
  const { suite, path, claim, identity } = options;
  const kept = await readIfPresent(path);
  if (kept !== undefined) return parseEnvelope(new Uint8Array(kept));
  const payload: Introduction = {
    site: claim.site,
    invitation: await hashEnvelope(claim.invitation),
    keys: [],
    edge: {
      signingKey: toBase64Url(identity.signing.publicKey),
      sealingKey: toBase64Url(identity.sealing.publicKey),
      sshHostKey: sshPublicKeyLine(identity.sshHost.publicKey),
      checkpoint: embed(await options.makeCheckpoint()),
    },
    issuedAt: options.nowAt,
  };
  const oneTime = await suite.ed25519KeyPair(fromBase64Url(claim.privateKey));
  const introduction = await signEnvelope("introduction", payload, [
    ed25519Signer(suite, oneTime),
    identity.sign,
  ]);
  await writeDurably(path, encodeEnvelope(introduction));
  return introduction;
}
