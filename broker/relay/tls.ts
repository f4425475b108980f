// The relay's certificate: the operator's files, or for development an authority of its own, made at first start in the data directory.
// The authority's key never leaves that directory; the server's certificate under it is made anew at each start and kept in memory alone.
import { randomBytes, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import { makeAuthority, makeServerCertificate, type CertifiedKey } from "./certificate.ts";
import type { RelayConfig } from "./config.ts";
import { createOnce, readPrivateFile } from "./key-files.ts";

const dayMs = 24 * 3600 * 1000;
const authorityDays = 3650;
const serverDays = 90;

/** What the HTTPS server is given; undefined where a proxy in front ends TLS. Throws `file_invalid`. */
export async function openCertificate(
  config: RelayConfig,
  clock: Clock,
): Promise<CertifiedKey | undefined> {
  switch (config.security.kind) {
    case "proxy":
      return undefined;
    case "files":
      return readCertifiedKey(config.security.certificate, config.security.key);
    case "development":
      return makeDevelopmentCertificate(config, clock);
  }
}

/** Where the development authority's certificate lies, for those who are to trust it. */
export function authorityPath(dataDirectory: string): string {
  return join(dataDirectory, "tls", "authority.crt");
}

async function makeDevelopmentCertificate(
  config: RelayConfig,
  clock: Clock,
): Promise<CertifiedKey> {
  const directory = join(config.dataDirectory, "tls");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const keyPath = join(directory, "authority.key");
  const fromMs = clock.wallMs() - dayMs; // clients' clocks may be a little behind
  // Two authorities of one name on a machine would be taken for each other.
  const commonName = `Sallyport development authority ${randomBytes(4).toString("hex")}`;
  const fresh = makeAuthority(commonName, { fromMs, untilMs: fromMs + authorityDays * dayMs });
  // One file holds key and certificate, so that a kill between two files cannot leave a pair that does not match.
  await createOnce(keyPath, fresh.key + fresh.certificate);
  const both = await readPrivateFile(keyPath);
  const split = both.indexOf("-----BEGIN CERTIFICATE-----");
  const authority = { key: both.slice(0, split), certificate: both.slice(split) };
  await createOnce(authorityPath(config.dataDirectory), authority.certificate);
  const ownName = config.url === undefined ? config.listen.host : new URL(config.url).hostname;
  const names = [...new Set([ownName, "localhost", "127.0.0.1", "::1"])];
  const untilMs = fromMs + serverDays * dayMs;
  const server = makeServerCertificate(
    authority,
    names.map((name) => name.replace(/^\[(.*)\]$/, "$1")),
    { fromMs, untilMs },
  );
  return { key: server.key, certificate: server.certificate + authority.certificate };
}

async function readCertifiedKey(certificatePath: string, keyPath: string): Promise<CertifiedKey> {
  try {
    const certificate = await readFile(certificatePath, "utf8");
    const key = await readPrivateFile(keyPath);
    new X509Certificate(certificate);
    return { certificate, key };
  } catch (cause) {
    const shown = `certificate "${certificatePath}" with key "${keyPath}"`;
    throw new SallyportError("file_invalid", `${shown}: ${messageOf(cause)}`, { cause });
  }
}
