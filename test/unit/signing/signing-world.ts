// The signing page as built, in a real Chromium: served by the relay's own code under two names of one free port, opened and asked by a page of
// the portal's origin, with a virtual authenticator. The paper site's approver pia has a passkey that was registered on that page.
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type CDPSession, type Page } from "playwright-core";
import * as assert from "uvu/assert";
import { buildPage } from "../../../broker/build-pages.ts";
import { openPages } from "../../../broker/relay/pages.ts";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { encodeEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import type { Request } from "../../../shared/document/request.ts";
import type { Verified } from "../../../shared/document/verify.ts";
import type { PersonId, TargetId } from "../../../shared/ids.ts";
import {
  parseSigningTell,
  signatureOfTell,
  type RegisterAsk,
  type SignAsk,
  type SigningTell,
} from "../../../shared/signing-page.ts";
import {
  addAuthenticator,
  chromiumFlags,
  chromiumPath,
  type Authenticator,
} from "../../support/browser.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { paperAt, paperPolicy, PaperSite } from "../document/paper-site.ts";

const phone = { width: 360, height: 740 };

/** What the virtual authenticator holds of one passkey. */
type Credential = Awaited<ReturnType<typeof credentialsOf>>[number];

async function credentialsOf(devtools: CDPSession, authenticatorId: string) {
  const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  return credentials;
}

/** A window of the signing page with an authenticator at hand. */
export interface SigningWindow extends Authenticator {
  readonly page: Page;
  /** What the portal has been told, and by which origin. */
  tells(): Promise<{ origin: string; data: unknown }[]>;
  /** The next tell after "ready". */
  told(): Promise<SigningTell>;
  /** Asks again, from the same opener. */
  ask(ask: unknown): Promise<void>;
}

export interface OpenOptions {
  /** The page that opens the window, by default one of the portal. */
  readonly from?: Page;
  readonly credentials?: readonly Credential[];
  readonly isPresent?: boolean;
}

export class SigningWorld {
  readonly context: BrowserContext;
  readonly portal: Page;
  readonly portalOrigin: string;
  /** An origin that no manifest lists. */
  readonly strangerOrigin: string;
  readonly signingOrigin: string;
  /** Where the built page's files lie. */
  readonly folder: string;

  private constructor(context: BrowserContext, portal: Page, port: number, folder: string) {
    this.folder = folder;
    this.context = context;
    this.portal = portal;
    this.portalOrigin = `http://portal.localhost:${port}`;
    this.strangerOrigin = `http://127.0.0.1:${port}`;
    this.signingOrigin = `http://sign.localhost:${port}`;
  }

  static async open(
    stack: AsyncDisposableStack,
    look: { colorScheme?: "light" | "dark"; viewport?: { width: number; height: number } } = {},
  ): Promise<SigningWorld> {
    const { port, folder } = await servePages(stack);
    const profile = await mkdtemp(join(tmpdir(), "chromium-"));
    stack.defer(() => rm(profile, { recursive: true, force: true }));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath,
      headless: true,
      args: [...chromiumFlags],
      viewport: phone,
      timezoneId: "Europe/Berlin",
      ...look,
    });
    stack.defer(() => context.close());
    await context.clock.setFixedTime(paperAt * 1000);
    const portal = context.pages()[0] ?? (await context.newPage());
    const world = new SigningWorld(context, portal, port, folder);
    await portal.goto(world.portalOrigin);
    return world;
  }

  /** Opens the page from a portal's window and asks. */
  async ask(ask: unknown, options: OpenOptions = {}): Promise<SigningWindow> {
    const opened = await this.openWindow(options);
    await opened.ask(ask);
    return opened;
  }

  /** Opens the page from a portal's window and waits until it is ready. */
  async openWindow({ from = this.portal, credentials = [], isPresent = true }: OpenOptions = {}) {
    await from.evaluate(`
      window.tells = [];
      window.wake = () => undefined;
      window.onmessage = ({ origin, data }) => {
        window.tells.push({ origin, data });
        window.wake();
      };
      window.toldTimes = async (times) => {
        while (window.tells.length < times) await new Promise((wake) => (window.wake = wake));
      };
    `);
    const [page] = await Promise.all([
      this.context.waitForEvent("page"),
      from.evaluate(`window.signing = window.open(${JSON.stringify(this.signingOrigin)}); null`),
    ]);
    const { devtools, authenticatorId } = await addAuthenticator(page, isPresent);
    for (const credential of credentials) {
      await devtools.send("WebAuthn.addCredential", { authenticatorId, credential });
    }
    await from.evaluate("window.toldTimes(1)");
    const tells = () => from.evaluate<{ origin: string; data: unknown }[]>("window.tells");
    const opened: SigningWindow = {
      page,
      devtools,
      authenticatorId,
      tells,
      told: async () => {
        await from.evaluate("window.toldTimes(2)");
        const [, tell] = await tells();
        assert.is(tell?.origin, this.signingOrigin);
        return parseSigningTell(tell?.data);
      },
      ask: async (ask) => {
        const [message, target] = [JSON.stringify(ask), JSON.stringify(this.signingOrigin)];
        await from.evaluate(`window.signing.postMessage(${message}, ${target})`);
      },
    };
    return opened;
  }

  /** Registers a passkey on the page, and gives back what an authenticator holds of it. */
  async register(): Promise<{ key: PasskeyPublic; credentials: readonly Credential[] }> {
    const ask: RegisterAsk = {
      sallyport: "signing 1",
      ask: "register",
      site: toBase64Url(new Uint8Array(32)) as RegisterAsk["site"],
      person: "pia" as PersonId,
      name: "Pia Berg",
    };
    const opened = await this.ask(ask);
    // The window closes itself with what it was told; the credential is read before that.
    const added = new Promise<Credential>((resolve) => {
      opened.devtools.on("WebAuthn.credentialAdded", ({ credential }) => resolve(credential));
    });
    // The window may close before the browser has said that the click is done.
    await opened.page.click("button.main").catch(() => undefined);
    const told = await opened.told();
    assert.is(told.tell, "registered");
    assert.ok(told.tell === "registered");
    return { key: told.key, credentials: [await added] };
  }

  /** The paper site with pia, whose passkey this is, as owner and approver, and this portal as its relay. */
  async siteOf(
    key: PasskeyPublic,
    change: (manifest: Manifest) => Manifest = (same) => same,
  ): Promise<{ site: PaperSite; request: Verified<Request> }> {
    const site = await PaperSite.make((manifest) =>
      change({
        ...manifest,
        signing: { rpId: "sign.localhost", origins: [this.signingOrigin] },
        persons: [
          ...manifest.persons,
          { id: "pia" as PersonId, name: "Pia Berg", roles: ["owner", "approver"], keys: [key] },
        ],
        relays: manifest.relays.map((relay) => ({ ...relay, url: this.portalOrigin })),
        targets: manifest.targets.map((target) =>
          target.id === "hmi" ? { ...target, name: "Press HMI" } : target,
        ),
        policies: [{ ...paperPolicy, passkeysOnly: true }, ...manifest.policies.slice(1)],
      }),
    );
    const request = await site.verifiedRequest(
      {
        vendor: "acme/joe" as PersonId,
        targets: [{ id: "hmi" as TargetId, rights: ["terminal", "exec"] }],
        minutes: 60,
      },
      "joe",
    );
    return { site, request };
  }
}

/** An ask for a signature on a payload of this site. */
export function signAsk(
  site: PaperSite,
  key: PasskeyPublic,
  type: string,
  payload: object,
  about: readonly Envelope[] = [],
): SignAsk {
  return {
    sallyport: "signing 1",
    ask: "sign",
    type,
    payload: toBase64Url(utf8(JSON.stringify(payload))),
    keys: [key],
    chain: [encodeEnvelope(site.chain.held.envelope)],
    about: [...site.rosters.map(({ envelope }) => envelope), ...about].map(encodeEnvelope),
  };
}

/** The document that was asked for, with the signature that the page gave. */
export function signedEnvelope(ask: SignAsk, told: SigningTell): Envelope {
  assert.ok(told.tell === "signed", JSON.stringify(told));
  return {
    type: ask.type,
    payload: Uint8Array.fromBase64(ask.payload, { alphabet: "base64url" }),
    signatures: [signatureOfTell(told)],
  };
}

async function servePages(stack: AsyncDisposableStack): Promise<{ port: number; folder: string }> {
  const folder = stack.use(temporaryFolder());
  await buildPage("signing", join(folder.path, "signing"));
  await mkdir(join(folder.path, "portal"));
  folder.file("portal/index.html", "<!doctype html><title>portal</title>");
  const server = createServer((request, response) => {
    if (pages.answer(request, response)) return;
    response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const pages = await openPages({
    folders: { portal: join(folder.path, "portal"), signing: join(folder.path, "signing") },
    url: () => `http://portal.localhost:${port}`,
    signingUrl: () => `http://sign.localhost:${port}`,
    webDomain: undefined,
    isStrictTransport: false,
  });
  return { port, folder: join(folder.path, "signing") };
}
