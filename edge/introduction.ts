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
import type { Clock } from "../shared/clock.ts";
import { messageOf, SallyportError } from "../shared/errors.ts";
import type { SiteId } from "../shared/ids.ts";
import type { Claim } from "./claim.ts";
import { readIfPresent, writeDurably } from "./durable-file.ts";
import type { Identity } from "./identity.ts";
import type { Uplink } from "./link/uplink.ts";
import { postJson } from "./relay-post.ts";
import { sshPublicKeyLine } from "./targets/ssh-host-key.ts";

export interface IntroductionOptions {
  readonly suite: CryptoSuite;
  /** Where the signed introduction is kept. */
  readonly path: string;
  /** Needed until the introduction is signed. */
  readonly claim: Claim | undefined;
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
  if (claim === undefined) {
    throw new SallyportError(
      "config_invalid",
      "the introduction is not signed yet; start with --claim FILE",
    );
  }
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

const firstRetryMs = 1000;
const longestRetryMs = 60_000;

export interface IntroduceOptions {
  readonly uplink: Uplink;
  readonly site: SiteId;
  readonly introduction: Envelope;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Hands the introduction to the relay, again and again until it has it: from then on this edge may sign in. */
export async function introduce(options: IntroduceOptions): Promise<void> {
  const { uplink, site, introduction, clock, log, signal } = options;
  const path = `/api/sites/${site}/documents`;
  const text = JSON.stringify({ envelope: JSON.parse(encodeEnvelope(introduction)) as unknown });
  for (
    let delayMs = firstRetryMs;
    !signal.aborted;
    delayMs = Math.min(delayMs * 2, longestRetryMs)
  ) {
    try {
      const { status, answer } = await postJson(uplink, path, text);
      // 409: the invitation is answered already; if by somebody else, the owner sees two and lists neither.
      if (status === 200 || status === 201 || status === 409) {
        log(
          status === 409
            ? `introduction refused: ${JSON.stringify(answer)}`
            : "introduced; waiting for a manifest that names this edge",
        );
        return;
      }
      // Quoted: a relay writes no lines of its own into the log.
      log(`introduction not taken: ${status} ${JSON.stringify(answer)}`);
    } catch (thrown) {
      log(`introduction not sent: ${messageOf(thrown)}`);
    }
    await pause(clock, delayMs, signal);
  }
}

async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimer(delayMs, resolve);
  const stop = (): void => resolve();
  signal.addEventListener("abort", stop);
  await promise;
  signal.removeEventListener("abort", stop);
  timer[Symbol.dispose]();
}
