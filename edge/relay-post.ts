// The one HTTP request that an edge makes beside its links: its introduction, before the relay knows it.
import * as https from "node:https";
import { SallyportError } from "../shared/errors.ts";
import type { Uplink } from "./link/uplink.ts";

const answerLimitMs = 20_000;
const shownChars = 300;

/** Posts a JSON text to a path of the relay. Resolves with the status; throws `unreachable` without an answer. */
export async function postJson(
  uplink: Uplink,
  path: string,
  text: string,
): Promise<{ readonly status: number; readonly answer: string }> {
  const stream = await uplink.openStream();
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; answer: string }>();
  const fail = (cause: Error): void => {
    const message = `${uplink.authority} did not answer: ${cause.message}`;
    reject(new SallyportError("unreachable", message, { cause, retryable: true }));
  };
  const request = https.request({
    method: "POST",
    path,
    headers: {
      Host: uplink.authority,
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(text),
      Connection: "close",
    },
    createConnection: () => stream,
    timeout: answerLimitMs,
  });
  request.on("timeout", () => request.destroy(new Error("no answer in time")));
  request.on("error", fail);
  request.on("response", (response) => {
    let answer = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => (answer = (answer + chunk).slice(0, shownChars)));
    response.on("error", fail);
    response.on("end", () => resolve({ status: response.statusCode ?? 0, answer }));
  });
  request.end(text);
  try {
    return await promise;
  } finally {
    stream.destroy();
  }
}
