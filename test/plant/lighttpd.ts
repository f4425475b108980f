// Debian's lighttpd behind HTTP Digest, as many small devices have it: one page, a program that tells what was uploaded to it, and a path that goes on to
// another server, WebSockets too.
import { mkdirSync, writeFileSync } from "node:fs";
import { freePort } from "../support/port.ts";
import { startProcess, type RunningProcess } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

export interface LighttpdOptions {
  /** MD5 unless said otherwise. */
  readonly algorithm?: "MD5" | "SHA-256";
  readonly login?: string;
  readonly password?: string;
  /** Where /live goes. */
  readonly livePort?: number;
}

export interface Lighttpd extends AsyncDisposable {
  readonly port: number;
  readonly login: string;
  readonly password: string;
  readonly process: RunningProcess;
}

const portAttempts = 5;

/** Everything under / asks for the login; /open alone does not. */
export async function startLighttpd(options: LighttpdOptions = {}): Promise<Lighttpd> {
  const { algorithm = "MD5", login = "operator", password = "tulip-arrow-29", livePort } = options;
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const users = folder.file("users", `${login}:${password}\n`);
  const root = folder.file("pages");
  mkdirSync(root);
  writeFileSync(`${root}/index.html`, "<title>Press</title>the press's page\n");
  writeFileSync(`${root}/open.txt`, "for everybody\n");
  const program = 'printf "Content-Type: text/plain\\r\\n\\r\\n$REMOTE_USER $(sha256sum)\\n"\n';
  writeFileSync(`${root}/upload.cgi`, program);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const settings = folder.file(
      "lighttpd.conf",
      `server.modules = ("mod_auth", "mod_authn_file", "mod_cgi", "mod_proxy")
server.port = ${port}
server.bind = "127.0.0.1"
server.document-root = "${root}"
server.upload-dirs = ("${folder.path}")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html", ".txt" => "text/plain")
cgi.assign = (".cgi" => "/bin/sh")
auth.backend = "plain"
auth.backend.plain.userfile = "${users}"
$HTTP["url"] !~ "^/open" {
  auth.require = ("/" => ("method" => "digest", "algorithm" => "${algorithm}", "realm" => "press", "require" => "valid-user"))
}
${livePort === undefined ? "" : liveSettings(livePort)}`,
    );
    const running = startProcess("lighttpd", ["-D", "-f", settings]);
    try {
      await running.line(/server started/);
      started.use(running);
      const ending = started.move();
      return {
        port,
        login,
        password,
        process: running,
        [Symbol.asyncDispose]: () => ending.disposeAsync(),
      };
    } catch (cause) {
      await running.end();
      if (attempt === portAttempts || !running.stderr.includes("Address already in use"))
        throw cause;
    }
  }
}

function liveSettings(port: number): string {
  return `$HTTP["url"] =~ "^/live" {
  proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${port})))
  proxy.header = ("upgrade" => "enable")
}
`;
}
