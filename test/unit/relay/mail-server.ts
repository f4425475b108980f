// A mail server that takes mail under its own rules (STARTTLS or TLS, accounts) and keeps what was handed over, byte for byte.
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import { SMTPServer } from "smtp-server";
import { makeCertificates } from "../../support/certificates.ts";
import { Inbox } from "../../support/inbox.ts";

export interface Mailed {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly isSecure: boolean;
  /** The whole message, headers first, as it came. */
  readonly raw: string;
}

export interface MailServerOptions {
  /** TLS from the first byte. */
  readonly isTls?: boolean;
  /** Offers no STARTTLS. */
  readonly isPlain?: boolean;
  readonly account?: { readonly user: string; readonly password: string };
  /** Replies so to every recipient. */
  readonly refusal?: number;
}

export class MailServer implements AsyncDisposable {
  readonly mailed = new Inbox<Mailed>();
  /** What was tried to sign in with. */
  readonly passwords: string[] = [];
  readonly #server: SMTPServer;
  readonly #isTls: boolean;

  private constructor(server: SMTPServer, isTls: boolean) {
    this.#server = server;
    this.#isTls = isTls;
  }

  /** Listens on a free port; this process trusts its certificate from then on. */
  static async start(options: MailServerOptions = {}): Promise<MailServer> {
    const { isTls = false, isPlain = false, account, refusal } = options;
    const { authority, certificate, privateKey } = await makeCertificates();
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), authority]);
    const server = new SMTPServer({
      secure: isTls,
      cert: certificate,
      key: privateKey,
      authOptional: account === undefined,
      allowInsecureAuth: false,
      disabledCommands: [
        ...(isPlain ? ["STARTTLS"] : []),
        ...(account === undefined ? ["AUTH"] : []),
      ],
      onAuth: ({ username, password }, _session, done) => {
        mail.passwords.push(password ?? "");
        if (username === account?.user && password === account?.password) {
          done(null, { user: username });
        } else done(new Error("wrong account"));
      },
      onRcptTo: (_address, _session, done) => {
        if (refusal === undefined) return done();
        done(Object.assign(new Error("said by a mail server"), { responseCode: refusal }));
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const { mailFrom, rcptTo } = session.envelope;
          mail.mailed.add({
            from: mailFrom === false ? "" : (mailFrom?.address ?? ""),
            to: rcptTo.map(({ address }) => address),
            user: session.user,
            isSecure: session.secure,
            raw: Buffer.concat(chunks).toString(),
          });
          done();
        });
      },
    });
    server.on("error", () => undefined); // a caller that breaks off
    const mail: MailServer = new MailServer(server, isTls);
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    return mail;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  /** What an operator sets to use it. */
  settings(change: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      SALLYPORT_RELAY_SMTP_URL: `${this.#isTls ? "smtps" : "smtp"}://127.0.0.1:${this.port}`,
      SALLYPORT_RELAY_MAIL_FROM: "sallyport@relay.example",
      ...change,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Headers by name in lower case, unfolded and with encoded words as they are; a header that stands twice is joined by a bar. */
export function headersOfMail(raw: string): ReadonlyMap<string, string> {
  const head = raw.slice(0, raw.indexOf("\r\n\r\n")).replaceAll(/\r\n[ \t]+/g, " ");
  const headers = new Map<string, string>();
  for (const line of head.split("\r\n")) {
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    const value = line.slice(line.indexOf(":") + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before} | ${value}`);
  }
  return headers;
}

/** The text of a mail with one plain part, decoded. */
export function textOfMail(raw: string): string {
  const body = raw.slice(raw.indexOf("\r\n\r\n") + 4);
  const encoding = headersOfMail(raw).get("content-transfer-encoding");
  if (encoding === "base64") return Buffer.from(body, "base64").toString();
  if (encoding !== "quoted-printable") return body;
  const bytes = body
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(bytes, "latin1").toString();
}
