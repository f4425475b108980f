// The login with the vault's secret: one attempt, by the one method that suits secret and device, and the secret is wiped afterwards.
// (A password that came through JSON was a string before; what can be wiped is.)
import type { Secret } from "../../shared/document/secret.ts";
import { SallyportError } from "../../shared/errors.ts";
import { passwordMethod, utils, type AnyAuthMethod } from "./ssh2.ts";

export class Login {
  readonly #username: string;
  readonly #kind: Secret["kind"] | undefined;
  #secret: Buffer | undefined;
  #tried = false;

  /** Throws `vault_invalid` for a private key that cannot be used. */
  constructor(username: string, secret: Secret | undefined) {
    this.#username = username;
    this.#kind = secret?.kind;
    if (secret?.kind === "password") this.#secret = Buffer.from(secret.password);
    if (secret?.kind === "ssh-key") this.#secret = parsedKey(secret.privateKey);
  }

  /** Why no attempt was made with the secret, if none was. */
  get fault(): string | undefined {
    if (this.#kind === undefined) return "the vault holds no secret for it";
    if (this.#tried) return undefined;
    return this.#kind === "password" ? "the device takes no password" : "the device takes no key";
  }

  /**
   * The next method, as ssh2 asks: `left` is null at first, then what the device takes. A wrong password counts on the device, so no
   * second method is tried after it.
   */
  next(left: readonly string[] | null, partial: boolean | null): AnyAuthMethod | false {
    const username = this.#username;
    const secret = this.#secret;
    if (left === null) return { type: "none", username };
    if (this.#tried || partial === true || secret === undefined) return false;
    const method = this.#kind === "password" ? byPassword(username, secret, left) : undefined;
    const byKey = this.#kind === "ssh-key" && left.includes("publickey");
    if (method === undefined && !byKey) return false;
    this.#tried = true;
    return method ?? { type: "publickey", username, key: secret };
  }

  /** Wipes the secret. */
  forget(): void {
    this.#secret?.fill(0);
    this.#secret = undefined;
  }
}

function byPassword(
  username: string,
  secret: Buffer,
  left: readonly string[],
): AnyAuthMethod | undefined {
  if (left.includes("password")) return passwordMethod(username, secret);
  if (!left.includes("keyboard-interactive")) return undefined;
  return {
    type: "keyboard-interactive",
    username,
    // Only a hidden answer is the password; a device that asks for more gets nothing.
    prompt: (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map(({ echo }) => (echo === true ? "" : secret.toString()))),
  };
}

function parsedKey(privateKey: string): Buffer {
  const key = utils.parseKey(privateKey);
  if (key instanceof Error || !key.isPrivateKey()) {
    throw new SallyportError(
      "vault_invalid",
      "secret is not an SSH private key without passphrase",
    );
  }
  return Buffer.from(privateKey);
}
