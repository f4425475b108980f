// E-mail by the operator's SMTP server. The only importer of nodemailer. Invariants: beyond this machine nothing is said in clear (STARTTLS or TLS,
// or no mail); an address or text can add no header and no second recipient (attack: line breaks and lists in an address).
import { createTransport } from "nodemailer";
import { SallyportError } from "../../../shared/errors.ts";
import { delivered, undelivered, type Outcome, type Outgoing } from "./sender.ts";

/** How long a mail server may take over each step. */
const stepMs = 10_000;

/** Where mail is handed over. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS is demanded, except on this machine. */
  readonly isTls: boolean;
  readonly isLoopback: boolean;
  readonly account: { readonly user: string; readonly password: string } | undefined;
  /** A plain address. */
  readonly from: string;
}

export interface Mail {
  /** A message to one address. */
  send(message: Outgoing, address: string): Promise<Outcome>;
  /** The code that proves an address. */
  sendCode(code: string, site: string, address: string): Promise<Outcome>;
  close(): void;
}

const longestAddress = 254;
// Deliberately less than RFC 5321 allows: no quotes, comments, lists, routes or groups, so that nothing is left to interpretation.
const localPart = /^[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9])?$/;
const domain =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** The address; throws `message_invalid` for anything that is not one plain address. */
export function parseMailAddress(text: string): string {
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0));
  const isAddress =
    text.length <= longestAddress &&
    localPart.test(local) &&
    !local.includes("..") &&
    domain.test(text.slice(at + 1));
  if (isAddress) return text;
  throw new SallyportError(
    "message_invalid",
    "not a mail address, expected one like anna@example.org",
  );
}

/** Hands mail to that server; nothing is connected until the first. */
export function createMail({ host, port, isTls, isLoopback, account, from }: SmtpServer): Mail {
  const transport = createTransport({
    host,
    port,
    secure: isTls,
    requireTLS: !isTls && !isLoopback,
    // A mail server on this machine commonly has a certificate that nobody vouches for; without an account there is nothing to hide from it.
    ignoreTLS: !isTls && isLoopback && account === undefined,
    tls: { minVersion: "TLSv1.2" },
    ...(account && { auth: { user: account.user, pass: account.password } }),
    connectionTimeout: stepMs,
    greetingTimeout: stepMs,
    socketTimeout: stepMs,
    dnsTimeout: stepMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });

  const hand = async (address: string, subject: string, text: string): Promise<Outcome> => {
    try {
      const to = { name: "", address: parseMailAddress(address) };
      await transport.sendMail({
        from: { name: "Sallyport", address: from },
        to,
        envelope: { from, to: [to.address] },
        subject,
        text,
        headers: { "auto-submitted": "auto-generated" },
      });
      return delivered;
    } catch (thrown) {
      return refusalOf(thrown);
    }
  };

  return {
    send: ({ title, text, url }, address) =>
      hand(address, `${title}: ${text}`, `${text}\n\n${url}\n\n-- \n${title}\n`),
    sendCode: (code, site, address) =>
      hand(
        address,
        `${site}: confirm this address`,
        `Your code is ${code}. It is good for 15 minutes.\n\n` +
          `Somebody who signed in to "${site}" wants to be notified at this address.\n` +
          "If that was not you, do nothing.\n",
      ),
    close: () => transport.close(),
  };
}

// Replies of 500 and above are final (RFC 5321, 4.2.1), wherever they come in the conversation; the account's refusal is the operator's to mend.
function refusalOf(thrown: unknown): Outcome {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown fault";
  const reply =
    thrown instanceof Error && "responseCode" in thrown ? Number(thrown.responseCode) : 0;
  if (reply > 0) {
    return undelivered(`mail server answered ${reply}`, reply < 500 || code === "EAUTH");
  }
  return undelivered(`mail server: ${code}`, true);
}
