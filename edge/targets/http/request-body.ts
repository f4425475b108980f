// A request's body on its way to the device: as a stream, or held where it may have to be said twice.
import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { hasBody } from "./request-fields.ts";
import type { RecordedRequest } from "./web-recording.ts";

/** What a page's forms post is less; a file that is uploaded is more, and is not held. */
const maxHeldBytes = 64 * 1024;

/** The whole body, if the request names a length that may be held; undefined for any other. Rejects if it breaks off. */
export async function heldBody(
  request: IncomingMessage,
  log: RecordedRequest,
): Promise<Buffer | undefined> {
  const length = Number(request.headers["content-length"] ?? Number.NaN);
  if (!hasBody(request) || !(length <= maxHeldBytes)) return undefined;
  const parts: Buffer[] = [];
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    log.uploaded(part as Buffer);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

/** Sends the body on, no faster than the device takes it. A device may answer before it has read everything; then the rest is not sent, and the answer counts. */
export async function sendBody(
  request: IncomingMessage,
  log: RecordedRequest,
  asked: ClientRequest,
): Promise<void> {
  const gone = new AbortController();
  asked.once("close", () => gone.abort());
  try {
    for await (const part of request.iterator({ destroyOnReturn: false })) {
      if (gone.signal.aborted) return;
      log.uploaded(part as Buffer);
      if (!asked.write(part)) await once(asked, "drain", { signal: gone.signal });
    }
    asked.end();
  } catch {
    // Half an upload must not look like a whole one.
    asked.destroy();
  }
}
