// The attestation (shared/protocol.md, "attestation"): the relay's word that a person gave a good TOTP code for this very handshake.
// The edge believes it for that person and that handshake alone; without the person's key it opens nothing.
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { Attestation } from "../../shared/document/attestation.ts";
import { signEnvelope, type Envelope, type SignPae } from "../../shared/document/envelope.ts";
import type { Totp, TotpPerson } from "./totp.ts";

export class Attestations {
  readonly #totp: Totp;
  readonly #sign: SignPae;
  readonly #clock: Clock;

  constructor(totp: Totp, sign: SignPae, clock: Clock) {
    this.#totp = totp;
    this.#sign = sign;
    this.#clock = clock;
  }

  /** Spends the code and signs; throws as `Totp.verify`. `transcript` is the handshake's hash, base64url. */
  async attest(who: TotpPerson, code: string, transcript: string): Promise<Envelope> {
    const timeStep = await this.#totp.verify(who, code);
    const { site, person } = who;
    const issuedAt = wallSeconds(this.#clock);
    const payload: Attestation = { site, person, transcript, timeStep, issuedAt };
    return signEnvelope("attestation", payload, [this.#sign]);
  }
}
