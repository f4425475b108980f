// What the tests of this folder share: a certificate made for the run, and a relay's port and an edge's link over real loopback TLS.
import { execFileSync } from "node:child_process";
import {
  generateKeyPairSync,
  sign as signEd25519,
  verify as verifySignature,
  createPublicKey,
} from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEdgeSignIn } from "../../../broker/relay/edge-sign-in.ts";
import type { Control, ControlOptions } from "../../../broker/relay/mqtt.ts";
import { createControl } from "../../../broker/relay/mqtt.ts";
import type { Tunnels, TunnelsOptions } from "../../../broker/relay/tunnels.ts";
import { createTunnels } from "../../../broker/relay/tunnels.ts";
import { mountUpgrades } from "../../../broker/relay/upgrades.ts";
import type { ControlLink, ControlLinkOptions } from "../../../edge/link/control-link.ts";
import { openControlLink } from "../../../edge/link/control-link.ts";
import type { Tunnels as EdgeTunnels } from "../../../edge/link/tunnels.ts";
import { openTunnels } from "../../../edge/link/tunnels.ts";
import { openUplink } from "../../../edge/link/uplink.ts";
import { systemClock } from "../../../shared/clock.ts";
import { edgeIdOf } from "../../../shared/control.ts";
import { parseEdgeId } from "../../../shared/ids.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import type { FrameTransport } from "../../../shared/transport.ts";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

let made: Certificate | undefined;

/** A self-signed certificate for `localhost` and 127.0.0.1, made once per process. */
export function certificate(): Certificate {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), "sallyport-tls-"));
  const keyFile = join(folder, "key.pem");
  const certFile = join(folder, "cert.pem");
  const subject = [
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
  ];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const files = ["-keyout", keyFile, "-out", certFile];
  execFileSync("openssl", ["req", "-x509", ...curve, ...subject, ...files], { stdio: "ignore" });
  made = { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") };
  rmSync(folder, { recursive: true });
  return made;
}

export interface EdgeKey {
  readonly id: EdgeId;
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
}

export async function makeEdgeKey(): Promise<EdgeKey> {
  const pair = generateKeyPairSync("ed25519");
  const publicKey = new Uint8Array(
    pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32),
  );
  return {
    id: await edgeIdOf(publicKey),
    publicKey,
    sign: async (message) => new Uint8Array(signEd25519(null, message, pair.privateKey)),
  };
}

/** Ed25519 with a raw public key. */
export async function verifyEd25519(
  raw: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(raw).toString("base64url") };
  return verifySignature(null, message, createPublicKey({ key: jwk, format: "jwk" }), signature);
}

export const relayName = "relay-one";

export interface Relay extends AsyncDisposable {
  readonly url: URL;
  readonly port: number;
  readonly control: Control;
  readonly tunnels: Tunnels;
  readonly signIn: ReturnType<typeof createEdgeSignIn>;
  readonly lines: string[];
  readonly server: https.Server;
}

/** A relay's port with nothing behind it but what this folder tests. */
export async function openRelay(
  options: Partial<ControlOptions & TunnelsOptions> & { port?: number } = {},
): Promise<Relay> {
  const clock = options.clock ?? systemClock;
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const signIn = createEdgeSignIn({ relay: relayName, verify: verifyEd25519, clock });
  const server = https.createServer({ ...certificate() }, (request, response) => {
    const edge = parseEdgeId(
      new URL(request.url ?? "", "https://x").searchParams.get("edge") ?? "",
    );
    const at = Math.floor(clock.wallMs() / 1000);
    response.end(JSON.stringify({ relay: relayName, nonce: signIn.issue(edge), at }));
  });
  const control = await createControl({
    signIn,
    standingOf: async () => "known",
    onMessage: async () => undefined,
    log,
    clock,
    ...options,
    onOnline(edge, standing) {
      tunnels.edgeOnline(edge);
      control.send(edge, "ack", { journal: 0 });
      options.onOnline?.(edge, standing);
    },
    onOffline(edge) {
      tunnels.edgeOffline(edge);
      options.onOffline?.(edge);
    },
  });
  const tunnels = createTunnels({
    label: "one",
    signIn,
    sendDial: (edge, dial) => control.send(edge, "dial", dial),
    isOnline: (edge) => control.isOnline(edge),
    authoriseVendor: async () => ({ authorised: true }),
    clock,
    ...options,
  });
  mountUpgrades(server, { control, tunnels, isRefused: () => false, log });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`https://localhost:${port}`),
    port,
    control,
    tunnels,
    signIn,
    lines,
    server,
    async [Symbol.asyncDispose]() {
      server.close();
      // A turned clock goes on by itself while the relay ends.
      const turning = setInterval(() => clock instanceof TurnedClock && clock.advanceMs(1000), 5);
      await tunnels.close(0);
      await control.close(0);
      clearInterval(turning);
      server.closeAllConnections();
    },
  };
}

export interface Edge extends AsyncDisposable {
  readonly key: EdgeKey;
  readonly link: ControlLink;
  readonly tunnels: EdgeTunnels;
  readonly lines: string[];
}

/** An edge's link to `relay`. */
export async function openEdge(
  relay: URL,
  options: Partial<ControlLinkOptions> & {
    key?: EdgeKey;
    proxy?: URL;
    onTransport?: (transport: FrameTransport) => void;
  } = {},
): Promise<Edge> {
  const key = options.key ?? (await makeEdgeKey());
  const clock = options.clock ?? systemClock;
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const { publicKey, sign } = key;
  const { proxy } = options;
  const uplink = openUplink({ relay, extraCa: certificate().cert, clock, ...(proxy && { proxy }) });
  const onTransport = options.onTransport ?? echo;
  const tunnels = openTunnels({ uplink, publicKey, sign, onTransport, log, clock });
  const link = openControlLink({
    uplink,
    publicKey,
    sign,
    presence: { version: "0.1.0", bootId: "boot", timeProven: () => true },
    journal: { length: () => 0, headersFrom: async () => [] },
    documentsRead: () => ({ log: null, after: 0 }),
    onDocument: async () => undefined,
    onStop: async () => undefined,
    log,
    clock,
    ...options,
    onDial: (dial, name) => (options.onDial ?? dialWith(tunnels))(dial, name),
  });
  return {
    key,
    link,
    tunnels,
    lines,
    async [Symbol.asyncDispose]() {
      tunnels.close();
      await link.close();
    },
  };
}

function dialWith(tunnels: EdgeTunnels): ControlLinkOptions["onDial"] {
  return ({ label, nonces }, relay) => tunnels.dial(label, nonces, relay);
}

/** Sends back every message, and honours the peer's flow control. */
export function echo(transport: FrameTransport): void {
  transport.onMessage = (message) => {
    if (!transport.send([message.slice()])) transport.pause();
  };
  transport.onDrain = () => transport.resume();
}

/** Resolves when `isTrue` is, looked at after every turn of the event loop. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise<void>((resolve) => setTimeout(resolve, 2));
}
