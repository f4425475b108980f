// Web panels through a real relay: an edge's own control link and tunnels, a browser's TLS through the relay's one port. Names that are not there,
// another edge's label, an edge that is gone; a relay that is started again; and certificates: a request for anything but the edge's own names, the
// operator's program and its faults.
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { connect, createServer, type AddressInfo } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import * as assert from "uvu/assert";
import { makeAuthority } from "../../../broker/relay/certificate.ts";
import { commandTimeoutMs, WebCertificates } from "../../../broker/relay/web-certificates.ts";
import { maxConnectionsPerName, WebNames } from "../../../broker/relay/web-names.ts";
import { openControlLink, type ControlLink } from "../../../edge/link/control-link.ts";
import { openTunnels } from "../../../edge/link/tunnels.ts";
import { openUplink } from "../../../edge/link/uplink.ts";
import { WebCertificate } from "../../../edge/web/web-certificate.ts";
import { WebPanels } from "../../../edge/web/web-panels.ts";
import { systemClock } from "../../../shared/clock.ts";
import { edgeIdOf } from "../../../shared/control.ts";
import { parseEdgeId } from "../../../shared/ids.ts";
import { webLabelOf } from "../../../shared/web-name.ts";
import { group } from "../../support/group.ts";
import { freePort } from "../../support/port.ts";
import { runProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { bootId, PaperSite, pairOf, suite } from "../document/paper-site.ts";
import { echoPanel } from "../edge/web-world.ts";
import { relayWithSite, RunningRelay } from "./running-relay.ts";

const domain = "web.localhost";

/** An edge that has a link, tunnels and panels, and nothing else. */
class PanelEdge implements AsyncDisposable {
  readonly panels: WebPanels;
  readonly link: ControlLink;
  readonly #ending: AsyncDisposableStack;
  connects = 0;
  #connected = Promise.withResolvers<void>();

  private constructor(
    panels: WebPanels,
    ending: AsyncDisposableStack,
    open: (edge: PanelEdge) => ControlLink,
  ) {
    this.panels = panels;
    this.#ending = ending;
    this.link = open(this);
  }

  static async start(relay: RunningRelay): Promise<PanelEdge> {
    const ending = new AsyncDisposableStack();
    const folder = ending.use(temporaryFolder());
    const { publicKey, privateKey } = await pairOf("edge");
    const uplink = openUplink({
      relay: new URL(relay.url),
      extraCa: relay.authority,
      clock: systemClock,
    });
    const common = { clock: systemClock, log: () => undefined };
    const signs = {
      publicKey,
      sign: (message: Uint8Array) => suite.ed25519Sign(privateKey, message),
    };
    const panels: WebPanels = ending.use(
      await WebPanels.open({
        ...common,
        suite,
        edge: await edgeIdOf(publicKey),
        path: folder.file("web.sealed.none").replace(/\.none$/, ""),
        sealingKey: new Uint8Array(32).fill(1),
        onRefused: () => undefined,
        isOffered: () => true,
        announce: (names) => edge.link.announceWeb(names),
        certify: (request) => edge.link.certifyWeb(request),
      }),
    );
    const tunnels = openTunnels({
      ...common,
      ...signs,
      uplink,
      onTransport: (transport) => transport.destroy(),
      onWeb: (connection, rest) => panels.accept(connection, rest),
    });
    ending.defer(() => tunnels.close());
    const edge: PanelEdge = new PanelEdge(panels, ending, (self) =>
      openControlLink({
        ...common,
        ...signs,
        uplink,
        presence: { version: "0.0.0", bootId, timeProven: () => true },
        journal: { length: () => 0, headersFrom: async () => [] },
        documentsRead: () => ({ log: null, after: 0 }),
        onDial: (dial, name) => tunnels.dial(dial.label, dial.nonces, name),
        onDocument: async () => undefined,
        onStop: async () => undefined,
        webNames: () => panels.names,
        onWeb: (place) => {
          panels.heardPlace(place);
          self.connects += 1;
          self.#connected.resolve();
          self.#connected = Promise.withResolvers();
        },
        onCertificate: (answer) => panels.heardCertificate(answer),
        isAwaited: () => true,
      }),
    );
    return edge;
  }

  /** Resolves after the next connect. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.close();
    await this.#ending.disposeAsync();
  }
}

function dial(relay: RunningRelay, host: string): TLSSocket {
  const port = Number(new URL(relay.url).port);
  return connectTls({ host: "127.0.0.1", port, servername: host, ca: relay.authority });
}

async function fetchFrom(
  relay: RunningRelay,
  url: string,
  { cookie, ticket }: { readonly cookie?: string; readonly ticket?: string } = {},
): Promise<{ status: number; cookie: string; body: string }> {
  const { hostname, host, pathname } = new URL(url);
  const request = httpsRequest({
    host: "127.0.0.1",
    port: Number(new URL(relay.url).port),
    servername: hostname,
    ca: relay.authority,
    path: pathname,
    method: ticket === undefined ? "GET" : "POST",
    headers: {
      host,
      ...(cookie !== undefined && { cookie }),
      ...(ticket !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
    },
    agent: false,
  });
  request.end(ticket === undefined ? undefined : `ticket=${ticket}`);
  const [response] = await once(request, "response");
  let body = "";
  for await (const part of response) body += String(part);
  const [set = ""] = response.headers["set-cookie"] ?? [];
  return { status: response.statusCode, cookie: set.split(";")[0] ?? "", body };
}

async function errorOf(socket: TLSSocket): Promise<string> {
  const [fault] = await once(socket, "error");
  return String(fault.message);
}

await group("web panels through a relay", { timeoutMs: 30_000 }, (test) => {
  test("a browser reaches a panel by its name, over the relay's one port, and the relay's API beside it", async () => {
    const { relay } = await relayWithSite(undefined, true);
    await using _relay = relay;
    await using edge = await PanelEdge.start(relay);
    const panel = echoPanel();
    const opened = await edge.panels.openPanel(panel, "/start");
    const { status, cookie } = await fetchFrom(relay, `${opened.origin}/.sallyport/enter`, {
      ticket: opened.ticket,
    });
    assert.is(status, 303);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, count) =>
        fetchFrom(relay, `${opened.origin}/value${count}`, { cookie }),
      ),
    );
    assert.equal(
      answers.map((answer) => answer.status),
      Array(8).fill(200),
    );
    assert.is((await relay.call("POST", "/sign-in/nonce")).status, 200);
    opened.close();
    await edge.link.announceWeb(edge.panels.names);
    assert.match(await errorOf(dial(relay, new URL(opened.origin).hostname)), /unrecognized name/);
  });

  test("names that nobody has, of another edge, or of an edge that is gone are refused before any TLS", async () => {
    const { relay } = await relayWithSite(undefined, true);
    await using _relay = relay;
    const edge = await PanelEdge.start(relay);
    const opened = await edge.panels.openPanel(echoPanel(), "/");
    const { hostname } = new URL(opened.origin);
    const [name = "", label = ""] = hostname.split(".");
    const otherLabel = await webLabelOf(parseEdgeId(Buffer.alloc(32, 3).toString("base64url")));
    for (const host of [
      domain,
      `${label}.${domain}`,
      `${"a".repeat(26)}.${label}.${domain}`,
      `${name}.${otherLabel}.${domain}`,
      `x.${name}.${label}.${domain}`,
    ]) {
      assert.match(await errorOf(dial(relay, host)), /unrecognized name/, host);
    }
    await edge[Symbol.asyncDispose]();
    // The relay hears of the end in its own time.
    for (;;) {
      const message = await errorOf(dial(relay, hostname));
      if (/unrecognized name/.test(message)) break;
    }
  });

  test("a relay that is started again has the names again, and a browser goes on with its cookie", async () => {
    // At the same address again.
    const listen = `127.0.0.1:${await freePort()}`;
    await using relay = await RunningRelay.start(true, { SALLYPORT_RELAY_LISTEN: listen });
    await relay.register(await PaperSite.make());
    await using edge = await PanelEdge.start(relay);
    const opened = await edge.panels.openPanel(echoPanel(), "/");
    const { cookie } = await fetchFrom(relay, `${opened.origin}/.sallyport/enter`, {
      ticket: opened.ticket,
    });
    assert.is((await fetchFrom(relay, `${opened.origin}/`, { cookie })).status, 200);
    const { connected } = edge;
    await relay.restart();
    await connected;
    await edge.link.announceWeb(edge.panels.names);
    assert.is((await fetchFrom(relay, `${opened.origin}/`, { cookie })).status, 200);
  });

  test("connections to one name are few, and room comes back", async () => {
    const edge = parseEdgeId(Buffer.alloc(32, 3).toString("base64url"));
    const label = await webLabelOf(edge);
    const names = new WebNames({
      domain,
      isOnline: () => true,
      carry: async () => undefined,
      log: () => undefined,
    });
    await names.announce(edge, ["a".repeat(26)]);
    const host = `${"a".repeat(26)}.${label}.${domain}`;
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      names.take(socket, host, new Uint8Array(0));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const open = async () => {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      return socket;
    };
    const sockets = [];
    for (let count = 0; count < maxConnectionsPerName; count += 1) sockets.push(await open());
    const refused = await open();
    const [alert] = await once(refused, "data");
    assert.equal([...alert], [21, 3, 1, 0, 2, 2, 112]);
    await once(refused, "close");
    assert.is(names.connections, maxConnectionsPerName);
    for (const socket of sockets) socket.destroy();
    while (names.connections > 0) await new Promise(setImmediate);
    const again = await open();
    while (names.connections < 1) await new Promise(setImmediate);
    again.destroy();
    server.close();
    await once(server, "close");
  });

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
