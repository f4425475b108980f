// Somebody in front of a real browser: Debian's Chromium with a profile of its own (a device), whose authenticator is Chromium's virtual one. It is
// there in every window of the device, remembers its passkeys, and counts its touches.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type BrowserContext, type CDPSession, type Page } from "playwright-core";
import { serverKeyHashes } from "./certificates.ts";
import { temporaryFolder } from "./temporary.ts";

export const chromiumPath = "/usr/bin/chromium";
/** As root, without a screen, and without a word to its maker. */
export const chromiumFlags: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page may wait for a touch, a box and a device, one after the other, on a machine that others use too. */
const patienceMs = 60_000;

export const phone = { width: 390, height: 844 } as const;
export const desktop = { width: 1280, height: 800 } as const;

export interface DeviceOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: "light" | "dark";
  /** Whether it has an authenticator; a device without one has no passkeys. */
  readonly authenticator?: boolean;
}

type Credential = Parameters<CDPSession["send"]>[1] & { credentialId: string };

/** A device with a browser. Dispose ends it and forgets its profile. */
export interface Device extends AsyncDisposable {
  readonly context: BrowserContext;
  /** Its first tab. */
  readonly page: Page;
  /** How often its authenticator was touched to sign. */
  readonly touches: () => number;
  /** Errors of its pages' scripts and refusals of their content security policy, in order. */
  readonly faults: readonly string[];
  /** Waits for the signing window that `act` opens. */
  signingWindow(act: () => Promise<unknown>): Promise<Page>;
}

export interface Authenticator {
  readonly devtools: CDPSession;
  readonly authenticatorId: string;
}

/** Gives a window an authenticator: the device's own, touched by itself unless nobody `isPresent`. */
export async function addAuthenticator(page: Page, isPresent = true): Promise<Authenticator> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: isPresent,
    },
  });
  return { devtools, authenticatorId };
}

/** Starts a browser that trusts the relay at `url` by the very keys that it shows, also after a restart. */
export async function startDevice(url: string, options: DeviceOptions = {}): Promise<Device> {
  await using started = new AsyncDisposableStack();
  const profile = started.use(temporaryFolder());
  const viewport = options.viewport ?? desktop;
  const isPhone = viewport.width < 600;
  const context = await chromium.launchPersistentContext(profile.path, {
    executablePath: chromiumPath,
    headless: true,
    viewport,
    colorScheme: options.colorScheme ?? "light",
    hasTouch: isPhone,
    isMobile: isPhone,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    args: [
      ...chromiumFlags,
      `--ignore-certificate-errors-spki-list=${await serverKeyHashes(new URL(url))}`,
    ],
  });
  started.defer(() => context.close());
  context.setDefaultTimeout(patienceMs);
  let touches = 0;
  const passkeys = new Map<string, Credential>();
  const faults: string[] = [];
  const equip = async (page: Page): Promise<void> => {
    page.on("pageerror", (error) => faults.push(`${page.url()}: ${error.message}`));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text());
    });
    if (options.authenticator === false) return;
    const { devtools, authenticatorId } = await addAuthenticator(page);
    const add = async (credential: Credential): Promise<void> => {
      await devtools.send("WebAuthn.addCredential", {
        authenticatorId,
        credential: credential as never,
      });
    };
    for (const credential of passkeys.values()) await add(credential);
    devtools.on("WebAuthn.credentialAdded", ({ credential }) =>
      passkeys.set(credential.credentialId, credential as never),
    );
    // A window of the signing page signs once. Chromium asks an authenticator silently first where several passkeys may sign, and that is told alike.
    let hasSigned = false;
    devtools.on("WebAuthn.credentialAsserted", ({ credential }) => {
      if (!hasSigned) touches += 1;
      hasSigned = true;
      passkeys.set(credential.credentialId, credential as never);
    });
  };
  const page = context.pages()[0] ?? (await context.newPage());
  await equip(page);
  const equipping = new Map<Page, Promise<void>>();
  context.on("page", (opened) => {
    equipping.set(
      opened,
      equip(opened).catch((thrown: unknown) => {
        // A window that closes while it is being equipped needs nothing any more.
        if (!opened.isClosed()) throw thrown;
      }),
    );
  });
  const ending = started.move();
  return {
    context,
    page,
    touches: () => touches,
    faults,
    async signingWindow(act) {
      const [opened] = await Promise.all([context.waitForEvent("page"), act()]);
      await equipping.get(opened);
      await opened.waitForLoadState();
      return opened;
    },
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

const axe = readFileSync(
  join(import.meta.dirname, "../../node_modules/axe-core/axe.min.js"),
  "utf8",
);

/** What axe-core finds to be serious or critical on a page, one line each. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // A colour that is on its way from light to dark is neither; the page hears of the change in its next frame, and its styles follow in the one after.
  await page.evaluate(`(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const moving = () => document.getAnimations().filter(({ effect, playState }) =>
      playState === "running" && effect?.getComputedTiming().iterations !== Infinity);
    do {
      await frame();
      await frame();
      await Promise.all(moving().map(({ finished }) => finished.catch(() => undefined)));
    } while (moving().length > 0);
  })()`);
  // By the debugger, so that the page's content security policy does not stand against it.
  await page.evaluate(axe);
  return page.evaluate<
    string[]
  >(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.map(({ target, failureSummary }) => target.join(" ") + " (" + failureSummary + ")").join("; ")))`);
}
