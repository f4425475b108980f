// A certificate authority of a test's own and one server certificate under it, made by the openssl command; and what a server shows.
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import tls from "node:tls";
import { runProcess } from "./process.ts";
import { temporaryFolder } from "./temporary.ts";

export interface Certificates {
  /** PEM texts. */
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/** Makes P-256 keys and certificates, valid for two days, for `names` (DNS names or IPv4 addresses). */
export async function makeCertificates(
  names: readonly string[] = ["localhost", "127.0.0.1"],
): Promise<Certificates> {
  using folder = temporaryFolder();
  const file = (name: string): string => folder.file(name);
  const server = names[0] ?? "server";
  const alternatives = names.map((name) => `${/^[\d.]+$/.test(name) ? "IP" : "DNS"}:${name}`);
  const authorityUses = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign";
  const serverUses = `-addext basicConstraints=CA:FALSE -addext subjectAltName=${alternatives.join(",")}`;
  await openssl(folder.path, `-keyout a.key -out a.pem -subj /CN=authority ${authorityUses}`);
  await openssl(
    folder.path,
    `-CA a.pem -CAkey a.key -keyout s.key -out s.pem -subj /CN=${server} ${serverUses}`,
  );
  return {
    authority: readFileSync(file("a.pem"), "utf8"),
    certificate: readFileSync(file("s.pem"), "utf8"),
    privateKey: readFileSync(file("s.key"), "utf8"),
  };
}

async function openssl(cwd: string, args: string): Promise<void> {
  const request = "req -x509 -noenc -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256";
  const { code, stderr } = await runProcess("openssl", `${request} ${args}`.split(" "), { cwd });
  if (code !== 0) throw new Error(`openssl exited with ${code}: ${stderr}`);
}

/**
 * SHA-256 of the public keys that a TLS server shows, as Chromium's --ignore-certificate-errors-spki-list takes them: its own, and that of the
 * authority, which stays when the server is started again.
 */
export async function serverKeyHashes({ hostname, port }: URL): Promise<string> {
  const socket = tls.connect({
    host: hostname,
    port: Number(port || 443),
    rejectUnauthorized: false,
    ...(isIP(hostname) === 0 && { servername: hostname }),
  });
  await once(socket, "secureConnect");
  const own = socket.getPeerCertificate(true);
  socket.destroy();
  return [own, own.issuerCertificate]
    .filter((certificate) => certificate !== undefined)
    .map(({ raw }) => new X509Certificate(raw).publicKey.export({ type: "spki", format: "der" }))
    .map((key) => createHash("sha256").update(key).digest("base64"))
    .join(",");
}
