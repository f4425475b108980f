// Certificates of web panels: a request for anything but the edge's own names, the operator's program and its faults, and what the edge keeps.
import { X509Certificate } from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import * as assert from "uvu/assert";
import { makeAuthority } from "../../../broker/relay/certificate.ts";
import { commandTimeoutMs, WebCertificates } from "../../../broker/relay/web-certificates.ts";
import { WebCertificate } from "../../../edge/web/web-certificate.ts";
import { parseEdgeId } from "../../../shared/ids.ts";
import { webLabelOf } from "../../../shared/web-name.ts";
import { group } from "../../support/group.ts";
import { runProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { suite } from "../document/paper-site.ts";

const domain = "web.localhost";

await group("certificates of web panels", { timeoutMs: 30_000 }, (test) => {
  test("a request is what openssl takes for one, and certified for the edge's own names alone", async () => {
    await using world = await openCertificates();
    const { request, certificates, edge, name, clock } = world;
    const read = await runProcess(
      "openssl",
      ["req", "-verify", "-noout", "-text", "-subject", "-verify"],
      { input: request },
    );
    assert.is(read.code, 0, read.stderr);
    assert.match(read.stdout + read.stderr, /[vV]erify OK/);
    assert.match(read.stdout, new RegExp(`DNS:\\*\\.[0-9a-f]{32}\\.${domain}\n`));
    const answer = await certificates.certify(edge, request);
    assert.is(answer.why, null);
    const certificate = new X509Certificate(answer.chain ?? "");
    assert.is(certificate.subjectAltName, `DNS:${name}`);
    assert.is(certificate.ca, false);
    assert.ok(certificate.verify(new X509Certificate(world.authority.certificate).publicKey));
    const other = parseEdgeId(Buffer.alloc(32, 3).toString("base64url"));
    const refused: readonly [string, Parameters<WebCertificates["certify"]>][] = [
      ["another edge's", [other, request]],
      ["a request that was cut", [edge, request.replace(/\n.{64}\n/, "\n")]],
      ["garbage", [edge, "garbage"]],
      ["another's names", [edge, world.requestFor(`*.${domain}`)]],
      ["one name below", [edge, world.requestFor(name.replace("*", "a"))]],
      ["the relay's own", [edge, world.requestFor("relay.example")]],
      ["two names", [edge, await requestOfOpenssl(name, `DNS:${name},DNS:relay.example`)]],
      ["names of openssl's own making", [edge, await requestOfOpenssl(name, `DNS:${name}`)]],
      ["another signature", [edge, await flippedSignature(request)]],
    ];
    for (const [note, asked] of refused) {
      const { chain, why } = await certificates.certify(...asked);
      assert.is(chain, null, note);
      assert.match(why ?? "", /is not for|is not signed/, note);
    }
    assert.ok(clock.wallMs() > 0);
  });

  test("the operator's program gets the request and gives the chain; what it does wrong is said", async () => {
    await using world = await openCertificates();
    const { edge, request, name } = world;
    const script = (text: string): string => {
      const path = world.folder.file(`program-${Math.random()}.sh`, `#!/bin/sh\n${text}\n`);
      chmodSync(path, 0o755);
      return path;
    };
    const ca = world.folder.file("ca.pem", world.authority.certificate);
    const key = world.folder.file("ca.key", world.authority.key);
    const signing = `openssl x509 -req -days 30 -CA ${ca} -CAkey ${key} -copy_extensions copy`;
    const certify = async (command: string, clock = new TurnedClock()) => {
      const { authority } = world;
      const certificates = new WebCertificates({ ...world, clock, command, authority });
      const answer = await certificates.certify(edge, request);
      return { certificates, ...answer };
    };
    const good = await certify(script(`test "$1" = '${name}' && ${signing} && cat ${ca}`));
    assert.is(good.why, null);
    assert.is(new X509Certificate(good.chain ?? "").subjectAltName, `DNS:${name}`);
    assert.is((good.chain ?? "").split("BEGIN CERTIFICATE").length, 3);
    // An authority counts; a box that asks for ever would use up what all have.
    assert.match((await good.certificates.certify(edge, request)).why ?? "", /too soon/);

    const rows: readonly [string, RegExp][] = [
      ["echo 'dns is slow' >&2; exit 3", /ended with 3: dns is slow/],
      ["cat", /./],
      [`cat ${ca}`, /another key/],
      [`${signing.replace("-copy_extensions copy", "")}`, /does not cover/],
      ["exec yes", /printed too much/],
    ];
    for (const [text, why] of rows) {
      const answer = await certify(script(text));
      assert.is(answer.chain, null, text);
      assert.match(answer.why ?? "", why, text);
    }
    assert.match((await certify("/nowhere/program")).why ?? "", /ENOENT/);

    const clock = new TurnedClock();
    const started = `${world.folder.path}/started`;
    const late = certify(script(`touch ${started}; exec sleep 600`), clock);
    while (!existsSync(started)) await new Promise(setImmediate);
    clock.advanceMs(commandTimeoutMs);
    assert.match((await late).why ?? "", /took longer than 120 s/);
  });

  test("an edge's certificate is kept sealed, asked for again in time, and given up with another domain", async () => {
    await using world = await openCertificates();
    const { edge, certificates, name, clock, folder } = world;
    const path = `${folder.path}/web.sealed`;
    const options = {
      suite,
      path,
      sealingKey: new Uint8Array(32).fill(4),
      clock,
      log: () => undefined,
    };
    const first = await WebCertificate.open(options);
    assert.is(first.isDue(name), true);
    const { chain } = await certificates.certify(edge, first.request(name));
    await first.take(chain ?? "");
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.not.match(readFileSync(path, "latin1"), /PRIVATE KEY/);
    const again = await WebCertificate.open(options);
    assert.is(again.current(name)?.chain, chain);
    assert.is(again.isDue(name), false);
    assert.is(again.current("*.other.example"), undefined);
    assert.is(again.isDue("*.other.example"), true);
    clock.advanceMs(61 * 24 * 3_600_000);
    assert.is(again.isDue(name), true);
    assert.ok(again.current(name));
    clock.advanceMs(40 * 24 * 3_600_000);
    assert.is(again.current(name), undefined);
  });
});

async function openCertificates() {
  const folder = temporaryFolder();
  const clock = new TurnedClock(Date.now());
  const edge = parseEdgeId(Buffer.alloc(32, 9).toString("base64url"));
  const name = `*.${await webLabelOf(edge)}.${domain}`;
  const fromMs = clock.wallMs() - 24 * 3_600_000;
  const authority = makeAuthority("panels", { fromMs, untilMs: fromMs + 900 * 24 * 3_600_000 });
  const log = (): void => undefined;
  const parts = { folder, clock, edge, name, domain, authority, log };
  const own = await WebCertificate.open({
    suite,
    path: `${folder.path}/none`,
    sealingKey: new Uint8Array(32),
    clock,
    log,
  });
  return {
    ...parts,
    request: own.request(name),
    requestFor: (other: string) => own.request(other),
    certificates: new WebCertificates({ ...parts, command: undefined }),
    [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
  };
}

async function requestOfOpenssl(name: string, names: string): Promise<string> {
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout /dev/null";
  const extensions = `-addext subjectAltName=${names} -addext basicConstraints=CA:TRUE`;
  const args = `req -new ${key} -subj /CN=${name} ${extensions}`.split(" ");
  const { stdout } = await runProcess("openssl", args);
  return stdout;
}

async function flippedSignature(request: string): Promise<string> {
  const lines = request.trimEnd().split("\n");
  const der = Buffer.from(lines.slice(1, -1).join(""), "base64");
  const last = der.length - 1;
  der[last] = (der[last] ?? 0) ^ 1;
  const text = der.toString("base64").replace(/.{1,64}/g, "$&\n");
  return `${lines[0]}\n${text}${lines.at(-1)}\n`;
}
