// The edge's key and certificate for the names of its web panels (shared/protocol.md, "Web panels"). The key is made here, lies in a sealed file and
// never leaves; a new certificate has a new key. Invariant: a chain is taken only for the key and the names that were asked for.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  X509Certificate,
} from "node:crypto";
import * as v from "valibot";
import { fromUtf8, utf8 } from "../../shared/bytes.ts";
import {
  certificateRequestInfo,
  encodeCertificateRequest,
} from "../../shared/certificate-request.ts";
import type { Clock } from "../../shared/clock.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { parseStrictJson } from "../../shared/document/strict-json.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import { readSealedFile, writeSealedFile } from "../sealed-file.ts";

const purpose = "web certificate";
/** Of its life, the part before whose beginning no new certificate is asked for. */
const dueAfter = 2 / 3;

const keptSchema = v.strictObject({ name: v.string(), key: v.string(), chain: v.string() });

/** PEM texts; `name` is the wildcard that the chain is for. */
export type CertifiedName = v.InferOutput<typeof keptSchema>;

export interface WebCertificateOptions {
  readonly suite: CryptoSuite;
  readonly path: string;
  /** Of the box's key file. */
  readonly sealingKey: Uint8Array;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

export class WebCertificate {
  readonly #options: WebCertificateOptions;
  #kept: CertifiedName | undefined;
  /** The key of the request that is under way. */
  #asked: { readonly name: string; readonly key: string; readonly request: string } | undefined;

  private constructor(options: WebCertificateOptions, kept: CertifiedName | undefined) {
    this.#options = options;
    this.#kept = kept;
  }

  /** Reads what was kept; a file that cannot be used is said and counts as none. */
  static async open(options: WebCertificateOptions): Promise<WebCertificate> {
    const { suite, path, sealingKey, log } = options;
    try {
      const bytes = await readSealedFile(suite, path, sealingKey, purpose);
      const kept = bytes && v.parse(keptSchema, parseStrictJson(fromUtf8(bytes)));
      return new WebCertificate(options, kept);
    } catch (thrown) {
      log(`certificate of web panels not read: ${messageOf(thrown)}`);
      return new WebCertificate(options, undefined);
    }
  }

  /** What is good now for `name`. */
  current(name: string): CertifiedName | undefined {
    const kept = this.#kept;
    if (kept?.name !== name) return undefined;
    const { fromMs, untilMs } = lifeOf(kept.chain);
    const nowMs = this.#options.clock.wallMs();
    return fromMs <= nowMs && nowMs < untilMs ? kept : undefined;
  }

  /** Whether a new one should be asked for. */
  isDue(name: string): boolean {
    const current = this.current(name);
    if (current === undefined) return true;
    const { fromMs, untilMs } = lifeOf(current.chain);
    return this.#options.clock.wallMs() >= fromMs + (untilMs - fromMs) * dueAfter;
  }

  /** PEM of a request for `name`; the same again until it is answered. */
  request(name: string): string {
    if (this.#asked?.name === name) return this.#asked.request;
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const publicKey = pair.publicKey.export({ type: "spki", format: "der" });
    const info = certificateRequestInfo(name, publicKey);
    const request = encodeCertificateRequest(info, sign("sha256", info, pair.privateKey));
    const key = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    this.#asked = { name, key, request };
    return request;
  }

  /** Keeps the answer to the request; throws `refused` for a chain that is none. */
  async take(chain: string): Promise<void> {
    const asked = this.#asked;
    if (asked === undefined) throw new SallyportError("refused", "no certificate was asked for");
    let own: X509Certificate;
    try {
      own = new X509Certificate(chain);
    } catch (cause) {
      throw new SallyportError("refused", "the chain is no certificate", { cause });
    }
    const publicKey = createPublicKey(createPrivateKey(asked.key));
    if (!own.publicKey.equals(publicKey)) {
      throw new SallyportError("refused", "the certificate is another key's");
    }
    if (own.checkHost(asked.name.replace("*", "a"), { subject: "never" }) === undefined) {
      throw new SallyportError("refused", `the certificate does not cover "${asked.name}"`);
    }
    const { name, key } = asked;
    const kept = { name, key, chain };
    const { suite, path, sealingKey } = this.#options;
    await writeSealedFile(suite, path, sealingKey, purpose, utf8(JSON.stringify(kept)));
    this.#kept = kept;
    this.#asked = undefined;
  }
}

function lifeOf(chain: string): { readonly fromMs: number; readonly untilMs: number } {
  const { validFromDate, validToDate } = new X509Certificate(chain);
  return { fromMs: validFromDate.getTime(), untilMs: validToDate.getTime() };
}
