// The edge's own few answers under a web panel's name: the ticket that a form posts, and pages for those who are not let in. They say nothing of
// the device.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../shared/clock.ts";

/** `ticket=` and its 43 characters, with room for nothing else. */
const maxFormBytes = 256;
const formTimeoutMs = 10_000;
const ticketPattern = /^ticket=([A-Za-z0-9_-]{43})$/;

const texts = {
  ticketless: [
    "This panel opens from its job",
    "Go to the page of your job and press “Open the panel” there. A link, a bookmark or an old tab does not open it.",
  ],
  gone: ["There is nothing here", "Go to the page of your job and open the panel from there."],
} as const;

/** The ticket of a form; undefined for whatever is none. */
export async function readTicket(
  request: IncomingMessage,
  clock: Clock,
): Promise<string | undefined> {
  using _limit = clock.setTimer(formTimeoutMs, () => request.destroy());
  const isForm = request.headers["content-type"] === "application/x-www-form-urlencoded";
  let text = "";
  try {
    for await (const chunk of request.setEncoding("latin1")) {
      text += String(chunk);
      if (text.length > maxFormBytes) return undefined;
    }
  } catch {
    return undefined;
  }
  return isForm ? ticketPattern.exec(text)?.[1] : undefined;
}

/** A page of ours, and the end of the connection: what else was sent on it is not read. */
export function answerPage(
  response: ServerResponse,
  status: number,
  which: keyof typeof texts,
): void {
  const [title, text] = texts[which];
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>\n`;
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    connection: "close",
  });
  response.end(body);
}
