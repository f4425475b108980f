// protocol.md, "Signatures by passkey", with a real browser: Chromium's virtual authenticator signs grants, our code verifies them offline.
// A missing /usr/bin/chromium is a failure (Debian package chromium).
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import * as assert from "uvu/assert";
import { fromUtf8, toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { pae, signEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { verifyGrant, type Grant } from "../../../shared/document/grant.ts";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import {
  parseRegistration,
  passkeySigner,
  type Assertion,
} from "../../../shared/document/passkey.ts";
import type { Request } from "../../../shared/document/request.ts";
import type { Verified } from "../../../shared/document/verify.ts";
import type { PersonId, TargetId } from "../../../shared/ids.ts";
import {
  addAuthenticator,
  chromiumFlags,
  chromiumPath,
  type Authenticator,
} from "../../support/browser.ts";
import { group } from "../../support/group.ts";
import { PaperSite, paperPolicy, refused, signed, suite } from "./paper-site.ts";

/** An empty page on a free port of localhost, which browsers take for a secure context. */
async function servePage(stack: AsyncDisposableStack): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>signing</title>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

interface Browser extends Authenticator {
  readonly page: Page;
}

async function openBrowser(stack: AsyncDisposableStack): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "chromium-"));
  stack.defer(() => rm(profile, { recursive: true, force: true }));
  const options = { executablePath: chromiumPath, headless: true, args: [...chromiumFlags] };
  const context = await chromium.launchPersistentContext(profile, options);
  stack.defer(() => context.close());
  const page = context.pages()[0] ?? (await context.newPage());
  return { page, ...(await addAuthenticator(page)) };
}

/** `navigator.credentials.create` on the page: the new passkey as introductions list it. */
async function register(page: Page): Promise<PasskeyPublic> {
  const registration = await page.evaluate<number[]>(`(async () => {
    const { response } = await navigator.credentials.create({ publicKey: {
      challenge: new Uint8Array(32),
      rp: { id: "localhost", name: "signing" },
      user: { id: new Uint8Array([1]), name: "pia", displayName: "Pia" },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { userVerification: "required", residentKey: "required" },
    } });
    return [...new Uint8Array(response.getAuthenticatorData())];
  })()`);
  return parseRegistration(Uint8Array.from(registration));
}

/** `navigator.credentials.get` on the page, for a challenge. */
async function touch(
  page: Page,
  challenge: Uint8Array,
  userVerification: "required" | "discouraged" = "required",
): Promise<Assertion> {
  const parts = await page.evaluate<number[][]>(`(async () => {
    const { response } = await navigator.credentials.get({ publicKey: {
      challenge: new Uint8Array([${challenge.join(",")}]),
      rpId: "localhost",
      userVerification: "${userVerification}",
    } });
    const { authenticatorData, clientDataJSON, signature } = response;
    return [authenticatorData, clientDataJSON, signature].map((part) => [...new Uint8Array(part)]);
  })()`);
  const [authenticatorData, clientDataJSON, signature] = parts.map((part) => Uint8Array.from(part));
  assert.ok(authenticatorData && clientDataJSON && signature);
  return { authenticatorData, clientDataJSON, signature };
}

/** A site whose approver pia has this passkey, and a request of its vendor that awaits her. */
async function siteOfPia(
  key: PasskeyPublic,
  origins: readonly string[],
  rpId = "localhost",
): Promise<{ site: PaperSite; request: Verified<Request>; grant: Grant }> {
  const pia = { id: "pia" as PersonId, name: "Pia", roles: ["approver" as const], keys: [key] };
  const site = await PaperSite.make((manifest) => ({
    ...manifest,
    signing: { rpId, origins },
    persons: [...manifest.persons, pia],
    policies: [{ ...paperPolicy, passkeysOnly: true }, ...manifest.policies.slice(1)],
  }));
  const targets = [{ id: "hmi" as TargetId, rights: ["exec"] }];
  const request = await site.verifiedRequest({ targets });
  return { site, request, grant: await site.grant(request) };
}

await group("passkey in Chromium", { timeoutMs: 90_000 }, (test) => {
  test("a grant touched on the signing page is verified offline; every other touch is refused", async () => {
    await using stack = new AsyncDisposableStack();
    const origin = await servePage(stack);
    const otherOrigin = await servePage(stack);
    const { page, devtools, authenticatorId } = await openBrowser(stack);
    await page.goto(origin);
    const key = await register(page);
    assert.is(key.algorithm, "ES256");
    const { site, request, grant } = await siteOfPia(key, [origin]);
    const signGrant = (by: (challenge: Uint8Array) => Promise<Assertion>): Promise<Envelope> =>
      signEnvelope("grant", grant, [passkeySigner(suite, key, by)]);
    const verify = (envelope: Envelope) => verifyGrant(envelope, site.held(), { request });

    const approved = await signGrant((challenge) => touch(page, challenge));
    const { signers, hash } = await verify(approved);
    assert.equal(
      signers.map(({ name }) => name),
      ["pia"],
    );
    assert.is(hash, toBase64Url(await suite.sha256(pae("grant", approved.payload))));

    const other = await signEnvelope("grant", { ...grant, issuedAt: grant.issuedAt + 1 }, []);
    const carried = { ...other, signatures: approved.signatures };
    await refused(() => verify(carried), "signature_invalid", /challenge/);

    // The same touch under a manifest whose signing page has another relying party: the origin is written over, the rpId hash is not.
    const underSub = origin.replace("localhost", "sign.localhost");
    const strict = await siteOfPia(key, [underSub], "sign.localhost");
    const wrongParty = await signEnvelope("grant", strict.grant, [
      passkeySigner(suite, key, async (challenge) => {
        const { clientDataJSON, ...rest } = await touch(page, challenge);
        return {
          ...rest,
          clientDataJSON: utf8(fromUtf8(clientDataJSON).replace(origin, underSub)),
        };
      }),
    ]);
    const underOther = () =>
      verifyGrant(wrongParty, strict.site.held(), { request: strict.request });
    await refused(underOther, "signature_invalid", /relying party/);

    await page.goto(otherOrigin);
    const onOtherPage = await signGrant((challenge) => touch(page, challenge));
    await refused(() => verify(onOtherPage), "signature_invalid", /origin "http:\/\/localhost/);

    await page.goto(origin);
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    const unverified = await signGrant((challenge) => touch(page, challenge, "discouraged"));
    await refused(() => verify(unverified), "signature_invalid", /UV/);

    const byKey = await signed("grant", grant, "cleo");
    await refused(() => verify(byKey), "signature_invalid", /policy wants passkeys/);
  });
});
