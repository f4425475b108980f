// Debian's aiosmtpd as a plain process on a free port: a mail server by other hands than the library's that sends. It prints what it takes.
import { freePort } from "../../support/port.ts";
import { startProcess, type RunningProcess } from "../../support/process.ts";

export interface DebianMailServer extends AsyncDisposable {
  readonly port: number;
  readonly process: RunningProcess;
}

/** Takes mail in clear or, given certificate and key files, by STARTTLS alone. */
export async function startDebianMailServer(starttls?: {
  readonly certificate: string;
  readonly key: string;
}): Promise<DebianMailServer> {
  const port = await freePort();
  const tls = starttls ? ["--tlscert", starttls.certificate, "--tlskey", starttls.key] : [];
  const handler = ["-c", "aiosmtpd.handlers.Debugging", "stdout"];
  const args = ["-n", "-d", "-l", `127.0.0.1:${port}`, ...tls, ...handler];
  const process = startProcess("aiosmtpd", args, { env: { PYTHONUNBUFFERED: "1" } });
  await process.line(/Server is listening/);
  return { port, process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}
