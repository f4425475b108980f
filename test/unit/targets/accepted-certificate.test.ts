// Devices whose certificate is another one than the pinned: noted and refused, or taken because approvers accepted it for the job. Against real VNC,
// HTTPS and RDP servers.
import * as assert from "uvu/assert";
import type { Device } from "../../../shared/document/device.ts";
import { startRdp } from "../../plant/rdp.ts";
import { startVnc } from "../../plant/vnc.ts";
import { startWebHmi, type WebHmi } from "../../plant/web-hmi.ts";
import { acceptingEdge, type JudgedOpening } from "../../support/accepting-edge.ts";
import { group } from "../../support/group.ts";
import { failureOf, openOn, type OpenedTarget } from "../../support/opened-target.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { startPanel } from "./panel-under-test.ts";

type Certified = Extract<Device, { kind: "vnc" | "rdp" | "http" }>;
type Opening = Parameters<typeof openOn>[1];

interface Served extends AsyncDisposable {
  /** With its own certificate pinned. */
  readonly device: Certified & { readonly certificate: string };
  readonly password: string;
  readonly opening: Opening;
  /** True once the device has heard of a login; undefined where it does not say. */
  readonly isAskedFor?: () => boolean;
}

const otherPin = Array(32).fill("AB").join(":");
const third = Array(32).fill("CD").join(":");
const screen = { mode: "screen", width: 800, height: 600 } as const;

async function vncWith(security: "X509Vnc" | "X509Plain"): Promise<Served> {
  const vnc = await startVnc({ security });
  const { host, port, login = null, password = "", certificate = "" } = vnc;
  return {
    device: { kind: "vnc", host, port, login, certificate },
    password,
    opening: screen,
    // What it says to whoever is in.
    isAskedFor: () => vnc.server.stderr.includes("VNCSConnST"),
    [Symbol.asyncDispose]: () => vnc[Symbol.asyncDispose](),
  };
}

function panelOf({ host, port, login, certificate = "" }: WebHmi) {
  const signIn = { how: "basic", login } as const;
  const rest = { secure: true, start: "/panel/", paths: [] };
  return { kind: "http", host, port, certificate, signIn, ...rest } as const;
}

async function panel(): Promise<Served> {
  const hmi = await startWebHmi({ signIn: "basic" });
  return {
    device: panelOf(hmi),
    password: hmi.password,
    opening: { mode: "web" } as Opening,
    isAskedFor: () => /^asked/m.test(hmi.process.stdout),
    [Symbol.asyncDispose]: () => hmi[Symbol.asyncDispose](),
  };
}

async function desktop(security: "nla" | "tls"): Promise<Served> {
  const rdp = await startRdp({ security });
  const { host, port, login, password, certificate, keyboard } = rdp;
  const rest = { domain: null, security, keyboard };
  return {
    device: { kind: "rdp", host, port, login, certificate, ...rest },
    password,
    opening: screen,
    [Symbol.asyncDispose]: () => rdp[Symbol.asyncDispose](),
  };
}

const kinds: readonly (readonly [string, () => Promise<Served>])[] = [
  ["vnc, X509Vnc", () => vncWith("X509Vnc")],
  ["vnc, X509Plain", () => vncWith("X509Plain")],
  ["http", panel],
  ["rdp, nla", () => desktop("nla")],
  ["rdp, tls", () => desktop("tls")],
];

/** The device as a document pins `certificate`, opened under what is judged so. */
function open(
  { device, password, opening }: Served,
  certificate: string,
  { judgeKey }: JudgedOpening,
  scratch: string,
): Promise<OpenedTarget> {
  return openOn(
    {
      device: { ...device, certificate },
      secret: { kind: "password", password },
      judgeKey,
      scratch,
      openWeb: async () => ({
        origin: "https://panel.example",
        ticket: "t".repeat(43),
        close: () => undefined,
      }),
    },
    opening,
  );
}

async function end({ session, vendor, served }: OpenedTarget): Promise<void> {
  session.abort("over");
  await vendor.closed;
  await served.catch(() => undefined);
}

await group("targets: accepted certificates", { timeoutMs: 90_000 }, (test) => {
  for (const [kind, start] of kinds) {
    test(`${kind}: another certificate than the pinned one is refused and noted`, async () => {
      await using served = await start();
      using folder = temporaryFolder();
      const edge = acceptingEdge();
      const opened = await open(served, otherPin, edge.judge([third]), folder.path);
      assert.is((await failureOf(opened)).code, "device_changed");
      assert.equal(edge.noted(), [served.device.certificate]);
      assert.equal(edge.entries, []);
      assert.not.ok(served.isAskedFor?.());
    });

    test(`${kind}: one that the grant accepts is journaled before anything of the login is sent, and ends when it is taken back`, async () => {
      await using served = await start();
      using folder = temporaryFolder();
      const { certificate } = served.device;
      const written = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      const edge = acceptingEdge(() => {
        asked.resolve();
        return written.promise;
      });
      const judged = edge.judge([third, certificate]);
      const opened = await open(served, otherPin, judged, folder.path);
      const failed = opened.served.then(() => Promise.reject(new Error("it has ended")));
      await Promise.race([asked.promise, failed]);
      assert.not.ok(served.isAskedFor?.());
      assert.equal(opened.vendor.messages, []);
      written.resolve();
      await opened.vendor.message("opened");
      assert.ok(served.isAskedFor?.() ?? true, "the device tells of a login");
      const details = { fingerprint: certificate, pinned: [otherPin] };
      assert.equal(edge.entries, [{ event: "device-key-accepted", details }]);
      assert.equal(edge.noted(), [certificate]);
      assert.is(judged.follow([third, certificate]), false);
      assert.is(judged.follow([third]), true);
      await end(opened);
    });

    test(`${kind}: the pinned one is taken, and forgets that another was shown`, async () => {
      await using served = await start();
      using folder = temporaryFolder();
      const edge = acceptingEdge();
      const { certificate } = served.device;
      const seen = { shown: third, fingerprint: third, pinned: [], pins: [], isPinned: false };
      await edge.judge([]).judgeKey(seen);
      assert.equal(edge.noted(), [third]);
      const opened = await open(served, certificate, edge.judge([]), folder.path);
      await opened.vendor.message("opened");
      assert.equal(edge.noted(), []);
      assert.equal(edge.entries, []);
      await end(opened);
    });

    test(`${kind}: what cannot be journaled is not signed in to`, async () => {
      await using served = await start();
      using folder = temporaryFolder();
      const edge = acceptingEdge(() => Promise.reject(new Error("nothing can be written")));
      const judged = edge.judge([served.device.certificate]);
      const opened = await open(served, otherPin, judged, folder.path);
      assert.match((await failureOf(opened)).message, /nothing can be written/);
      assert.not.ok(served.isAskedFor?.());
    });
  }

  test("http: each connection is judged, and the journal has what was accepted once", async () => {
    await using hmi = await startWebHmi({ signIn: "basic" });
    const { certificate = "", password } = hmi;
    const edge = acceptingEdge();
    const judged = edge.judge([certificate]);
    const device = { ...panelOf(hmi), certificate: otherPin };
    await using shown = await startPanel(device, { password, judge: judged.judgeKey });
    const paths = ["/panel/", "/panel/style.css", "/panel/app.js", "/panel/press.json"];
    const answers = await Promise.all(paths.map((path) => shown.ask(path)));
    assert.equal(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.is(edge.entries.length, 1);
    const renewed = await hmi.renew();
    // Whatever is still open was judged; enough at once need new ones.
    const later = await Promise.all(Array.from({ length: 12 }, () => shown.ask("/panel/")));
    assert.ok(later.some(({ status, text }) => status === 502 && /another certificate/.test(text)));
    assert.equal(edge.noted(), [renewed]);
    assert.is(edge.entries.length, 1);
  });
});
