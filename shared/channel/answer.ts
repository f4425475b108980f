// The answer of the edge to a hello (shared/protocol.md, "Answer"): accepted, with its part of the key agreement, or a reason why not.
// A refusal is signed, so that a relay cannot end a channel by claiming that the edge has forgotten it.
import { concatBytes } from "../bytes.ts";
import type { RecordCipherName } from "../crypto/suite.ts";
import { ed25519SignatureBytes, xwingEncapsulationBytes } from "../crypto/suite.ts";
import { FieldReader } from "./fixed-bytes.ts";
import { cipherOfSuite, nonceBytes, protocolVersion, suiteCode } from "./hello.ts";

/** `unknown`: no such channel, number or key here. `unsupported`: version or suites. `busy`: too many at once, try again. */
const refusals = ["unknown", "unsupported", "busy"] as const;
export type RefusalCode = (typeof refusals)[number];

export interface AcceptedAnswer {
  readonly outcome: "accepted";
  readonly cipher: RecordCipherName;
  readonly nonce: Uint8Array;
  readonly encapsulation: Uint8Array;
  /** Exactly for the kind `open`; the PSK kinds are authenticated by their key. */
  readonly signature?: Uint8Array;
}

export interface RefusedAnswer {
  readonly outcome: RefusalCode;
  readonly signature: Uint8Array;
}

export type Answer = AcceptedAnswer | RefusedAnswer;

/** The answer's bytes up to its signature: what the signature covers. */
export function encodeUnsigned(
  answer: Omit<AcceptedAnswer, "signature"> | RefusalCode,
): Uint8Array {
  if (typeof answer === "string") {
    return Uint8Array.of(protocolVersion, refusals.indexOf(answer) + 1);
  }
  return concatBytes(
    Uint8Array.of(protocolVersion, 0, suiteCode(answer.cipher)),
    answer.nonce,
    answer.encapsulation,
  );
}

/** Throws `handshake_failed` for anything but one answer of this version to a hello of that kind. */
export function decodeAnswer(bytes: Uint8Array, isOpen: boolean): Answer {
  const reader = new FieldReader("answer", bytes);
  const version = reader.byte();
  if (version !== protocolVersion) throw reader.fault(`has version ${version}, expected 1`);
  const outcome = reader.byte();
  if (outcome !== 0) {
    const refusal = refusals[outcome - 1];
    if (refusal === undefined) throw reader.fault(`has unknown outcome ${outcome}`);
    const signature = reader.bytes(ed25519SignatureBytes);
    reader.finish();
    return { outcome: refusal, signature };
  }
  const suite = reader.byte();
  const cipher = cipherOfSuite(suite);
  if (cipher === undefined) throw reader.fault(`has unknown suite ${suite}`);
  const accepted: AcceptedAnswer = {
    outcome: "accepted",
    cipher,
    nonce: reader.bytes(nonceBytes),
    encapsulation: reader.bytes(xwingEncapsulationBytes),
    ...(isOpen && { signature: reader.bytes(ed25519SignatureBytes) }),
  };
  reader.finish();
  return accepted;
}
