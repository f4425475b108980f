// Passwords with a second factor: who is signed in by key sets one, and it then gives reading and drafts from any browser.
// Invariants: a password counts only together with a TOTP code or a recovery code, each once; an unknown name, a wrong password and a wrong code
// get one answer after the same work; a try is throttled by name and by address before it is looked at, and spends a code only if all is right.
import { toBase64Url, utf8 } from "../../shared/bytes.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { KeyId, PersonId, SiteId } from "../../shared/ids.ts";
import type { PasswordHashes } from "./password-hash.ts";
import { nameIn, requireGoodPassword } from "./password-rules.ts";
import type { PasswordRow, PasswordRows } from "./store/password-rows.ts";
import { addressLimits, personLimits, type Throttle } from "./throttle.ts";
import { CodeRefusedError, type SpendableCode, type Totp, type TotpPerson } from "./totp.ts";

const recoveryCodeCount = 10;
/** 75 bits each, in letters and digits that are hard to take for one another. */
const recoveryAlphabet = "23456789abcdefghijkmnpqrstuvwxyz";
const recoveryGroups = 3;
const recoveryGroupLength = 5;

export interface PasswordParts {
  readonly suite: CryptoSuite;
  readonly rows: PasswordRows;
  readonly hashes: PasswordHashes;
  readonly totp: Totp;
  readonly throttle: Throttle;
}

export interface PasswordAndCode {
  readonly password: string;
  readonly code: string;
}

/** Whose password it is. */
export interface PasswordHolder {
  readonly site: SiteId;
  readonly person: PersonId;
  readonly key: KeyId;
  readonly usedRecoveryCode: boolean;
}

/** One answer for whatever is wrong. */
class WrongPasswordError extends SallyportError {
  readonly field = "password";
  constructor() {
    super("forbidden", "password or code is wrong");
  }
}

export class Passwords {
  readonly #parts: PasswordParts;

  constructor(parts: PasswordParts) {
    this.#parts = parts;
  }

  /** The name and how many recovery codes are left; undefined for whoever has no password. */
  async state(
    site: SiteId,
    person: PersonId,
  ): Promise<{ readonly name: string; readonly recoveryCodesLeft: number } | undefined> {
    const { rows } = this.#parts;
    const row = await rows.ofPerson(site, person);
    if (row === undefined) return undefined;
    return { name: row.name, recoveryCodesLeft: await rows.countRecoveryCodes(site, person) };
  }

  /** Whose name and password these are; throws `unauthorised` whatever is wrong, or `RateLimitedError`. */
  async signIn(name: string, proof: PasswordAndCode, address: string): Promise<PasswordHolder> {
    const kept = normalName(name);
    const holder = await this.#check(kept, await this.#parts.rows.named(kept), proof, address);
    if (holder !== undefined) return holder;
    throw new SallyportError("unauthorised", "name, password or code is wrong");
  }

  /** Sets a first password and returns the recovery codes; throws a fault of a field, `conflict`, or as `Totp.verify`. */
  async set(
    who: TotpPerson,
    key: KeyId,
    { name: text, password, code }: PasswordAndCode & { readonly name: string },
  ): Promise<string[]> {
    const { rows, hashes, totp } = this.#parts;
    const { site, person } = who;
    const name = nameIn(text);
    requireGoodPassword(password, name, "password");
    if ((await totp.state(who)) !== "confirmed") {
      throw new SallyportError(
        "conflict",
        "a password needs TOTP codes beside it: enrol them first",
      );
    }
    if ((await rows.ofPerson(site, person)) !== undefined) {
      throw new SallyportError("conflict", "there is a password already: change or remove it");
    }
    await totp.verify(who, code);
    const hash = await hashes.hash(password);
    const codes = this.#makeRecoveryCodes();
    const kept = await this.#hashesOf({ site, person }, codes);
    if (await rows.add({ name, site, person, key, hash }, kept)) return codes;
    throw new NameTakenError();
  }

  /** Puts another password in place of a person's; `key` is the one that it hangs on from now on (undefined: as before). Throws `forbidden`. */
  async change(
    who: TotpPerson,
    key: KeyId | undefined,
    proof: PasswordAndCode,
    newPassword: string,
  ): Promise<PasswordHolder> {
    const { rows, hashes } = this.#parts;
    const { row, holder } = await this.#require(who, proof, (held) =>
      requireGoodPassword(newPassword, held.name, "newPassword"),
    );
    const next = { ...row, key: key ?? row.key, hash: await hashes.hash(newPassword) };
    if (!(await rows.change(next, row.hash))) throw new WrongPasswordError();
    return holder;
  }

  /** Ten new recovery codes in place of all before; throws as `change`. */
  async renewRecoveryCodes(who: TotpPerson, proof: PasswordAndCode): Promise<string[]> {
    const { row } = await this.#require(who, proof);
    const codes = this.#makeRecoveryCodes();
    await this.#parts.rows.setRecoveryCodes(row.site, row.person, await this.#hashesOf(row, codes));
    return codes;
  }

  /** Spends a TOTP code or a recovery code of a person who is signed in otherwise; throws `CodeRefusedError` or `RateLimitedError`. */
  async spendCode(who: TotpPerson, code: string): Promise<void> {
    const { rows, totp } = this.#parts;
    if (isTotpCode(code)) {
      await totp.verify(who, code.trim());
      return;
    }
    const row = await rows.ofPerson(who.site, who.person);
    const subject = `recovery ${who.site} ${who.person}`;
    const isRight = await this.#throttled(subject, who.address, async () => {
      const found = row && (await this.#look(row, code));
      return found !== undefined && (await found.spend());
    });
    if (!isRight) throw new CodeRefusedError();
  }

  /** Forgets a person's password and recovery codes, and says which key it hung on; undefined if there was none. */
  async remove(site: SiteId, person: PersonId): Promise<KeyId | undefined> {
    const row = await this.#parts.rows.ofPerson(site, person);
    await this.#parts.rows.remove(site, person);
    return row?.key;
  }

  async #require(
    who: TotpPerson,
    proof: PasswordAndCode,
    look: (row: PasswordRow) => void = () => undefined,
  ): Promise<{ readonly row: PasswordRow; readonly holder: PasswordHolder }> {
    const row = await this.#parts.rows.ofPerson(who.site, who.person);
    if (row === undefined) throw new SallyportError("not_found", "you have no password here");
    look(row);
    const holder = await this.#check(row.name, row, proof, who.address);
    if (holder === undefined) throw new WrongPasswordError();
    return { row, holder };
  }

  // Does the same for a row and for none, in the same order, so that time tells nothing either.
  async #check(
    name: string,
    row: PasswordRow | undefined,
    { password, code }: PasswordAndCode,
    address: string,
  ): Promise<PasswordHolder | undefined> {
    const subject = toBase64Url(await this.#parts.suite.sha256(utf8(name)));
    let holder: PasswordHolder | undefined;
    await this.#throttled(`password ${subject}`, address, async () => {
      const isPassword = await this.#parts.hashes.verify(password, row?.hash);
      const found = await this.#look(row, code);
      if (row === undefined || !isPassword || found === undefined) return false;
      if (!(await found.spend())) return false;
      const { site, person, key } = row;
      holder = { site, person, key, usedRecoveryCode: !isTotpCode(code) };
      return true;
    });
    return holder;
  }

  async #look(
    row: Pick<PasswordRow, "site" | "person"> | undefined,
    code: string,
  ): Promise<SpendableCode | undefined> {
    const { rows, totp } = this.#parts;
    if (isTotpCode(code)) return totp.look(row, code.trim());
    const { site, person } = row ?? { site: "" as SiteId, person: "" as PersonId };
    const hash = await this.#recoveryHash(site, person, code);
    if (!(await rows.hasRecoveryCode(site, person, hash))) return undefined;
    return { spend: () => rows.spendRecoveryCode(site, person, hash) };
  }

  async #throttled(
    subject: string,
    address: string,
    isRight: () => Promise<boolean>,
  ): Promise<boolean> {
    const { throttle } = this.#parts;
    const addressSubject = `password ${address}`;
    await throttle.attempt(subject, personLimits);
    try {
      await throttle.attempt(addressSubject, addressLimits);
    } catch (thrown) {
      await throttle.takenBack(subject); // it was not looked at
      throw thrown;
    }
    if (!(await isRight())) return false;
    await throttle.succeeded(subject);
    await throttle.takenBack(addressSubject);
    return true;
  }

  #makeRecoveryCodes(): string[] {
    return Array.from({ length: recoveryCodeCount }, () => {
      const bytes = this.#parts.suite.randomBytes(recoveryGroups * recoveryGroupLength);
      const letters = [...bytes].map((byte) => recoveryAlphabet[byte % recoveryAlphabet.length]);
      return Array.from({ length: recoveryGroups }, (_, group) =>
        letters.slice(group * recoveryGroupLength, (group + 1) * recoveryGroupLength).join(""),
      ).join("-");
    });
  }

  async #hashesOf(
    { site, person }: Pick<PasswordRow, "site" | "person">,
    codes: readonly string[],
  ): Promise<string[]> {
    return Promise.all(codes.map((code) => this.#recoveryHash(site, person, code)));
  }

  // A fast hash is enough: nobody goes through 75 random bits.
  async #recoveryHash(site: SiteId, person: PersonId, code: string): Promise<string> {
    const letters = code.toLowerCase().replaceAll(/[\s-]/g, "");
    const text = `sallyport recovery code v1\0${site}\0${person}\0${letters}`;
    return toBase64Url(await this.#parts.suite.sha256(utf8(text)));
  }
}

/** Says so to one who is signed in by key, and to nobody else. */
class NameTakenError extends SallyportError {
  readonly field = "name";
  constructor() {
    super("conflict", "name is taken at this relay, choose another one");
  }
}

function isTotpCode(code: string): boolean {
  return /^\d{6}$/.test(code.trim());
}

// What cannot be a name is looked for like any other, and found by nobody.
function normalName(text: string): string {
  return text.trim().toLowerCase();
}
