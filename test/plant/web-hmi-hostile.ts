// What a web panel under an attacker's hand does to the browser that shows it (pages under /hostile/) and to whatever stands before it. Each page
// says how it went in the body's `outcome`, `pending` until then.
import type { IncomingMessage, ServerResponse } from "node:http";

export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly own: string;
  readonly pathname: string;
  readonly searchParams: URLSearchParams;
}

const slowMs = 1_000;
const bombBytes = 8 * 1024 * 1024;

/** Answers, and says so; false for a page that it does not have. */
export function answerHostile({ response, own, pathname, searchParams }: Asked): boolean {
  const given = (name: string): string => JSON.stringify(searchParams.get(name) ?? "");
  switch (pathname) {
    // ?rp=NAME: a passkey of a name above this page's is asked for and made.
    case "/hostile/passkey":
      script(
        response,
        `const rp = ${given("rp")};
const challenge = new Uint8Array(32);
const made = navigator.credentials.create({ publicKey: { challenge, rp: { id: rp, name: "Sallyport" },
  user: { id: new Uint8Array(8), name: "vic", displayName: "Vic" }, pubKeyCredParams: [{ type: "public-key", alg: -7 }] } });
made.then(() => "made", (error) => error.name).then(async (create) => {
  const got = navigator.credentials.get({ publicKey: { challenge, rpId: rp, allowCredentials: [] } });
  return create + " " + await got.then(() => "signed", (error) => error.name);
}).then(tell);`,
      );
      return true;
    // ?domain=NAME: cookies for a name above this page's, by header and by script.
    case "/hostile/cookies": {
      const domain = searchParams.get("domain") ?? "";
      const names = ["planted", "__Host-planted", "__Secure-planted", "session"];
      response.setHeader(
        "set-cookie",
        names.map((name) => `${name}=evil; Domain=${domain}; Path=/; Secure; SameSite=None`),
      );
      script(
        response,
        `document.cookie = "scripted=evil; Domain=" + ${given("domain")} + "; Path=/; Secure";
tell(document.cookie);`,
      );
      return true;
    }
    // ?url=ADDRESS: another page in a frame of this one, read and clicked through.
    case "/hostile/frames":
      script(
        response,
        `const frame = document.createElement("iframe");
frame.onload = () => { let seen; try { seen = frame.contentWindow.document?.body.textContent ? "read" : "empty"; } catch (error) { seen = error.name; }
  tell(seen + " " + frame.contentWindow.length); };
frame.src = ${given("url")};
document.body.append(frame);`,
      );
      return true;
    // ?url=ADDRESS: the page that opened this one is spoken to and led elsewhere.
    case "/hostile/opener":
      script(
        response,
        `if (window.opener === null) tell("no opener"); else {
  window.opener.postMessage({ kind: "signed", signature: "evil" }, "*");
  try { window.opener.location = ${given("url")}; tell("led away"); } catch (error) { tell(error.name); } }`,
      );
      return true;
    // ?url=ADDRESS: a request with the browser's cookies to another page.
    case "/hostile/request":
      script(
        response,
        `fetch(${given("url")}, { credentials: "include", method: "POST", body: "x" })
  .then((answer) => tell("answered " + answer.status), (error) => tell(error.name));`,
      );
      return true;
    case "/hostile/redirect":
      response.writeHead(302, { location: `${own}/hostile/redirect` }).end();
      return true;
    // Fields without end.
    case "/hostile/headers":
      raw(
        response,
        `HTTP/1.1 200 OK\r\n${"X-Bomb: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(bombBytes / 52)}\r\n`,
      );
      return true;
    case "/hostile/field":
      raw(response, `HTTP/1.1 200 OK\r\nX-Bomb: ${"a".repeat(bombBytes)}\r\n\r\n`);
      return true;
    case "/hostile/many-cookies":
      response.setHeader(
        "set-cookie",
        Array.from({ length: 100 }, (_, nr) => `many${nr}=${"c".repeat(100)}; Path=/`),
      );
      script(response, `tell("served");`);
      return true;
    // A byte each second, fields first.
    case "/hostile/slow":
      drip(response, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
      return true;
    case "/hostile/slow-body":
      response.writeHead(200, { "content-type": "text/html", "content-length": 1_000 });
      response.flushHeaders();
      drip(response, "x".repeat(1_000));
      return true;
    // A page that is rewritten on its way and never ends.
    case "/hostile/endless":
      response.writeHead(200, { "content-type": "text/html" });
      pour(response);
      return true;
    default:
      return false;
  }
}

function script(response: ServerResponse, source: string): void {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" })
    .end(`<!doctype html><title>hostile</title><body data-outcome="pending"><script>
const tell = (outcome) => { document.body.dataset.outcome = outcome; };
${source}</script>`);
}

function raw(response: ServerResponse, bytes: string): void {
  const { socket } = response;
  socket?.on("error", () => socket.destroy());
  socket?.end(bytes);
}

function drip(response: ServerResponse, bytes: string): void {
  const { socket } = response;
  let sent = 0;
  const timer = setInterval(() => socket?.write(bytes.charAt(sent++) || "x"), slowMs);
  socket?.once("close", () => clearInterval(timer));
}

function pour(response: ServerResponse): void {
  const part = "<p>endless</p>".repeat(4_000);
  const more = (): void => {
    while (!response.destroyed && response.write(part));
  };
  response.on("drain", more).on("error", () => response.destroy());
  more();
}
