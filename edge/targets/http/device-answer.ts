// Waiting for the fields of a device's answer, and no longer than it makes sense; every way in which a device can fail to answer is one typed failure.
import type { ClientRequest, IncomingMessage } from "node:http";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/clock.ts";
import { addressOf, DeviceError } from "../device-error.ts";
import type { DeviceAddress } from "../device-socket.ts";

/** From the request's last byte to the end of the answer's fields. Panels hold a poll open for up to a minute. */
const answerLimitMs = 70_000;

/**
 * The answer, once its fields are there; its body belongs to the caller, and errors of the request after that to the body. Rejects with a
 * DeviceError; the request is destroyed then.
 */
export async function answerOf(
  request: ClientRequest,
  address: DeviceAddress,
  clock: Clock,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let limit: Disposable | undefined;
  let isOver = false;
  request.once("finish", () => {
    // A device may have answered before it was told everything.
    if (isOver) return;
    limit = clock.setTimer(answerLimitMs, () =>
      reject(badAnswer(address, `no answer in ${answerLimitMs / 1000} s`)),
    );
  });
  request.once("response", resolve);
  request.on("error", (cause) => reject(failureOf(address, cause)));
  request.once("close", () => reject(badAnswer(address, "the connection ended without an answer")));
  // A device that changes the protocol unasked.
  request.once("upgrade", (_answer, socket) => {
    socket.destroy();
    reject(badAnswer(address, "an upgrade that nobody asked for"));
  });
  try {
    return await promise;
  } catch (thrown) {
    request.destroy();
    throw thrown;
  } finally {
    isOver = true;
    limit?.[Symbol.dispose]();
  }
}

/** The beginning of a body, as latin1; the rest is not waited for. */
export async function beginningOf(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  const enough = new AbortController();
  const take = new Writable({
    write(part: Buffer, _encoding, done) {
      parts.push(part);
      length += part.length;
      if (length >= maxBytes) enough.abort();
      done();
    },
  });
  // A body that breaks off says what it said.
  await pipeline(answer, take, { signal: enough.signal }).catch(() => answer.destroy());
  return Buffer.concat(parts).toString("latin1").slice(0, maxBytes);
}

/** A failure of a device, whatever the platform called it. */
export function failureOf(address: DeviceAddress, cause: unknown): SallyportError {
  if (cause instanceof SallyportError) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  const isProtocol = code?.startsWith("HPE_") === true;
  return badAnswer(address, isProtocol ? `no HTTP: ${code}` : (code ?? messageOf(cause)), cause);
}

function badAnswer({ host, port, name }: DeviceAddress, why: string, cause?: unknown): DeviceError {
  return new DeviceError(
    "device_unreachable",
    `device ${addressOf(host, port)} gave no usable answer: ${why}`,
    `"${name}" gave no answer that can be used`,
    { cause, retryable: true },
  );
}
