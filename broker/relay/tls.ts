// The relay's certificate: the operator's files, or for development an authority of its own, made at first start in the data directory.
// The authority's key never leaves that directory; the server's certificate under it is made anew at each start and kept in memory alone.
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import { makeAuthority, makeServerCertificate, type CertifiedKey } from "./certificate.ts";
import type { RelayConfig, TransportSecurity } from "./config.ts";
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

/** The signing page's origin where none is configured, in development: browsers send every name under localhost to this machine. */
export function developmentSigningUrl(port: number): string {
  return new URL(`https://sign.localhost:${port}`).origin;
}

/** Where the development authority's certificate lies, for those who are to trust it. */
export function authorityPath(dataDirectory: string): string {
  return join(dataDirectory, "tls", "authority.crt");
}

/** The development authority of a data directory, made at first start. Throws `file_invalid`. */
export async function openAuthority(dataDirectory: string, clock: Clock): Promise<CertifiedKey> {
  const directory = join(dataDirectory, "tls");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const keyPath = join(directory, "authority.key");
  const fromMs = clock.wallMs() - dayMs;
  // Two authorities of one name on a machine would be taken for each other.
  const commonName = `Sallyport development authority ${randomBytes(4).toString("hex")}`;
  const fresh = makeAuthority(commonName, { fromMs, untilMs: fromMs + authorityDays * dayMs });
  // One file holds key and certificate, so that a kill between two files cannot leave a pair that does not match.
  await createOnce(keyPath, fresh.key + fresh.certificate);
  const both = await readPrivateFile(keyPath);
  const split = both.indexOf("-----BEGIN CERTIFICATE-----");
  const authority = { key: both.slice(0, split), certificate: both.slice(split) };
  await createOnce(authorityPath(dataDirectory), authority.certificate);
  return authority;
}

async function makeDevelopmentCertificate(
  config: RelayConfig,
  clock: Clock,
): Promise<CertifiedKey> {
  const authority = await openAuthority(config.dataDirectory, clock);
  const fromMs = clock.wallMs() - dayMs; // clients' clocks may be a little behind
  const ownName = config.url === undefined ? config.listen.host : new URL(config.url).hostname;
  const signingName = new URL(config.signingUrl ?? developmentSigningUrl(0)).hostname;
  const names = [...new Set([ownName, signingName, "localhost", "127.0.0.1", "::1"])];
  const untilMs = fromMs + serverDays * dayMs;
  const server = makeServerCertificate(
    authority,
    names.map((name) => name.replace(/^\[(.*)\]$/, "$1")),
    { fromMs, untilMs },
  );
  return { key: server.key, certificate: server.certificate + authority.certificate };
}

/** How often the operator's files are looked at. */
const lookAgainMs = 60_000;

export interface CertificateWatch {
  readonly clock: Clock;
  /** Takes a certificate that has replaced the one in use. */
  readonly onRenewed: (certified: CertifiedKey) => void;
  /** Told when files have changed and do not fit together; the certificate in use stays. */
  readonly onFault: (message: string) => void;
}

/** Looks at the operator's files every minute, as ACME clients replace them before they expire. Dispose ends it. */
export function watchCertificate(
  { certificate, key }: Extract<TransportSecurity, { kind: "files" }>,
  inUse: CertifiedKey,
  { clock, onRenewed, onFault }: CertificateWatch,
): Disposable {
  let current = inUse;
  let isEnded = false;
  const look = async (): Promise<void> => {
    try {
      const found = await readCertifiedKey(certificate, key);
      if (isEnded || (found.certificate === current.certificate && found.key === current.key)) {
        return;
      }
      onRenewed(found);
      current = found;
    } catch (thrown) {
      // Attack or accident alike: one of two files replaced. The pair in use is good until both fit again.
      if (!isEnded) onFault(messageOf(thrown));
    }
  };
  let timer: Disposable | undefined;
  const arm = (): void => {
    timer = clock.setTimer(lookAgainMs, () => void look().finally(() => isEnded || arm()));
  };
  arm();
  return {
    [Symbol.dispose]: () => {
      isEnded = true;
      timer?.[Symbol.dispose]();
    },
  };
}

async function readCertifiedKey(certificatePath: string, keyPath: string): Promise<CertifiedKey> {
  try {
    const certificate = await readFile(certificatePath, "utf8");
    const key = await readPrivateFile(keyPath);
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
      throw new SallyportError("file_invalid", "the key is another certificate's");
    }
    return { certificate, key };
  } catch (cause) {
    const shown = `certificate "${certificatePath}" with key "${keyPath}"`;
    throw new SallyportError("file_invalid", `${shown}: ${messageOf(cause)}`, { cause });
  }
}
