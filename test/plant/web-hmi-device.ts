// The process behind web-hmi.ts: settings as one line of JSON on standard input, then commands (`forget`, `renew CERTIFICATE-FILE KEY-FILE`). On 127.0.0.1.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { WebSocketServer } from "ws";
import { linkPress } from "./press-link.ts";
import { answerHostile } from "./web-hmi-hostile.ts";
import { loginPage, panelPage, panelScript, panelStyle, pressPicture } from "./web-hmi-page.ts";

interface Settings {
  readonly port: number;
  readonly signIn: "none" | "basic" | "header" | "form";
  readonly login: string;
  readonly password: string;
  readonly modbusPort?: number;
  readonly certificateFile?: string;
  readonly keyFile?: string;
}

const liveMs = 500;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const commands = createInterface({ input: process.stdin });
const settings = JSON.parse(
  await new Promise<string>((resolve) => commands.once("line", resolve)),
) as Settings;
const { certificateFile, keyFile } = settings;
const isSecure = certificateFile !== undefined && keyFile !== undefined;
const own = `${isSecure ? "https" : "http"}://127.0.0.1:${settings.port}`;
const sessions = new Set<string>();
const press = await linkPress(settings.modbusPort);

commands.on("line", (line) => {
  const [command, renewedFile = "", renewedKeyFile = ""] = line.split(" ");
  if (command === "forget") {
    sessions.clear();
    say("forgot");
  } else if (command === "renew" && server instanceof https.Server) {
    server.setSecureContext({
      cert: readFileSync(renewedFile),
      key: readFileSync(renewedKeyFile),
    });
    // Nobody goes on under the old one.
    server.closeAllConnections();
    say("renewed");
  }
});

const server = isSecure
  ? https.createServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) })
  : http.createServer();
server.on("request", (request: IncomingMessage, response: ServerResponse) => {
  answer(request, response).catch((cause: unknown) => {
    process.stderr.write(`${String(cause)}\n`);
    response.destroy();
  });
});

const sockets = new WebSocketServer({ noServer: true });
server.on("upgrade", (request: IncomingMessage, socket, head) => {
  const isOwnPage = request.headers.origin === own;
  if (request.url !== "/live" || !isSignedIn(request) || !isOwnPage) {
    say(`socket refused ${request.url}`);
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return;
  }
  sockets.handleUpgrade(request, socket, head, (live) => {
    say(`socket ${request.url}`);
    const send = async (): Promise<void> => live.send(JSON.stringify(await press.values()));
    const timer = setInterval(() => void send().catch(() => live.terminate()), liveMs);
    // What is sent to it comes back, so that one can see how far it got.
    live.on("message", (data, isBinary) => live.send(data, { binary: isBinary }));
    live.on("error", () => live.terminate());
    live.on("close", () => {
      clearInterval(timer);
      say("socket over");
    });
    void send().catch(() => live.terminate());
  });
});
server.listen(settings.port, "127.0.0.1", () => say(`web panel on ${own}`));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "", url = "", headers } = request;
  const names = cookiesOf(request).map(([name]) => name);
  say(
    `asked ${method} ${url} host=${headers.host} origin=${headers.origin} cookies=${names.join()}`,
  );
  const { pathname, searchParams } = new URL(url, own);
  const page = (type: string, body: string | Uint8Array, status = 200): void => {
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
  };
  const go = (path: string): void => void response.writeHead(303, { location: own + path }).end();
  if (pathname === "/login" && settings.signIn === "form") {
    if (method !== "POST") return page("text/html; charset=utf-8", loginPage(own, ""));
    const sent = new URLSearchParams(await text(request));
    const isRight =
      sent.get("user") === settings.login && sent.get("password") === settings.password;
    say(`login ${isRight ? "right" : "wrong"}`);
    if (!isRight || sent.get("from") !== "panel") {
      return page("text/html; charset=utf-8", loginPage(own, "Wrong name or password."));
    }
    const session = randomBytes(12).toString("hex");
    sessions.add(session);
    const where = `Domain=127.0.0.1; Path=/; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
    response.setHeader("set-cookie", [`session=${session}; ${where}`, `language=en; ${where}`]);
    return go("/panel/");
  }
  if (!isSignedIn(request)) {
    if (settings.signIn === "form") return go("/login");
    if (settings.signIn === "basic") response.setHeader("www-authenticate", 'Basic realm="press"');
    return page("text/plain", "not signed in\n", settings.signIn === "basic" ? 401 : 403);
  }
  if (method === "POST" && headers.origin !== own)
    return page("text/plain", "not from here\n", 403);
  switch (`${method} ${pathname}`) {
    case "GET /":
      return go("/panel/");
    case "GET /panel/":
      return page("text/html; charset=utf-8", panelPage(own));
    case "GET /panel/style.css":
      return page("text/css", panelStyle(own));
    case "GET /panel/app.js":
      return page("text/javascript", panelScript(own));
    case "GET /panel/press.svg":
      return page("image/svg+xml", pressPicture);
    case "GET /panel/press.json": {
      const where = { self: `${own}${pathname}`, live: `${own.replace("http", "ws")}/live` };
      return page("application/json", JSON.stringify({ ...where, ...(await press.values()) }));
    }
    case "GET /panel/download": {
      const bytes = Buffer.alloc(Number(searchParams.get("bytes") ?? 1_000_000), "press");
      response.setHeader("content-disposition", 'attachment; filename="recipe.bin"');
      return page("application/octet-stream", bytes);
    }
    case "GET /panel/events":
      return stream(request, response, "text/event-stream", (values) => `data: ${values}\n\n`);
    case "GET /panel/lines":
      return stream(request, response, "text/plain", (values) => `${values}\n`);
    case "POST /panel/setpoint": {
      const celsius = Number(new URLSearchParams(await text(request)).get("celsius"));
      if (!(celsius >= 0 && celsius <= 120)) return page("text/plain", "out of range\n", 400);
      await press.setSetpoint(celsius);
      say(`setpoint ${celsius.toFixed(1)}`);
      return go("/panel/");
    }
    case "POST /panel/run": {
      const isOn = new URLSearchParams(await text(request)).get("on") === "1";
      await press.setRun(isOn);
      say(`run ${isOn ? 1 : 0}`);
      return go("/panel/");
    }
    case "POST /panel/upload": {
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const part of request) {
        bytes += (part as Buffer).length;
        hash.update(part as Buffer);
      }
      const sha256 = hash.digest("hex");
      say(`upload ${bytes} ${sha256}`);
      return page("application/json", JSON.stringify({ bytes, sha256 }));
    }
    case "GET /logout":
      for (const [name, value] of cookiesOf(request))
        if (name === "session") sessions.delete(value);
      return go("/login");
    default:
      if (!answerHostile({ request, response, own, pathname, searchParams })) {
        page("text/plain", "no such page\n", 404);
      }
  }
}

/** Values, chunk by chunk, until whoever asked has gone. */
function stream(
  request: IncomingMessage,
  response: ServerResponse,
  type: string,
  format: (values: string) => string,
): void {
  response.writeHead(200, { "content-type": type, "cache-control": "no-store" });
  const send = async (): Promise<void> =>
    void response.write(format(JSON.stringify(await press.values())));
  const timer = setInterval(() => void send().catch(() => response.destroy()), liveMs);
  void send().catch(() => response.destroy());
  request.on("error", () => response.destroy());
  response.on("close", () => {
    clearInterval(timer);
    say(`stream over ${request.url}`);
  });
}

function isSignedIn(request: IncomingMessage): boolean {
  const { authorization } = request.headers;
  const pair = Buffer.from(`${settings.login}:${settings.password}`).toString("base64");
  switch (settings.signIn) {
    case "none":
      return true;
    case "basic":
      return authorization === `Basic ${pair}`;
    case "header":
      return request.headers["x-panel-key"] === settings.password;
    case "form":
      return cookiesOf(request).some(([name, value]) => name === "session" && sessions.has(value));
  }
}

function cookiesOf({ headers }: IncomingMessage): (readonly [name: string, value: string])[] {
  return (headers.cookie ?? "")
    .split(/; */)
    .filter((pair) => pair !== "")
    .map((pair) => [pair.split("=")[0] ?? "", pair.slice(pair.indexOf("=") + 1)]);
}
