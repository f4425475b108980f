// The second factor of those who sign with an Ed25519 key: TOTP codes (RFC 6238: SHA-1, 6 digits, 30 s). The only importer of otplib.
// Invariants: a code counts once and the spent time step is stored before the answer; wrong, old, foreign and malformed codes get one answer;
// a try is throttled by person and by address before it is looked at.
import { generateSecret, generateURI, verifySync } from "otplib";
import type { Clock } from "../../shared/clock.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { PersonId, SiteId } from "../../shared/ids.ts";
import type { SeedSeal } from "./relay-keys.ts";
import type { AccountRows } from "./store/account-rows.ts";
import { addressLimits, personLimits, type Throttle } from "./throttle.ts";

/** The step before the present one is good too: a code may be typed at its end. */
const epochTolerance: [past: number, future: number] = [30, 0];

export type TotpState = "none" | "pending" | "confirmed";

/** Whose code, and from which address it came. */
export interface TotpPerson {
  readonly site: SiteId;
  readonly person: PersonId;
  readonly address: string;
}

export interface TotpEnrolment {
  /** Base32, to be typed where no QR code can be read. */
  readonly secret: string;
  /** `otpauth://totp/…`, for a QR code. */
  readonly uri: string;
}

/** A code that is good now. */
export interface SpendableCode {
  /** True once. */
  spend(): Promise<boolean>;
}

/** No site and no person have such ids. */
const nobody = { site: "" as SiteId, person: "" as PersonId };

export interface TotpParts {
  readonly rows: AccountRows;
  readonly seeds: SeedSeal;
  readonly throttle: Throttle;
  readonly clock: Clock;
  /** Shown by authenticator apps: the relay's name. */
  readonly issuer: string;
}

/** A code that does not count, whatever is wrong with it. */
export class CodeRefusedError extends SallyportError {
  readonly field = "code";
  constructor(cause?: unknown) {
    super("forbidden", "code is wrong or used, wait for the next one", { cause });
  }
}

export class Totp {
  readonly #parts: TotpParts;

  constructor(parts: TotpParts) {
    this.#parts = parts;
  }

  async state({ site, person }: Pick<TotpPerson, "site" | "person">): Promise<TotpState> {
    const row = await this.#parts.rows.totp(site, person);
    if (row?.confirmed) return "confirmed";
    return row?.pending ? "pending" : "none";
  }

  /**
   * A fresh seed, which counts once a code of it is confirmed. Whoever has a confirmed one must show a code of that, unless `isProven` otherwise:
   * throws as `verify`.
   */
  async enrol(who: TotpPerson, code: string | undefined, isProven = false): Promise<TotpEnrolment> {
    if (!isProven && (await this.state(who)) === "confirmed") await this.verify(who, code ?? "");
    const { rows, seeds, issuer } = this.#parts;
    const secret = generateSecret();
    await rows.enrolTotp(who.site, who.person, await seeds.seal(who.site, who.person, secret));
    return { secret, uri: generateURI({ issuer, label: who.person, secret }) };
  }

  /** Makes the enrolled seed the one that counts; throws as `verify`. */
  async confirm(who: TotpPerson, code: string): Promise<void> {
    await this.#spend(who, code, "pending");
  }

  /** The code's time step, spent from now on; throws `CodeRefusedError`, or `RateLimitedError` while the person or address has to wait. */
  async verify(who: TotpPerson, code: string): Promise<number> {
    return this.#spend(who, code, "confirmed");
  }

  /**
   * What a code is worth, not spent and not counted: for one who throttles by himself and spends it once all else is right too. Takes as long for
   * nobody (undefined) as for somebody.
   */
  async look(
    who: Pick<TotpPerson, "site" | "person"> | undefined,
    code: string,
  ): Promise<SpendableCode | undefined> {
    const { rows, seeds, clock } = this.#parts;
    const { site, person } = who ?? nobody;
    const row = await rows.totp(site, person);
    const confirmed = row?.confirmed;
    const sealed = confirmed ?? (await seeds.seal(site, person, generateSecret()));
    const secret = await seeds.open(site, person, sealed);
    try {
      const timeStep = matchCode(secret, code, clock.wallMs(), row?.timeStep ?? 0);
      if (confirmed === undefined) return undefined;
      return { spend: () => rows.spendTimeStep(site, person, confirmed, timeStep) };
    } catch (thrown) {
      if (thrown instanceof CodeRefusedError) return undefined;
      throw thrown;
    }
  }

  /** Forgets a person's seeds (a lost phone); false if there were none. */
  async reset(site: SiteId, person: PersonId): Promise<boolean> {
    return this.#parts.rows.removeTotp(site, person);
  }

  async #spend(who: TotpPerson, code: string, slot: "pending" | "confirmed"): Promise<number> {
    const { throttle } = this.#parts;
    const personSubject = `totp ${who.site} ${who.person}`;
    const addressSubject = `totp ${who.address}`;
    await throttle.attempt(personSubject, personLimits);
    try {
      await throttle.attempt(addressSubject, addressLimits);
    } catch (thrown) {
      await throttle.takenBack(personSubject); // it was not looked at
      throw thrown;
    }
    const timeStep = await this.#timeStepOf(who, code, slot);
    await throttle.succeeded(personSubject);
    await throttle.takenBack(addressSubject);
    return timeStep;
  }

  async #timeStepOf(
    { site, person }: TotpPerson,
    code: string,
    slot: "pending" | "confirmed",
  ): Promise<number> {
    const { rows, seeds, clock } = this.#parts;
    const row = await rows.totp(site, person);
    const sealed = row?.[slot];
    if (row === undefined || sealed === undefined || !/^\d{6}$/.test(code)) {
      throw new CodeRefusedError();
    }
    const secret = await seeds.open(site, person, sealed);
    const timeStep = matchCode(secret, code, clock.wallMs(), row.timeStep);
    const spent =
      slot === "pending"
        ? await rows.confirmTotp(site, person, sealed, timeStep)
        : await rows.spendTimeStep(site, person, sealed, timeStep);
    if (!spent) throw new CodeRefusedError();
    return timeStep;
  }
}

// otplib throws for some inputs (a wrong length, a last step that lies ahead because the clock was set back): here they are wrong codes.
function matchCode(secret: string, token: string, wallMs: number, afterTimeStep: number): number {
  const epoch = Math.floor(wallMs / 1000);
  try {
    const found = verifySync({ secret, token, epoch, epochTolerance, afterTimeStep });
    if (found.valid && "timeStep" in found) return found.timeStep;
  } catch (cause) {
    throw new CodeRefusedError(cause);
  }
  throw new CodeRefusedError();
}
