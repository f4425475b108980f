// Whoever stands at a device's address under certificates of his own: he hears nothing of a login, whatever he shows and whenever he shows it.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import * as assert from "uvu/assert";
import type { Device } from "../../../shared/document/device.ts";
import { makeDeviceCertificate } from "../../plant/device-certificate.ts";
import {
  startImpostor,
  type Identity,
  type Impostor,
  type ImpostorKind,
} from "../../plant/impostor.ts";
import { acceptingEdge, type JudgedOpening } from "../../support/accepting-edge.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { group } from "../../support/group.ts";
import { failureOf, openOn, type OpenedTarget } from "../../support/opened-target.ts";
import { runProcess } from "../../support/process.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const otherPin = Array(32).fill("AB").join(":");
const third = Array(32).fill("CD").join(":");
const login = "operator";
const password = "a password that nobody hears";
const pollMs = 20;
const heardWithinMs = 20_000;
/** A login that does not wait comes sooner: xfreerdp takes less than a second to begin. */
const quietMs = 2_500;

/** The device that the impostor passes for. */
function passedFor(kind: ImpostorKind, { host, port }: Impostor): Device {
  const shown = { host, port, certificate: otherPin };
  const signIn = { how: "basic", login } as const;
  if (kind === "http") return { kind, ...shown, secure: true, signIn, start: "/panel/", paths: [] };
  if (kind === "vnc") return { kind, ...shown, login };
  return { kind, ...shown, login, domain: null, security: "nla", keyboard: "us" };
}

function open(
  kind: ImpostorKind,
  impostor: Impostor,
  { judgeKey }: JudgedOpening,
  scratch: string,
): Promise<OpenedTarget> {
  const device = passedFor(kind, impostor);
  const secret = { kind: "password", password } as const;
  const opening =
    kind === "http"
      ? ({ mode: "web" } as const)
      : ({ mode: "screen", width: 800, height: 600 } as const);
  return openOn({ device, secret, judgeKey, scratch }, opening);
}

async function identityIn(
  folder: TemporaryFolder,
  name: string,
): Promise<Identity & { readonly fingerprint: string }> {
  const { certificateFile, keyFile, fingerprint } = await makeDeviceCertificate(folder, name);
  const [cert, key] = [readFileSync(certificateFile, "utf8"), readFileSync(keyFile, "utf8")];
  return { cert, key, fingerprint };
}

/** While it lasts, OpenSSL's programs on this machine trust that authority (openssl-rehash(1)); its key is gone already. */
async function trustedHere(authority: string, folder: TemporaryFolder): Promise<Disposable> {
  const pem = folder.file("authority.pem", authority);
  const [hash, where] = await Promise.all([
    runProcess("openssl", ["x509", "-noout", "-subject_hash", "-in", pem]),
    runProcess("openssl", ["version", "-d"]),
  ]);
  const [, directory] = /"(.+)"/.exec(where.stdout) ?? [];
  if (hash.code !== 0 || directory === undefined) throw new Error("openssl tells no folder");
  const link = `${directory}/certs/${hash.stdout.trim()}.0`;
  writeFileSync(link, authority, { flag: "wx" });
  return { [Symbol.dispose]: () => rmSync(link) };
}

async function eventually(
  isSo: () => boolean,
  what: string,
  withinMs = heardWithinMs,
): Promise<void> {
  for (const endsMs = performance.now() + withinMs; !isSo(); await delay(pollMs)) {
    if (performance.now() > endsMs) throw new Error(`${what} did not come`);
  }
}

await group("targets: impostors", { timeoutMs: 90_000 }, (test) => {
  for (const kind of ["vnc", "http", "rdp"] as const) {
    test(`${kind}: whoever stands at the device's address hears nothing under a certificate that nobody accepted`, async () => {
      using folder = temporaryFolder();
      const own = await identityIn(folder, "own");
      await using impostor = await startImpostor(kind, [own]);
      const edge = acceptingEdge();
      const judged = edge.judge([third]);
      const opened = await open(kind, impostor, judged, folder.path);
      assert.is((await failureOf(opened)).code, "device_changed");
      assert.ok(impostor.connections() > 0);
      assert.is(impostor.heard().length, 0);
      assert.equal(edge.noted(), [own.fingerprint]);
    });

    test(`${kind}: nothing of the login is sent before the acceptance is in the journal, and it is after`, async () => {
      using folder = temporaryFolder();
      const own = await identityIn(folder, "own");
      await using impostor = await startImpostor(kind, [own]);
      const written = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      const edge = acceptingEdge(() => {
        asked.resolve();
        return written.promise;
      });
      const judged = edge.judge([own.fingerprint]);
      const opened = await open(kind, impostor, judged, folder.path);
      await asked.promise;
      const isHeard = () => impostor.heard().length > 0;
      const wasHeard = eventually(isHeard, "anything", quietMs).then(
        () => true,
        () => false,
      );
      assert.is(await wasHeard, false);
      written.resolve();
      await eventually(isHeard, "the login");
      opened.session.abort("over");
      await opened.vendor.closed;
    });
  }

  test("rdp: another certificate than the judged one is refused by xfreerdp itself, however late it comes", async () => {
    using folder = temporaryFolder();
    const own = await identityIn(folder, "own");
    const later = await identityIn(folder, "later");
    // To xfreerdp under the pin, to the edge that judges, and then to xfreerdp under what was judged.
    await using impostor = await startImpostor("rdp", [own, own, later]);
    const edge = acceptingEdge();
    const judged = edge.judge([own.fingerprint]);
    const opened = await open("rdp", impostor, judged, folder.path);
    const failure = await failureOf(opened);
    assert.is(failure.code, "device_changed");
    assert.match(failure.message, new RegExp(`accepted for this job is ${own.fingerprint}`));
    assert.is(impostor.connections(), 4);
    assert.is(impostor.heard().length, 0);
    assert.is(edge.entries.length, 1);
    assert.equal(edge.noted(), [later.fingerprint]);
  });

  test("rdp: a certificate that an authority of the edge's system vouches for is refused all the same", async () => {
    using folder = temporaryFolder();
    const { authority, certificate: cert, privateKey: key } = await makeCertificates(["localhost"]);
    using _trust = await trustedHere(authority, folder);
    await using impostor = await startImpostor("rdp", [{ cert, key }], "localhost");
    const edge = acceptingEdge();
    const opened = await open("rdp", impostor, edge.judge([]), folder.path);
    assert.is((await failureOf(opened)).code, "device_changed");
    assert.ok(impostor.connections() > 0);
    assert.is(impostor.heard().length, 0);
  });
});
