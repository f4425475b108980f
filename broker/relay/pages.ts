// What the relay serves to browsers beside its API (broker/README.md, "Two domains"): the portal under the relay's own name, the signing page
// under a name of its own. Invariants: a request under the signing page's name gets its static files and nothing else, no API, no upgrade;
// pages answer under these two names alone, so that no other name pointed at this address (DNS rebinding) shows them.
import type { IncomingMessage, ServerResponse } from "node:http";
import { readPageFiles, type PageFile, type PageFiles } from "./page-files.ts";

export interface PagesOptions {
  /** Folders of the built pages. */
  readonly folders: { readonly portal: string; readonly signing: string };
  /** Where the portal is reached; asked on each request, because a free port is known only once it listens. */
  readonly url: () => string;
  /** The signing page's origin; undefined: this relay serves none. */
  readonly signingUrl: () => string | undefined;
  /** Below it web panels have their names, at the portal's port: there the portal may post their tickets. */
  readonly webDomain: string | undefined;
  /** TLS is real: browsers may be told to keep to it. */
  readonly isStrictTransport: boolean;
}

export interface Pages {
  /** Answers and is true if the request is a page's; false if it is the API's. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** Whether a request came under the signing page's name, where nothing is to be upgraded. */
  isSigning(request: IncomingMessage): boolean;
}

/** Reads the built pages. */
export async function openPages(options: PagesOptions): Promise<Pages> {
  const { folders, url, signingUrl, webDomain } = options;
  const portal = await readPageFiles(folders.portal);
  const signing = await readPageFiles(folders.signing);
  const common = options.isStrictTransport
    ? { ...commonHeaders, ...strictTransport }
    : commonHeaders;

  const isSigning = (request: IncomingMessage): boolean => {
    const own = signingUrl();
    return own !== undefined && hostOf(request, own) === new URL(own).host;
  };
  return {
    isSigning,
    answer(request, response) {
      if (isSigning(request)) {
        serve(request, response, { ...common, ...signingHeaders }, findFile(signing, request));
        return true;
      }
      // What is no page, such as a mistyped address of the API, gets the API's answer.
      if (isApi(pathOf(request)) || !isPage(portal, request)) return false;
      const own = url();
      if (hostOf(request, own) !== new URL(own).host) {
        const text = `<p>This relay's pages are at <a href="${own}">${own}</a>.</p>`;
        answerPlainly(response, { ...common, ...plainHeaders }, 421, text);
        return true;
      }
      const file = findFile(portal, request) ?? findView(portal, request);
      serve(request, response, { ...common, ...portalHeaders(own, webDomain) }, file);
      return true;
    },
  };
}

type Headers = Readonly<Record<string, string>>;

const commonHeaders: Headers = {
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};
const strictTransport: Headers = { "strict-transport-security": "max-age=31536000" };

// The opener must survive, so this page has no Cross-Origin-Opener-Policy: it tells the portal what was signed.
const signingHeaders: Headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "permissions-policy": permissions(["publickey-credentials-get", "publickey-credentials-create"]),
};

const plainHeaders: Headers = {
  "content-security-policy":
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

// Mantine and xterm.js write <style> elements while they run, so styles may be inline; scripts may not.
function portalHeaders(url: string, webDomain: string | undefined): Headers {
  const socket = url.replace(/^http/, "ws");
  const { port } = new URL(url);
  const panels =
    webDomain === undefined ? "" : ` https://*.${webDomain}${port === "" ? "" : `:${port}`}`;
  return {
    "content-security-policy": `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self' ${socket}; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'${panels}; frame-ancestors 'none'`,
    "cross-origin-opener-policy": "same-origin-allow-popups",
    "permissions-policy": permissions(["clipboard-read", "clipboard-write", "fullscreen"]),
  };
}

function permissions(allowed: readonly string[]): string {
  const features = [
    "camera",
    "clipboard-read",
    "clipboard-write",
    "display-capture",
    "fullscreen",
    "geolocation",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "serial",
    "usb",
  ];
  return features
    .map((feature) => `${feature}=${allowed.includes(feature) ? "(self)" : "()"}`)
    .join(", ");
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Headers,
  file: PageFile | undefined,
): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    answerPlainly(response, { ...headers, allow: "GET, HEAD" }, 405, "<p>Only GET.</p>");
  } else if (file !== undefined) {
    answerFile(request, response, headers, file);
  } else if (pathOf(request) === "/" || wantsHtml(request)) {
    const text =
      "<p>This page is not built. Run <code>npm run build</code>, then start the relay again.</p>";
    answerPlainly(response, headers, 503, text);
  } else answerPlainly(response, headers, 404, "<p>There is no such file.</p>");
}

function answerFile(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Headers,
  { type, tag, plain, br, gzip, isImmutable }: PageFile,
): void {
  const accepted = String(request.headers["accept-encoding"] ?? "");
  const accepts = (word: string): boolean =>
    new RegExp(`(^|,)\\s*${word}\\s*(;\\s*q=(1|0\\.0*[1-9])[^,]*)?(,|$)`).test(accepted);
  const [encoding, body] =
    br !== undefined && accepts("br")
      ? ["br", br]
      : gzip !== undefined && accepts("gzip")
        ? ["gzip", gzip]
        : [undefined, plain];
  const all = {
    ...headers,
    "content-type": type,
    "cache-control": isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    etag: tag,
    vary: "accept-encoding",
    ...(encoding !== undefined && { "content-encoding": encoding }),
  };
  if (request.headers["if-none-match"] === tag) {
    response.writeHead(304, all).end();
    return;
  }
  response.writeHead(200, { ...all, "content-length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}

function answerPlainly(
  response: ServerResponse,
  headers: Headers,
  status: number,
  text: string,
): void {
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sallyport</title>${text}</html>\n`;
  response.writeHead(status, {
    ...headers,
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function findFile(files: PageFiles, request: IncomingMessage): PageFile | undefined {
  const path = pathOf(request);
  return files.get(path === "/" ? "/index.html" : path);
}

// The portal is one page with many addresses: what a browser asks for as a page is its index.
function findView(files: PageFiles, request: IncomingMessage): PageFile | undefined {
  return wantsHtml(request) ? files.get("/index.html") : undefined;
}

function wantsHtml(request: IncomingMessage): boolean {
  const isRead = request.method === "GET" || request.method === "HEAD";
  return isRead && (request.headers.accept ?? "").includes("text/html");
}

function isPage(files: PageFiles, request: IncomingMessage): boolean {
  const path = pathOf(request);
  return path === "/" || files.has(path) || wantsHtml(request);
}

function isApi(path: string): boolean {
  return path === "/api" || path.startsWith("/api/");
}

/** Looked up as it stands: every name of a built file is plain ASCII, so nothing has to be decoded. */
function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

// The host as `url` would spell it: without the scheme's own port.
function hostOf({ headers }: IncomingMessage, url: string): string | undefined {
  const text = `${new URL(url).protocol}//${headers.host ?? ""}`;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  return parsed?.pathname === "/" && parsed.username === "" ? parsed.host : undefined;
}
