// Passwords as Argon2id hashes (RFC 9106), in PHC's string format so that parameters can rise later.
// Invariants: no more than two are computed at a time; the relay's own secret goes in, so that the store alone lets nobody guess.
import { argon2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { SallyportError } from "../../shared/errors.ts";

/**
 * OWASP's password storage cheat sheet names 19 MiB, two passes, one lane as its minimum for Argon2id. It costs an attacker that memory per guess, and
 * the relay 38 MiB at most and some 50 ms of one core per sign-in, on a machine that carries sessions meanwhile.
 */
const memoryKib = 19 * 1024;
const passes = 2;
const parallelism = 1;
const hashBytes = 32;
const saltBytes = 16;

/** Two of libuv's four threads at most: files and signatures need the others. */
const mostAtOnce = 2;
const mostWaiting = 16;

const format = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const compute = promisify(argon2);

interface Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
}

export class PasswordHashes {
  readonly #secret: Uint8Array;
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `secret` is the relay's own, kept apart from the store. */
  constructor(secret: Uint8Array, randomBytes: (length: number) => Uint8Array) {
    this.#secret = secret;
    this.#randomBytes = randomBytes;
  }

  async hash(password: string): Promise<string> {
    const salt = this.#randomBytes(saltBytes);
    const hash = await this.#compute(password, { memory: memoryKib, passes, parallelism, salt });
    const parameters = `m=${memoryKib},t=${passes},p=${parallelism}`;
    return `$argon2id$v=19$${parameters}$${unpadded(salt)}$${unpadded(hash)}`;
  }

  /** Whether it is the password of that hash; without a hash, false after as long a time. */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    if (stored === undefined) {
      await this.hash(password);
      return false;
    }
    const [, memory, turns, lanes, salt = "", hash = ""] = format.exec(stored) ?? [];
    const given = await this.#compute(password, {
      memory: Number(memory),
      passes: Number(turns),
      parallelism: Number(lanes),
      salt: Buffer.from(salt, "base64"),
    });
    return timingSafeEqual(given, Buffer.from(hash, "base64"));
  }

  async #compute(password: string, { salt, ...costs }: Parameters): Promise<Uint8Array> {
    await this.#turn();
    try {
      return await compute("argon2id", {
        // One password has several encodings; NIST 800-63B §5.1.1.2 has them made one.
        message: password.normalize("NFKC"),
        nonce: salt,
        secret: this.#secret,
        tagLength: hashBytes,
        ...costs,
      });
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running >= mostAtOnce) {
      if (this.#waiting.length >= mostWaiting) {
        throw new SallyportError("unreachable", "too many sign-ins at once, try again", {
          retryable: true,
        });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
  }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}
