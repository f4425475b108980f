// JSON over HTTPS to the relay (plain HTTP on loopback only), with bounds: an answer is at most 8 MiB, has a time limit and fits its schema.
// Nothing that comes through here is trusted; what is signed is verified by the caller.
import http from "node:http";
import https from "node:https";
import * as v from "valibot";
import { messageOf, SallyportError, type ErrorCode } from "../../shared/errors.ts";
import { CommandError } from "./exit-codes.ts";
import type { RelayAddress } from "./home.ts";
import { trusting } from "./trust.ts";

const maxAnswerBytes = 8 * 1024 * 1024;
const answerLimitMs = 15_000;

const faultSchema = v.object({
  code: v.string(),
  message: v.string(),
  field: v.optional(v.string()),
});

export interface RelayCall {
  readonly method: "GET" | "POST" | "DELETE";
  /** From the root, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
  /** How long the relay may hold the call on purpose (a long poll). */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

/** A relay's fault as it told it; `status` 401 means: sign in again. */
export class RelayFault extends SallyportError {
  readonly status: number;
  readonly field: string | undefined;

  constructor(code: ErrorCode, status: number, message: string, field: string | undefined) {
    super(code, message, { retryable: status === 429 || status >= 500 });
    this.status = status;
    this.field = field;
  }
}

/** One relay, reached at one address. */
export class RelayHttp {
  readonly address: RelayAddress;
  readonly #origin: URL;
  readonly #agent: http.Agent;

  /** `proxy`: an HTTP proxy that lets CONNECT through; a relay by plain HTTP is on this machine and needs none. */
  constructor(address: RelayAddress, proxy: URL | undefined) {
    this.address = address;
    this.#origin = parseRelayUrl(address.url);
    this.#agent =
      this.#origin.protocol === "http:"
        ? new http.Agent({ keepAlive: true })
        : new https.Agent({
            keepAlive: true,
            ...trusting(address.authority),
            ...(proxy && { proxyEnv: { HTTPS_PROXY: proxy.href } }),
          });
  }

  /** The answer by its schema; throws `RelayFault` for what the relay refused, `CommandError` for what did not arrive. */
  async call<Schema extends v.GenericSchema>(
    call: RelayCall,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> {
    const answer = await this.#exchange(call);
    if (answer.status >= 400) throw this.#faultOf(answer, call);
    const parsed = v.safeParse(
      schema,
      answer.text === "" ? null : parseJson(answer.text, call.path),
    );
    if (parsed.success) return parsed.output;
    const where = v.getDotPath(parsed.issues[0]) ?? "answer";
    throw new SallyportError(
      "message_invalid",
      `relay's answer to ${call.path}: ${where}: ${parsed.issues[0].message}`,
    );
  }

  #exchange(call: RelayCall): Promise<Answer> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (call.token !== undefined) headers["authorization"] = `Bearer ${call.token}`;
    const limit = AbortSignal.timeout(answerLimitMs + (call.waitMs ?? 0));
    const signal = call.signal ? AbortSignal.any([limit, call.signal]) : limit;
    const { request } = this.#origin.protocol === "http:" ? http : https;
    return new Promise((resolve, reject) => {
      const fail = (thrown: unknown) =>
        reject(call.signal?.aborted === true ? call.signal.reason : this.#unreachable(thrown));
      const sent = request(
        new URL(call.path, this.#origin),
        { method: call.method, headers, agent: this.#agent, signal },
        (response) => {
          readBounded(response).then(
            (text) =>
              resolve({
                status: response.statusCode ?? 0,
                text,
                retryAfter: response.headers["retry-after"],
              }),
            fail,
          );
        },
      );
      sent.on("error", fail);
      sent.end(body);
    });
  }

  #faultOf(answer: Answer, call: RelayCall): RelayFault {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), faultSchema), answer.text);
    const fault = parsed.success
      ? parsed.output
      : { message: `${call.method} ${call.path} gave ${answer.status}` };
    const later = answer.retryAfter === undefined ? "" : ` (again in ${answer.retryAfter} s)`;
    const field = "field" in fault && fault.field !== undefined ? `${fault.field}: ` : "";
    return new RelayFault(
      codeOf(answer.status),
      answer.status,
      `relay: ${field}${fault.message}${later}`,
      field === "" ? undefined : field.slice(0, -2),
    );
  }

  #unreachable(thrown: unknown): CommandError {
    if (thrown instanceof CommandError) return thrown;
    const { origin } = this.#origin;
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
    if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
      return new CommandError(
        "unreachable",
        `relay "${origin}" shows a certificate that is not trusted here: ${messageOf(thrown)}`,
        "give its authority: --authority <file.pem>",
      );
    }
    const why = code === "" || messageOf(thrown) !== "" ? messageOf(thrown) : code;
    return new CommandError(
      "unreachable",
      `relay "${origin}" cannot be reached: ${why}`,
      "is it running, and is the address right? sallyport site show",
    );
  }
}

/** A relay's address: https, or http on this machine; throws naming what was expected. */
export function parseRelayUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local =
    url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url === undefined || !(url.protocol === "https:" || local) || url.username !== "") {
    throw new CommandError(
      "usage",
      `relay address "${text}" is not an https URL`,
      "for example --relay https://relay.example.com",
    );
  }
  return url;
}

function codeOf(status: number): ErrorCode {
  const known: Readonly<Record<number, ErrorCode>> = {
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    429: "rate_limited",
  };
  return known[status] ?? (status >= 500 ? "unreachable" : "document_invalid");
}

async function readBounded(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxAnswerBytes)
      throw new CommandError("protocol", `relay's answer exceeds ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SallyportError("message_invalid", `relay's answer to ${path} is not JSON`, { cause });
  }
}
