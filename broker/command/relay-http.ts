// JSON over HTTPS to the relay (plain HTTP on loopback only), with bounds: an answer is at most 8 MiB, has a time limit and fits its schema.
// Nothing that comes through here is trusted; what is signed is verified by the caller.
import http from "node:http";
import https from "node:https";
import type * as v from "valibot";
import { messageOf } from "../../shared/errors.ts";
import {
  readAnswer,
  type RelayAnswer,
  type RelayCall,
  type RelayCaller,
} from "../../shared/site/relay-call.ts";
import { CommandError } from "./exit-codes.ts";
import type { RelayAddress } from "./home.ts";
import { trusting } from "./trust.ts";

const maxAnswerBytes = 8 * 1024 * 1024;
const answerLimitMs = 15_000;

/** One relay, reached at one address. */
export class RelayHttp implements RelayCaller {
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
    return readAnswer(await this.#exchange(call), call, schema);
  }

  #exchange(call: RelayCall): Promise<RelayAnswer> {
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
