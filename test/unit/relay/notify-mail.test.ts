// E-mail through a real SMTP server: confirmed addresses alone, TLS wherever it leaves this machine, and no header or recipient that is not the relay's.
import { chmodSync, writeFileSync } from "node:fs";
import * as tls from "node:tls";
import * as assert from "uvu/assert";
import { createMail, parseMailAddress } from "../../../broker/relay/notify/mail.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { refused } from "../document/paper-site.ts";
import { startDebianMailServer } from "./debian-mail-server.ts";
import { headersOfMail, MailServer, textOfMail, type MailServerOptions } from "./mail-server.ts";
import { NotifiedSite, secretReason } from "./notified-site.ts";

const address = "cleo@example.org";

async function withMail(options: MailServerOptions = {}) {
  const mail = await MailServer.start(options);
  const world = await NotifiedSite.start([], mail.settings());
  return {
    mail,
    world,
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await mail[Symbol.asyncDispose]();
    },
  };
}

/** The code of the newest mail. */
function codeIn(mail: MailServer): string {
  const text = textOfMail(mail.mailed.items.at(-1)?.raw ?? "");
  return /Your code is (\d{6})\./.exec(text)?.[1] ?? "";
}

async function confirm(world: NotifiedSite, mail: MailServer, name = "cleo"): Promise<string> {
  const { status, body } = await world.as(name, "PUT", "/notify/mail", { address });
  assert.is(status, 202, JSON.stringify(body));
  const { id } = body.channel;
  const answer = await world.as(name, "POST", "/notify/mail/confirm", {
    channel: id,
    code: codeIn(mail),
  });
  assert.is(answer.body.channel.state, "proven", JSON.stringify(answer.body));
  return id;
}

/** What is no plain address; each would be another recipient or a header somewhere. */
const badAddresses = [
  "cleo@example.org, eve@example.org",
  "cleo@example.org;eve@example.org",
  "cleo@example.org\r\nBcc: eve@example.org",
  "cleo@example.org\nBcc: eve@example.org",
  "cleo\r@example.org",
  "<cleo@example.org>",
  "Cleo <cleo@example.org>",
  '"cleo"@example.org',
  '"cleo@a\r\nb"@example.org',
  "cleo(eve@example.org)@example.org",
  "@relay.example:cleo@example.org",
  "staff: cleo@example.org;",
  "cleo@[127.0.0.1]",
  "cleo@exam ple.org",
  "cleo @example.org",
  ".cleo@example.org",
  "cleo..x@example.org",
  "cleo@example.org.",
  "cleo@-example.org",
  "cleo@",
  "@example.org",
  "cleo",
  "",
  "cleo@example.org\u0000",
  "cleo@ex\u00e4mple.org",
  `${"c".repeat(65)}@example.org`,
  `cleo@${"a.".repeat(130)}org`,
] as const;

await group("relay notify mail", { timeoutMs: 60_000 }, (test) => {
  test("an address that was confirmed is told by mail, with a link to the request and no reason", async () => {
    await using both = await withMail();
    const { world, mail } = both;
    await confirm(world, mail);
    const { hash } = await world.request();
    const { from, to, raw } = await mail.mailed.at(1);
    assert.is(from, "sallyport@relay.example");
    assert.equal(to, [address]);
    const headers = headersOfMail(raw);
    assert.is(headers.get("to"), address);
    assert.is(headers.get("subject"), "Paper mill: A request waits for you: Name of vera asks.");
    assert.is(headers.get("auto-submitted"), "auto-generated");
    assert.ok(textOfMail(raw).includes(`${world.relay.url}/jobs/${hash}\r\n`));
    assert.not.ok(textOfMail(raw).includes(secretReason));
    while (true) {
      const { body } = await world.as("vera", "GET", `/requests/${hash}/notified`);
      if (body.told.some(({ person, state }) => person === "cleo" && state === "delivered")) break;
    }
  });
  test("an address that was not confirmed gets its code and nothing else; a wrong code, one of another and an old one do not confirm it", async () => {
    await using both = await withMail();
    const { world, mail } = both;
    const { body } = await world.as("cleo", "PUT", "/notify/mail", { address });
    const { id: channel, state } = body.channel;
    assert.is(state, "unconfirmed");
    const code = codeIn(mail);
    const wrong = code === "000000" ? "000001" : "000000";
    const give = async (name: string, given: string) =>
      (await world.as(name, "POST", "/notify/mail/confirm", { channel, code: given })).status;
    assert.is(await give("cleo", wrong), 403);
    assert.is(await give("anna", code), 404, "somebody else's channel");
    const test = await world.as("cleo", "POST", `/notify/channels/${channel}/test`);
    assert.is(test.body.message.state, "failed");
    await world.request();
    world.relay.clock.advanceMs(16 * 60_000);
    assert.is(await give("cleo", code), 403, "too old");
    assert.is(mail.mailed.items.length, 1);
    await confirm(world, mail);
  });
  test("after five wrong codes the right one does not confirm", async () => {
    await using both = await withMail();
    const { world, mail } = both;
    const { body } = await world.as("cleo", "PUT", "/notify/mail", { address });
    const code = codeIn(mail);
    const wrong = code === "000000" ? "000001" : "000000";
    for (const given of [wrong, wrong, wrong, wrong, wrong, code]) {
      const answer = await world.as("cleo", "POST", "/notify/mail/confirm", {
        channel: body.channel.id,
        code: given,
      });
      assert.is(answer.status, 403);
    }
  });
  test("codes cannot be used to fill somebody's mailbox", async () => {
    await using both = await withMail();
    const { world, mail } = both;
    const statuses: number[] = [];
    for (const name of ["cleo", "anna", "ben", "vera", "olaf", "dora"]) {
      const { status } = await world.as(name, "PUT", "/notify/mail", { address });
      statuses.push(status);
    }
    assert.equal(statuses, [202, 202, 202, 202, 429, 429]);
    assert.is(mail.mailed.items.length, 4);
  });
  for (const bad of badAddresses) {
    test(`${JSON.stringify(bad.slice(0, 60))} is no address`, async () => {
      await refused(() => parseMailAddress(bad), "message_invalid", /not a mail address/);
    });
  }
  for (const good of ["a@b", "Cleo.Q+plant%2@mail.example.org", "c-l_e.o@xn--exmple-cua.org"]) {
    test(`${good} is an address`, () => {
      assert.is(parseMailAddress(good), good);
    });
  }
  test("a site's and a person's name cannot add a header, a recipient or a part to a mail", async () => {
    await using mail = await MailServer.start();
    const hostile = "x\r\nBcc: eve@example.org\r\n\r\n<b>\n.\r\nRCPT TO:<eve@example.org>";
    const sender = createMail({
      host: "127.0.0.1",
      port: mail.port,
      isTls: false,
      isLoopback: true,
      account: undefined,
      from: "sallyport@relay.example",
    });
    const message = {
      id: "1",
      site: "s" as never,
      title: hostile,
      kind: "test",
      text: hostile,
      url: "https://relay.example/jobs",
      tag: "t",
      at: 0,
    };
    assert.is((await sender.send(message, address)).delivered, true);
    assert.is((await sender.sendCode("123456", hostile, address)).delivered, true);
    for (const { to, raw } of mail.mailed.items) {
      assert.equal(to, [address]);
      const headers = headersOfMail(raw);
      assert.is(headers.get("bcc"), undefined);
      assert.is(headers.get("to"), address);
      const standard = /^(from|to|subject|auto-submitted|message-id|date|mime-version|content-)/;
      assert.equal(
        [...headers.keys()].filter((name) => !standard.test(name)),
        [],
      );
    }
    assert.is(mail.mailed.items.length, 2);
    sender.close();
  });
  test("with STARTTLS and an account from a file the mail goes over TLS, and the password is in no log", async () => {
    using folder = temporaryFolder();
    const account = { user: "relay@mail.example", password: "mail-password-of-the-operator" };
    await using mail = await MailServer.start({ account });
    const passwordFile = folder.file("smtp-password");
    writeFileSync(passwordFile, `${account.password}\n`);
    const settings = mail.settings({
      SALLYPORT_RELAY_SMTP_URL: `smtp://relay%40mail.example@127.0.0.1:${mail.port}`,
      SALLYPORT_RELAY_SMTP_PASSWORD_FILE: passwordFile,
    });
    chmodSync(passwordFile, 0o644);
    await refused(() => NotifiedSite.start([], settings), "file_invalid", /expected 0600/);
    chmodSync(passwordFile, 0o600);
    await using world = await NotifiedSite.start([], settings);
    await confirm(world, mail);
    await world.request();
    const { user, isSecure } = await mail.mailed.at(1);
    assert.is(user, account.user);
    assert.is(isSecure, true);
    assert.not.ok(world.relay.lines.join("").includes(account.password));
  });
  test("a mail server by other hands takes the code and the notification, and has the whole text", async () => {
    await using mail = await startDebianMailServer();
    await using world = await NotifiedSite.start([], {
      SALLYPORT_RELAY_SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
      SALLYPORT_RELAY_MAIL_FROM: "sallyport@relay.example",
    });
    const { body } = await world.as("cleo", "PUT", "/notify/mail", { address });
    const [, code] = await mail.process.line(/Your code is (\d{6})\./);
    const given = { channel: body.channel.id, code };
    assert.is((await world.as("cleo", "POST", "/notify/mail/confirm", given)).status, 200);
    const { hash } = await world.request();
    await mail.process.line(new RegExp(`^${world.relay.url}/jobs/${hash}$`));
    assert.match(mail.process.stdout, /^To: cleo@example\.org$/m);
    assert.not.ok(mail.process.stdout.includes(secretReason));
  });
  test("a mail server by other hands that insists on STARTTLS gets it, if its certificate is vouched for", async () => {
    using folder = temporaryFolder();
    const { authority, certificate, privateKey } = await makeCertificates();
    const files = { certificate: folder.file("mail.crt"), key: folder.file("mail.key") };
    writeFileSync(files.certificate, certificate);
    writeFileSync(files.key, privateKey);
    await using mail = await startDebianMailServer(files);
    const send = async () => {
      const account = undefined;
      const from = "sallyport@relay.example";
      const { port } = mail;
      const server = { host: "127.0.0.1", port, isTls: false, isLoopback: false, account, from };
      return createMail(server).sendCode("123456", "Paper mill", address);
    };
    const refusal = await send();
    assert.is(refusal.delivered, false, "nobody vouches for it");
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), authority]);
    assert.equal(await send(), { delivered: true });
    await mail.process.line(/Your code is 123456\./);
  });
  test("with TLS from the first byte the mail arrives too", async () => {
    await using both = await withMail({ isTls: true });
    await confirm(both.world, both.mail);
    assert.is(both.mail.mailed.items[0]?.isSecure, true);
  });
  test("a server elsewhere that offers no STARTTLS gets neither account nor mail", async () => {
    const account = { user: "relay", password: "mail-password-of-the-operator" };
    await using mail = await MailServer.start({ isPlain: true, account });
    const sender = createMail({
      host: "127.0.0.1",
      port: mail.port,
      isTls: false,
      isLoopback: false,
      account,
      from: "sallyport@relay.example",
    });
    const outcome = await sender.sendCode("123456", "Paper mill", address);
    assert.is(outcome.delivered, false);
    assert.equal([mail.mailed.items.length, mail.passwords.length], [0, 0]);
    sender.close();
  });
  for (const [refusal, mayRetry] of [
    [550, false],
    [451, true],
  ] as const) {
    test(`a recipient refused with ${refusal} is ${mayRetry ? "tried again" : "given up"}, and nothing of the reply is kept`, async () => {
      await using mail = await MailServer.start({ refusal });
      const { host, port } = { host: "127.0.0.1", port: mail.port };
      const from = "sallyport@relay.example";
      const server = { host, port, isTls: false, isLoopback: true, account: undefined, from };
      const sender = createMail(server);
      const outcome = await sender.sendCode("123456", "Paper mill", address);
      const reason = `mail server answered ${refusal}`;
      assert.equal(outcome, { delivered: false, reason, mayRetry });
      sender.close();
    });
  }
  test("without a mail server the relay says so, and takes no address", async () => {
    await using world = await NotifiedSite.start();
    assert.is((await world.as("cleo", "GET", "/notify")).body.mailFrom, null);
    const answer = await world.as("cleo", "PUT", "/notify/mail", { address });
    assert.is(answer.status, 503);
  });
});
