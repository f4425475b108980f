// The one handshake in its three kinds (shared/protocol.md, "Handshake"): hello, answer, HPKE over X-Wing with the edge as sender, and every
// key from the exporter over the whole transcript. Pure but for randomness: bytes in, bytes and keys out.
// Invariants: no key serves two directions, epochs or channels; the vendor's side believes only the one edge that it names.
import { concatBytes, lengthPrefixed, toBase64Url, utf8 } from "../bytes.ts";
import type { HpkeContext, Psk } from "../crypto/hpke.ts";
import { setupReceiver, setupSender } from "../crypto/hpke.ts";
import type { CryptoSuite, RecordCipherName } from "../crypto/suite.ts";
import { recordKeyBytes } from "../crypto/suite.ts";
import type { Purpose } from "../document/proof.ts";
import { SallyportError } from "../errors.ts";
import type { ChannelId, EdgeId, SiteId } from "../ids.ts";
import type { RefusalCode } from "./answer.ts";
import { decodeAnswer, encodeUnsigned } from "./answer.ts";
import type { Hello, HelloKind } from "./hello.ts";
import { channelIdBytes, decodeHello, encodeHello, nonceBytes } from "./hello.ts";

const pskBytes = 32;
const protocol = "sallyport channel v1";
const answerContext = utf8("sallyport channel answer v1");

/** What one handshake gives both sides. */
export interface EpochKeys {
  readonly cipher: RecordCipherName;
  /** SHA-256 over hello and answer, both whole and length-prefixed. */
  readonly transcriptHash: Uint8Array;
  readonly vendorToEdge: Uint8Array;
  readonly edgeToVendor: Uint8Array;
  /** For the next epoch of this channel. */
  readonly resume: Psk;
  /** For further channels; used of `open` handshakes alone. */
  readonly further: Psk;
}

/** The one edge that a vendor's side expects: id and Ed25519 key as the verified manifest names them. */
export interface ExpectedEdge {
  readonly id: EdgeId;
  readonly signingKey: Uint8Array;
}

/** What a hello is made from. The kinds `resume` and `further` stand on a key of an earlier handshake. */
export interface HelloRequest {
  readonly site: SiteId;
  readonly edge: EdgeId;
  readonly purpose: Purpose;
  readonly standing?: {
    readonly kind: Exclude<HelloKind, "open">;
    readonly channel: ChannelId;
    readonly number: number;
    readonly psk: Psk;
  };
}

/** A hello that waits for its answer. */
export interface SentHello {
  readonly bytes: Uint8Array;
  readonly hello: Hello;
  readonly privateKey: Uint8Array;
  readonly psk: Psk | undefined;
}

export type Outcome =
  | { readonly outcome: "accepted"; readonly keys: EpochKeys }
  | { readonly outcome: RefusalCode };

/** Makes a hello with a key pair of its own. */
export async function makeHello(suite: CryptoSuite, request: HelloRequest): Promise<SentHello> {
  const { publicKey, privateKey } = await suite.xwingKeyPair();
  const { standing } = request;
  const hello: Hello = {
    kind: standing?.kind ?? "open",
    ciphers: suite.ciphersByPreference(),
    purpose: request.purpose,
    site: request.site,
    edge: request.edge,
    nonce: suite.randomBytes(nonceBytes),
    publicKey,
    ...(standing && {
      standing: { channel: standing.channel, number: standing.number, pskId: standing.psk.id },
    }),
  };
  return { bytes: encodeHello(hello), hello, privateKey, psk: standing?.psk };
}

/**
 * The vendor's side of an answer. Throws `handshake_failed` if the answer is malformed, not of this edge, or names a suite that was not
 * offered. In the PSK kinds the keys prove themselves only when the edge's first record opens.
 */
export async function finishHello(
  suite: CryptoSuite,
  edge: ExpectedEdge,
  sent: SentHello,
  answerBytes: Uint8Array,
): Promise<Outcome> {
  const answer = decodeAnswer(answerBytes, sent.hello.kind === "open");
  if (answer.signature !== undefined) {
    const unsigned = answerBytes.subarray(0, answerBytes.length - answer.signature.length);
    const message = await signedMessage(suite, sent.bytes, unsigned);
    if (!(await suite.ed25519Verify(edge.signingKey, message, answer.signature))) {
      throw new SallyportError("handshake_failed", `answer is not signed by edge "${edge.id}"`);
    }
  }
  if (answer.outcome !== "accepted") return { outcome: answer.outcome };
  if (!sent.hello.ciphers.includes(answer.cipher)) {
    throw new SallyportError("handshake_failed", `suite "${answer.cipher}" was not offered`);
  }
  const context = await setupReceiver(
    suite,
    answer.encapsulation,
    sent.privateKey,
    handshakeInfo(sent.bytes),
    sent.psk,
  );
  sent.privateKey.fill(0);
  const keys = await deriveKeys(suite, context, answer.cipher, sent.bytes, answerBytes);
  return { outcome: "accepted", keys };
}

/** The edge's side: an answer to a hello that it takes, and the keys. `psk` exactly for the PSK kinds. */
export async function answerHello(
  suite: CryptoSuite,
  signingKey: Uint8Array,
  helloBytes: Uint8Array,
  cipher: RecordCipherName,
  psk?: Psk,
): Promise<{ readonly answer: Uint8Array; readonly keys: EpochKeys }> {
  const { publicKey } = decodeHello(helloBytes);
  const context = await setupSender(suite, publicKey, handshakeInfo(helloBytes), psk);
  const unsigned = encodeUnsigned({
    outcome: "accepted",
    cipher,
    nonce: suite.randomBytes(nonceBytes),
    encapsulation: context.encapsulation,
  });
  const answer =
    psk === undefined ? await withSignature(suite, signingKey, helloBytes, unsigned) : unsigned;
  return { answer, keys: await deriveKeys(suite, context, cipher, helloBytes, answer) };
}

/** A signed refusal of whatever was sent as a hello. */
export function refuseHello(
  suite: CryptoSuite,
  signingKey: Uint8Array,
  helloBytes: Uint8Array,
  code: RefusalCode,
): Promise<Uint8Array> {
  return withSignature(suite, signingKey, helloBytes, encodeUnsigned(code));
}

/** The edge chooses what it seals fastest among what it was offered: it is the weaker machine. */
export function chooseCipher(suite: CryptoSuite, hello: Hello): RecordCipherName | undefined {
  return suite.ciphersByPreference().find((cipher) => hello.ciphers.includes(cipher));
}

/** The id of the channel that a handshake founds. */
export function channelIdOf(keys: EpochKeys): ChannelId {
  return toBase64Url(keys.transcriptHash.subarray(0, channelIdBytes)) as ChannelId;
}

async function withSignature(
  suite: CryptoSuite,
  signingKey: Uint8Array,
  helloBytes: Uint8Array,
  unsigned: Uint8Array,
): Promise<Uint8Array> {
  const message = await signedMessage(suite, helloBytes, unsigned);
  return concatBytes(unsigned, await suite.ed25519Sign(signingKey, message));
}

async function signedMessage(
  suite: CryptoSuite,
  helloBytes: Uint8Array,
  unsigned: Uint8Array,
): Promise<Uint8Array> {
  return concatBytes(answerContext, await hashTranscript(suite, helloBytes, unsigned));
}

function hashTranscript(
  suite: CryptoSuite,
  helloBytes: Uint8Array,
  answerBytes: Uint8Array,
): Promise<Uint8Array> {
  return suite.sha256(lengthPrefixed(helloBytes), lengthPrefixed(answerBytes));
}

function handshakeInfo(helloBytes: Uint8Array): Uint8Array {
  return concatBytes(utf8(protocol), lengthPrefixed(helloBytes));
}

async function deriveKeys(
  suite: CryptoSuite,
  context: HpkeContext,
  cipher: RecordCipherName,
  helloBytes: Uint8Array,
  answerBytes: Uint8Array,
): Promise<EpochKeys> {
  const transcriptHash = await hashTranscript(suite, helloBytes, answerBytes);
  const derive = (label: string, length: number) =>
    context.export(concatBytes(utf8(`${protocol} ${label}`), transcriptHash), length);
  const derivePsk = async (label: string): Promise<Psk> => {
    const key = await derive(label, pskBytes);
    return { key, id: await suite.sha256(key) };
  };
  return {
    cipher,
    transcriptHash,
    vendorToEdge: await derive("vendor to edge", recordKeyBytes),
    edgeToVendor: await derive("edge to vendor", recordKeyBytes),
    resume: await derivePsk("resume"),
    further: await derivePsk("further"),
  };
}
