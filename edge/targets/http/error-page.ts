// What the edge itself answers in a panel's stead: one small page in plain words, without script, style or link; nothing in it names an address.
import type { ServerResponse } from "node:http";

export interface ErrorPage {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

/** Answers with the page; cuts an answer that has begun, so that it never looks whole. */
export function answerPage(response: ServerResponse, page: ErrorPage): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = Buffer.from(pageText(page));
  response.writeHead(page.status, { ...pageFields, "content-length": body.length });
  response.end(body);
}

/** The same as bytes, for a request to upgrade. */
export function pageBytes(page: ErrorPage): Buffer {
  const body = pageText(page);
  const fields = { ...pageFields, "content-length": Buffer.byteLength(body), connection: "close" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`HTTP/1.1 ${page.status} Refused\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
}

const pageFields = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'self'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

function pageText({ title, text }: ErrorPage): string {
  const [head, body] = [title, text].map(escaped);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${head}</title><h1>${head}</h1><p>${body}</p></html>\n`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
