// TLS: a development authority that is made once and that others can check, the operator's own files, and plain HTTP for a proxy on this machine.
import { X509Certificate } from "node:crypto";
import { chmodSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:tls";
import * as assert from "uvu/assert";
import { parseRelayConfig } from "../../../broker/relay/config.ts";
import { makeAuthority, makeServerCertificate } from "../../../broker/relay/certificate.ts";
import { startRelay } from "../../../broker/relay/app.ts";
import { openCertificate } from "../../../broker/relay/tls.ts";
import { systemClock } from "../../../shared/clock.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { group } from "../../support/group.ts";
import { runProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { refused } from "../document/paper-site.ts";
import { RunningRelay, turnUntil } from "./running-relay.ts";

const dayMs = 24 * 3600 * 1000;
const nowMs = Date.parse("2026-11-23T08:00:00Z");

/** The name of the peer's certificate after a handshake; throws what the client says. */
async function handshake(url: string, servername: string, ca?: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), servername, ...(ca && { ca }) });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.once("secureConnect", () => resolve(socket.getProtocol() ?? ""));
  socket.once("error", reject);
  return promise.finally(() => socket.destroy());
}

/** Of the certificate that the server shows. */
async function fingerprint(url: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.once("secureConnect", () => resolve(socket.getPeerCertificate().fingerprint256));
  socket.once("error", reject);
  return promise.finally(() => socket.destroy());
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "nothing failed",
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}

await group("relay tls", { timeoutMs: 10_000 }, (test) => {
  test("a development relay is trusted by who trusts its authority, under its names alone", async () => {
    await using relay = await RunningRelay.start(true);
    const { authority, url } = relay;
    assert.is(await handshake(url, "localhost", authority), "TLSv1.3");
    assert.is(await handshake(url, "sign.localhost", authority), "TLSv1.3");
    assert.is(
      await failure(handshake(url, "relay.example", authority)),
      "ERR_TLS_CERT_ALTNAME_INVALID",
    );
    const other = await makeCertificates();
    assert.is.not(await failure(handshake(url, "localhost", other.authority)), "nothing failed");
  });
  test("the authority is made once, and its key is the owner's alone to read", async () => {
    await using relay = await RunningRelay.start(true);
    const { authority } = relay;
    const key = relay.folder.file("tls/authority.key");
    assert.is(statSync(key).mode & 0o777, 0o600);
    await relay.restart();
    assert.is(relay.authority, authority);
    assert.is(await handshake(relay.url, "localhost", authority), "TLSv1.3");
  });
  test("OpenSSL takes the certificates, for names and addresses of both kinds", async () => {
    using folder = temporaryFolder();
    const authority = makeAuthority("authority", {
      fromMs: Date.now() - dayMs,
      untilMs: Date.now() + dayMs,
    });
    const names = ["relay.example", "127.0.0.1", "::1", "2001:db8::7:0:1"];
    const server = makeServerCertificate(authority, names, {
      fromMs: Date.now() - dayMs,
      untilMs: Date.now() + dayMs,
    });
    const files = [
      folder.file("a.crt", authority.certificate),
      folder.file("s.crt", server.certificate),
    ];
    for (const host of [
      "-verify_hostname relay.example",
      "-verify_ip 127.0.0.1",
      "-verify_ip ::1",
      "-verify_ip 2001:db8::7:0:1",
    ]) {
      const args = [
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        ...host.split(" "),
        "-CAfile",
        ...files,
      ];
      const { code, stderr, stdout } = await runProcess("openssl", args);
      assert.is(code, 0, `${host}: ${stdout}${stderr}`);
    }
  });
  test("an end beyond 2049 is written in the longer form", () => {
    const made = makeAuthority("a", { fromMs: nowMs, untilMs: Date.parse("2051-02-03T04:05:06Z") });
    const read = new X509Certificate(made.certificate);
    assert.is(new Date(read.validTo).toISOString(), "2051-02-03T04:05:06.000Z");
    assert.is(new Date(read.validFrom).toISOString(), "2026-11-23T08:00:00.000Z");
    assert.is(read.ca, true);
  });
  test("the operator's files are used, and faults in them are named", async () => {
    using folder = temporaryFolder();
    const made = await makeCertificates(["relay.example"]);
    const certificate = folder.file("relay.crt", made.certificate);
    const key = folder.file("relay.key", made.privateKey);
    const open = (change: Record<string, string> = {}) =>
      openCertificate(
        parseRelayConfig({
          environment: {
            SALLYPORT_RELAY_TLS_CERTIFICATE: certificate,
            SALLYPORT_RELAY_TLS_KEY: key,
            SALLYPORT_RELAY_DATA_DIRECTORY: folder.path,
            ...change,
          },
        }),
        systemClock,
      );
    assert.is((await open())?.certificate, readFileSync(certificate, "utf8"));
    const missing = { SALLYPORT_RELAY_TLS_CERTIFICATE: folder.file("none.crt") };
    await refused(() => open(missing), "file_invalid", /certificate ".*none.crt" .*no such file/);
    const odd = { SALLYPORT_RELAY_TLS_CERTIFICATE: folder.file("odd.crt", "odd") };
    await refused(() => open(odd), "file_invalid", /odd.crt/);
    const other = await makeCertificates(["relay.example"]);
    const foreign = { SALLYPORT_RELAY_TLS_KEY: folder.file("foreign.key", other.privateKey) };
    await refused(() => open(foreign), "file_invalid", /the key is another certificate's/);
    chmodSync(key, 0o644);
    await refused(open, "file_invalid", /mode 0644 lets others read it, expected 0600/);
  });
  test("renewed files are taken within a minute, without a restart; a pair that does not fit is not", async () => {
    using folder = temporaryFolder();
    const clock = new TurnedClock(nowMs);
    const write = async (part: "both" | "certificate" = "both"): Promise<string> => {
      const made = await makeCertificates(["relay.example"]);
      folder.file("relay.crt", made.certificate);
      if (part === "both") folder.file("relay.key", made.privateKey);
      return new X509Certificate(made.certificate).fingerprint256;
    };
    const first = await write();
    let told = Promise.withResolvers<string>();
    const relay = await startRelay(
      parseRelayConfig({
        environment: {
          SALLYPORT_RELAY_LISTEN: "127.0.0.1:0",
          SALLYPORT_RELAY_TLS_CERTIFICATE: folder.file("relay.crt"),
          SALLYPORT_RELAY_TLS_KEY: folder.file("relay.key"),
          SALLYPORT_RELAY_DATA_DIRECTORY: folder.file("state"),
        },
      }),
      {
        clock,
        version: "0.0.0",
        logTo: { write: (line) => void (line.includes("certificate") && told.resolve(line)) },
      },
    );
    await using stack = new AsyncDisposableStack();
    stack.defer(() => turnUntil(clock, relay.close(0)));
    assert.is(await fingerprint(relay.url), first);

    const look = async (): Promise<string> => {
      told = Promise.withResolvers<string>();
      clock.advanceMs(60_000);
      return told.promise;
    };
    await write("certificate");
    assert.match(await look(), /the key is another certificate's/);
    assert.is(await fingerprint(relay.url), first);
    const second = await write();
    assert.match(await look(), /certificate was renewed/);
    assert.is(await fingerprint(relay.url), second);
    assert.is.not(second, first);
  });
});
