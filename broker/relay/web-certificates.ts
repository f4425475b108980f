// Certificates for the names of web panels (shared/protocol.md, "Web panels"): an edge sends a request for its own wildcard, the key stays with it.
// In development the relay's own authority signs; in operation a program of the operator's does. Invariants: a request is for the edge's own
// names and nothing else, byte for byte; a program runs with a time limit and bounded output, few at once, and not again at once for one edge.
import { spawn } from "node:child_process";
import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { utf8 } from "../../shared/bytes.ts";
import { parseCertificateRequest } from "../../shared/certificate-request.ts";
import type { Clock } from "../../shared/clock.ts";
import type { DownMessage } from "../../shared/control.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { webLabelOf } from "../../shared/web-name.ts";
import { certifyServer, type CertifiedKey } from "./certificate.ts";

/** What an authority that checks names in DNS may take. */
export const commandTimeoutMs = 120_000;
/** A chain of a few certificates. */
const maxChainBytes = 32 * 1024;
const maxComplaintBytes = 4 * 1024;
const maxCommands = 4;
/** Between two requests of one edge: authorities count them. */
export const againAfterMs = 60_000;
const dayMs = 24 * 3600 * 1000;
const developmentDays = 90;
const maxWhyCharacters = 120;

export interface WebCertificatesOptions {
  readonly domain: string;
  /** The program that gets a request on its standard input, its name as argument, and prints the chain; undefined: `authority` signs. */
  readonly command: string | undefined;
  readonly authority: CertifiedKey | undefined;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

export class WebCertificates {
  readonly #options: WebCertificatesOptions;
  readonly #askedMs = new Map<EdgeId, number>();
  readonly #running = new Set<AbortController>();

  constructor(options: WebCertificatesOptions) {
    this.#options = options;
  }

  /** The answer to an edge's request; never throws. */
  async certify(edge: EdgeId, request: string): Promise<DownMessage<"certificate">> {
    try {
      return { chain: await this.#chainFor(edge, request), why: null };
    } catch (thrown) {
      const why = messageOf(thrown).slice(0, maxWhyCharacters) || "unknown fault";
      this.#options.log(`no certificate for web panels of edge ${edge}: ${why}`);
      return { chain: null, why };
    }
  }

  close(): void {
    for (const running of this.#running) running.abort();
  }

  async #chainFor(edge: EdgeId, text: string): Promise<string> {
    const { domain, command, authority, clock } = this.#options;
    const name = `*.${await webLabelOf(edge)}.${domain}`;
    const request = parseCertificateRequest(text, name);
    if (request === undefined) throw refusal(`the request is not for ${name} alone`);
    const publicKey = createPublicKey({
      key: Buffer.from(request.publicKey),
      format: "der",
      type: "spki",
    });
    const isCurve = publicKey.asymmetricKeyDetails?.namedCurve === "prime256v1";
    if (!isCurve || !verify("sha256", request.info, publicKey, request.signature)) {
      throw refusal("the request is not signed by its own P-256 key");
    }
    if (command === undefined) {
      if (authority === undefined) throw refusal("this relay has no authority for web panels");
      const fromMs = clock.wallMs() - dayMs;
      const validity = { fromMs, untilMs: fromMs + developmentDays * dayMs };
      // Browsers that know the authority by its key's hash look for it in the chain.
      return certifyServer(authority, [name], publicKey, validity) + authority.certificate;
    }
    this.#inPace(edge);
    const chain = await this.#run(command, text, name);
    const [own] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
    const certificate = new X509Certificate(own ?? "");
    if (!certificate.publicKey.equals(publicKey)) {
      throw refusal(`${command} printed a certificate for another key`);
    }
    if (certificate.checkHost(name.replace("*", "a"), { subject: "never" }) === undefined) {
      throw refusal(`${command} printed a certificate that does not cover ${name}`);
    }
    return chain;
  }

  #inPace(edge: EdgeId): void {
    const nowMs = this.#options.clock.monotonicMs();
    const agoMs = nowMs - (this.#askedMs.get(edge) ?? -Infinity);
    if (agoMs < againAfterMs) throw refusal("asked again too soon");
    if (this.#running.size >= maxCommands) throw refusal("too many certificates are being made");
    this.#askedMs.set(edge, nowMs);
  }

  async #run(command: string, request: string, name: string): Promise<string> {
    const ended = new AbortController();
    this.#running.add(ended);
    using _limit = this.#options.clock.setTimer(commandTimeoutMs, () => ended.abort());
    try {
      return await runProgram(command, request, name, ended.signal);
    } finally {
      this.#running.delete(ended);
    }
  }
}

function runProgram(
  command: string,
  request: string,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const program = spawn(command, [name], {
      stdio: ["pipe", "pipe", "pipe"],
      signal,
      killSignal: "SIGKILL",
    });
    let chain = "";
    let complaint = "";
    program.on("error", (cause) => {
      const why = signal.aborted ? `took longer than ${commandTimeoutMs / 1000} s` : cause.message;
      reject(refusal(`${command}: ${why}`));
    });
    program.stdin.on("error", () => undefined);
    program.stdin.end(utf8(request));
    program.stdout.setEncoding("utf8").on("data", (text: string) => {
      chain += text;
      if (chain.length > maxChainBytes) program.kill("SIGKILL");
    });
    program.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-maxComplaintBytes);
    });
    program.on("close", (code) => {
      if (chain.length > maxChainBytes) reject(refusal(`${command} printed too much`));
      else if (code === 0) resolve(chain);
      else reject(refusal(`${command} ended with ${code ?? "a signal"}: ${lastLine(complaint)}`));
    });
  });
}

function lastLine(text: string): string {
  return (text.trimEnd().split("\n").at(-1) ?? "").replace(/[^\x20-\x7e]/g, "?");
}

function refusal(message: string): SallyportError {
  return new SallyportError("refused", message);
}
