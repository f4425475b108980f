// Web panels through a real relay: an edge's own control link and tunnels, a browser's TLS through the relay's one port. Names that are not there,
// another edge's label, an edge that is gone; a relay that is started again.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, createServer, type AddressInfo } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import * as assert from "uvu/assert";
import { maxConnectionsPerName, WebNames } from "../../../broker/relay/web-names.ts";
import { openControlLink, type ControlLink } from "../../../edge/link/control-link.ts";
import { openTunnels } from "../../../edge/link/tunnels.ts";
import { openUplink } from "../../../edge/link/uplink.ts";
import { WebPanels } from "../../../edge/web/web-panels.ts";
import { systemClock } from "../../../shared/clock.ts";
import { edgeIdOf } from "../../../shared/control.ts";
import { parseEdgeId } from "../../../shared/ids.ts";
import { webLabelOf } from "../../../shared/web-name.ts";
import { group } from "../../support/group.ts";
import { freePort } from "../../support/port.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { bootId, PaperSite, pairOf, suite } from "../document/paper-site.ts";
import { echoPanel } from "../edge/web-world.ts";
import { relayWithSite, RunningRelay } from "./running-relay.ts";

const domain = "web.localhost";

/** An edge that has a link, tunnels and panels, and nothing else. */
class PanelEdge implements AsyncDisposable {
  readonly panels: WebPanels;
  readonly link: ControlLink;
  readonly #ending: AsyncDisposableStack;
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
        refusals: { count: () => undefined },
        isOffered: () => true,
        link: () => edge.link,
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
        web: {
          get names() {
            return panels.names;
          },
          heardPlace(place) {
            panels.heardPlace(place);
            self.#connected.resolve();
            self.#connected = Promise.withResolvers();
          },
          heardCertificate: (answer) => panels.heardCertificate(answer),
        },
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

await group("web panels through a relay", { timeoutMs: 60_000 }, (test) => {
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

  test("bulk goes whole both ways at once, and a reader that stops holds it back", async () => {
    const { relay } = await relayWithSite(undefined, true);
    await using _relay = relay;
    await using edge = await PanelEdge.start(relay);
    const bulk = randomBytes(24 * 1024 * 1024);
    const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
    let given = 0;
    const opened = await edge.panels.openPanel(
      {
        handle(request, response) {
          const taken = createHash("sha256");
          request.on("data", (part: Buffer) => taken.update(part));
          request.on("end", () => response.addTrailers({ taken: taken.digest("hex") }));
          const give = (): void => {
            while (given < bulk.length) {
              const part = bulk.subarray(given, given + 65_536);
              given += part.length;
              if (!response.write(part)) return void response.once("drain", give);
            }
            if (request.complete) response.end();
            else request.once("end", () => response.end());
          };
          response.writeHead(200, { trailer: "taken" });
          give();
        },
        upgrade: (_request, socket) => void socket.destroy(),
      },
      "/",
    );
    const { cookie } = await fetchFrom(relay, `${opened.origin}/.sallyport/enter`, {
      ticket: opened.ticket,
    });
    const { hostname, host } = new URL(opened.origin);
    const request = httpsRequest({
      host: "127.0.0.1",
      port: Number(new URL(relay.url).port),
      servername: hostname,
      ca: relay.authority,
      method: "POST",
      headers: { host, cookie },
      agent: false,
    });
    request.end(bulk);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.pause();
    let before = -1;
    while (given !== before) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.ok(given < bulk.length, `${given} bytes were given to a reader that does not read`);
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    assert.is(digest(Buffer.concat(parts)), digest(bulk));
    assert.is(response.trailers["taken"], digest(bulk));
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
});
