// Configuration: strings in, one typed value out, all faults at once with file, line and key.
import * as assert from "uvu/assert";
import { parseRelayConfig } from "../../../broker/relay/config.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";

type Row = readonly [note: string, environment: Record<string, string>, refusal?: RegExp];

const operated = { TLS_CERTIFICATE: "a.crt", TLS_KEY: "a.key" };

const rows: readonly Row[] = [
  ["nothing at all", {}],
  ["an IPv6 address", { LISTEN: "[::]:443" }],
  ["a host name to listen on", { LISTEN: "localhost:443" }, /LISTEN: "localhost:443" is not an/],
  ["a port too large", { LISTEN: "127.0.0.1:70000" }, /"127.0.0.1:70000" is not an address/],
  ["an address with a path", { URL: "https://relay.example/x" }, /URL: .* without a path/],
  ["an address with a password", { URL: "https://a:b@relay.example" }, /without a path/],
  ["an https address", { URL: "https://relay.example" }],
  ["a signing page", { URL: "https://relay.example", SIGNING_URL: "https://sign.example" }],
  ["a signing page on this machine", { SIGNING_URL: "http://sign.localhost:8080" }],
  ["a signing page under an address", { SIGNING_URL: "https://127.0.0.1:1" }, /with a host name/],
  ["a signing page without TLS", { SIGNING_URL: "http://sign.example" }, /is not an https address/],
  [
    "a signing page beside the portal",
    { URL: "https://relay.example", SIGNING_URL: "https://relay.example:444" },
    /SIGNING_URL: "relay.example" is the host of "url"/,
  ],
  ["certificate and key", { TLS_CERTIFICATE: "a.crt", TLS_KEY: "a.key" }],
  ["a certificate alone", { TLS_CERTIFICATE: "a.crt" }, /both "tls-certificate" and "tls-key"/],
  ["a proxy on loopback", { TLS: "proxy" }],
  ["a proxy elsewhere", { TLS: "proxy", LISTEN: "0.0.0.0:80" }, /loopback address only/],
  ["a proxy and a key", { TLS: "proxy", TLS_KEY: "a.key" }, /TLS_KEY: given, but "tls" is "proxy"/],
  ["another kind of TLS", { TLS: "none" }, /"none" is not one of development, files, proxy/],
  ["a mail server", { SMTP_URL: "smtp://mail.example:2525", MAIL_FROM: "a@b.example" }],
  [
    "a mail server with a user and a password's file",
    { SMTP_URL: "smtps://u@mail.example", MAIL_FROM: "a@b.example", SMTP_PASSWORD_FILE: "p" },
  ],
  ["a mail server alone", { SMTP_URL: "smtp://mail.example" }, /both "smtp-url" and "mail-from"/],
  [
    "a password in the mail server's address",
    { SMTP_URL: "smtp://u:p@mail.example", MAIL_FROM: "a@b.example" },
    /address without password/,
  ],
  [
    "a mail server's user without a password",
    { SMTP_URL: "smtp://u@mail.example", MAIL_FROM: "a@b.example" },
    /go together/,
  ],
  [
    "mail from two addresses",
    { SMTP_URL: "smtp://mail.example", MAIL_FROM: "a@b.example, c@d.example" },
    /is not a mail address/,
  ],
  ["networks to notify", { NOTIFY_NETWORKS: "10.1.0.0/16, fd00::/8" }],
  ["an address to notify", { NOTIFY_NETWORKS: "10.1.0.1" }, /is not networks by commas/],
  ["a web domain in development", { WEB_DOMAIN: "panels.example" }],
  [
    "a web domain with a program that certifies",
    { ...operated, WEB_DOMAIN: "panels.example", WEB_CERTIFICATE_COMMAND: "/usr/local/bin/sign" },
  ],
  [
    "a web domain without a program that certifies",
    { ...operated, WEB_DOMAIN: "panels.example" },
    /WEB_DOMAIN: both "web-domain" and "web-certificate-command" are needed/,
  ],
  [
    "a program that certifies without a web domain",
    { ...operated, WEB_CERTIFICATE_COMMAND: "/usr/local/bin/sign" },
    /WEB_CERTIFICATE_COMMAND: both "web-domain"/,
  ],
  [
    "a web domain behind a proxy that ends TLS",
    { TLS: "proxy", WEB_DOMAIN: "panels.example" },
    /WEB_DOMAIN: given, but "tls" is "proxy"/,
  ],
  ["a web domain with a scheme", { WEB_DOMAIN: "https://panels.example" }, /is not a domain/],
  ["a web domain that is an address", { WEB_DOMAIN: "10.0.0.1" }, /is not a domain/],
  ["a web domain of one label", { WEB_DOMAIN: "panels" }, /is not a domain/],
  [
    "a web domain below the portal",
    { URL: "https://relay.example", WEB_DOMAIN: "web.relay.example" },
    /WEB_DOMAIN: it is, or is above or below, the relay's own name "relay.example"/,
  ],
  [
    "a web domain above the portal",
    { URL: "https://relay.plants.example", WEB_DOMAIN: "plants.example" },
    /above or below, the relay's own name "relay.plants.example"/,
  ],
  [
    "a web domain that is the signing page's",
    { SIGNING_URL: "https://sign.example", WEB_DOMAIN: "sign.example" },
    /above or below, the relay's own name "sign.example"/,
  ],
  [
    "a web domain whose end is another's name",
    { URL: "https://relay.example", WEB_DOMAIN: "otherrelay.example" },
  ],
  ["a portal on localhost with the usual web domain", { URL: "https://localhost:8443" }],
  ["an unknown log level", { LOG_LEVEL: "loud" }, /"loud" is not one of error, warn/],
  ["an empty name", { NAME: "" }, /NAME: "" is not a name/],
  ["an unknown variable", { LISTENS: "x" }, /SALLYPORT_RELAY_LISTENS: unknown variable/],
];

function parse(environment: Record<string, string>, text?: string) {
  const named = Object.entries(environment).map(([key, value]) => [
    `SALLYPORT_RELAY_${key}`,
    value,
  ]);
  return parseRelayConfig({
    environment: { PATH: "/bin", ...Object.fromEntries(named) },
    ...(text !== undefined && { file: { path: "relay.conf", text } }),
  });
}

function faultsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (thrown) {
    assert.instance(thrown, SallyportError);
    assert.is((thrown as SallyportError).code, "config_invalid");
    return (thrown as SallyportError).message.split("\n");
  }
  throw new Error("nothing was refused");
}

await group("relay config", {}, (test) => {
  for (const [note, environment, refusal] of rows) {
    test(`${note} is ${refusal ? "refused" : "taken"}`, () => {
      if (refusal === undefined) return void parse(environment);
      const faults = faultsOf(() => parse(environment));
      assert.is(faults.length, 1, faults.join("; "));
      assert.match(faults[0] ?? "", refusal);
      return undefined;
    });
  }
  test("without settings it is a development relay on loopback", () => {
    assert.equal(parse({}), {
      name: "127.0.0.1",
      url: undefined,
      signingUrl: undefined,
      listen: { host: "127.0.0.1", port: 8443 },
      security: { kind: "development" },
      dataDirectory: "sallyport-relay",
      registrationTokenFile: "sallyport-relay/registration-token",
      useNoticeFile: undefined,
      mail: undefined,
      openNetworks: [],
      webDomain: "web.localhost",
      webCertificateCommand: undefined,
      logLevel: "info",
    });
  });
  test("a file's keys are read, and the environment wins", () => {
    const text = "# our relay\nname = Plant relay\n\nurl=https://relay.example\nlog-level = warn\n";
    const config = parse({ LOG_LEVEL: "debug" }, text);
    assert.is(config.name, "Plant relay");
    assert.is(config.url, "https://relay.example");
    assert.is(config.logLevel, "debug");
  });
  test("a relay is called by its address unless it is given a name", () => {
    assert.is(parse({ URL: "https://relay.example:444" }).name, "relay.example");
  });
  test("all faults come at once, each with its file and line or its variable", () => {
    const text = "listen = nowhere\nlisten = 127.0.0.1:1\nlistening = 1\nname\nurl = ftp://x\n";
    assert.equal(
      faultsOf(() => parse({ TLS: "none", LOG_LEVEL: "loud" }, text)).map(
        (fault) => fault.split(":")[0],
      ),
      [
        "relay.conf line 2",
        "relay.conf line 3",
        "relay.conf line 4",
        'relay.conf line 1, key "listen"',
        'relay.conf line 5, key "url"',
        "SALLYPORT_RELAY_TLS",
        "SALLYPORT_RELAY_LOG_LEVEL",
      ],
    );
  });
});
