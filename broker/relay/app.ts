// Constructs the relay and wires its parts; nothing else constructs. What it reads and writes lies in the data directory that the config names.
import { mkdir } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { toBase64Url, utf8 } from "../../shared/bytes.ts";
import type { Clock } from "../../shared/clock.ts";
import type { DownMessage, DownName } from "../../shared/control.ts";
import { nodeCrypto } from "../../shared/crypto/node.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { Accounts } from "./accounts.ts";
import { ApiTokens } from "./api-tokens.ts";
import { problemOf } from "./answers.ts";
import { createApi } from "./api.ts";
import { Attestations } from "./attestations.ts";
import type { RelayConfig } from "./config.ts";
import { upgradeCredentialOf } from "./credential.ts";
import { Delivery } from "./delivery.ts";
import { Directory, unknownSite } from "./directory.ts";
import { Drop } from "./drop.ts";
import { createEdgeSignIn } from "./edge-sign-in.ts";
import { Feed } from "./feed.ts";
import { openTokenFile } from "./key-files.ts";
import { createLimits, type Limits } from "./limits.ts";
import { createControl } from "./mqtt.ts";
import { Nonces } from "./nonces.ts";
import { openNotifications } from "./notify/notifications.ts";
import { PasswordHashes } from "./password-hash.ts";
import { Passwords } from "./passwords.ts";
import { Presence } from "./presence.ts";
import { openRelayKeys } from "./relay-keys.ts";
import { Reports } from "./reports.ts";
import { makeServer, tlsMinVersion } from "./server.ts";
import { nonceLifeMs, SignInDocuments } from "./sign-in-documents.ts";
import { Stops } from "./stops.ts";
import type { EdgeRows } from "./store/edge-rows.ts";
import { openPages } from "./pages.ts";
import { openStore } from "./store/store.ts";
import { Throttle } from "./throttle.ts";
import {
  authorityPath,
  developmentSigningUrl,
  openAuthority,
  openCertificate,
  watchCertificate,
} from "./tls.ts";
import { Totp } from "./totp.ts";
import { createTunnels, type VendorVerdict } from "./tunnels.ts";
import { mountUpgrades } from "./upgrades.ts";
import { readUseNotice } from "./use-notice.ts";
import { openWebPanels, type WebPanels } from "./web-panels.ts";

/** One relay process has one name behind its address; several will each have their own. */
const label = "relay";

export interface RelaySurroundings {
  readonly clock: Clock;
  readonly version: string;
  /** Gets the log, one JSON line a call. */
  readonly logTo: { write(line: string): void };
}

/** A relay that listens. */
export interface Relay extends AsyncDisposable {
  /** Where it is reached: the configured address, or where it listens. */
  readonly url: string;
  /** The development authority's certificate that clients are to trust; undefined where the operator gave files or a proxy is in front. */
  readonly authority: string | undefined;
  /** Takes nothing new, says so to edges, lets what is paired go on for `graceMs`, and closes the store. */
  close(graceMs: number): Promise<void>;
}

/** Starts a relay; throws `file_invalid` for what lies in its data directory, or the system's error if it cannot listen. */
export async function startRelay(
  config: RelayConfig,
  { clock, version, logTo }: RelaySurroundings,
): Promise<Relay> {
  const { name, dataDirectory } = config;
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const suite = nodeCrypto;
  const keys = await openRelayKeys(dataDirectory, suite);
  const registrationToken = await openTokenFile(config.registrationTokenFile);
  const certified = await openCertificate(config, clock);
  const useNotice = await readUseNotice(config.useNoticeFile);
  // What was opened before a fault is closed again; last opened, first closed.
  await using opened = new AsyncDisposableStack();
  const store = opened.use(await openStore(join(dataDirectory, "store.sqlite")));
  const { documents, edges, accounts: rows } = store;

  const limits = createLimits(clock);
  const feed = new Feed(clock);
  const directory = new Directory(documents, suite, clock);
  const nonces = new Nonces(nonceLifeMs, clock);
  const throttle = new Throttle(rows, clock);
  const totp = new Totp({ rows, seeds: keys.seeds, throttle, clock, issuer: name });
  const passwords = new Passwords({
    suite,
    rows: store.passwords,
    hashes: new PasswordHashes(keys.passwordSecret, (length) => suite.randomBytes(length)),
    totp,
    throttle,
  });
  const signInDocuments = new SignInDocuments({ relay: name, clock, nonces, directory });
  const accounts = new Accounts({
    suite,
    clock,
    signInDocuments,
    directory,
    rows: store.signIns,
    record: rows,
    totp,
    passwords,
    useNotice: useNotice === null ? null : toBase64Url(await suite.sha256(utf8(useNotice))),
  });
  const apiTokens = new ApiTokens({ suite, clock, rows: store.signIns, record: rows });
  const attestations = new Attestations(totp, keys.sign, clock);

  const send = <Name extends DownName>(edge: EdgeId, to: Name, message: DownMessage<Name>) =>
    control.send(edge, to, message);
  const delivery = new Delivery({
    log: store.log,
    documents,
    edges,
    clock,
    send: (edge, message) => send(edge, "document", message),
  });
  const drop = new Drop({
    suite,
    clock,
    rows: documents,
    directory,
    onAppended: (site) => {
      feed.appended(site);
      inBackground(delivery.appended(site));
      // Edges come before people: what ends or opens something is not held up by telling of it.
      notifications.appended(site);
    },
  });
  const stops = new Stops({
    suite,
    clock,
    directory,
    edges,
    accounts: rows,
    send: (edge, message) => send(edge, "stop", message),
  });
  const presence = new Presence(edges, clock);
  const notifications = opened.use(
    await openNotifications({
      store,
      directory,
      clock,
      dataDirectory,
      mail: config.mail,
      openNetworks: config.openNetworks,
      portal: () => url,
      isOnline: (edge) => presence.since(edge) !== undefined,
      log: (line, thrown) => api.log.error({ err: thrown }, line),
    }),
  );
  const edgeSignIn = createEdgeSignIn({
    relay: name,
    verify: (publicKey, message, signature) => suite.ed25519Verify(publicKey, message, signature),
    clock,
  });

  const { security } = config;
  const pages = await openPages({
    folders: { portal: pageFolder("portal"), signing: pageFolder("signing") },
    url: () => url,
    signingUrl: () => signingUrl,
    webDomain: config.webDomain,
    isStrictTransport: security.kind !== "development" && config.url?.startsWith("https") === true,
  });
  const api = await createApi({
    parts: {
      name,
      version,
      url: () => url,
      signingUrl: () => signingUrl,
      attestationKey: toBase64Url(keys.attestationKey),
      registrationToken,
      clock,
      store,
      directory,
      signInDocuments,
      accounts,
      passwords,
      apiTokens,
      useNotice,
      downloadsFolder: join(dataDirectory, "downloads"),
      totp,
      attestations,
      drop,
      feed,
      stops,
      notifications,
      limits,
      edgeSignIn,
      onlineSince: (edge) => presence.since(edge),
    },
    logLevel: config.logLevel,
    logTo,
    makeServer: (handler) =>
      makeServer(certified, (request, response) => {
        if (!pages.answer(request, response)) handler(request, response);
      }),
    behindProxy: security.kind === "proxy",
  });
  opened.defer(() => api.close());
  const log = (line: string): void => api.log.info(line);
  const inBackground = (work: Promise<void>): void => {
    work.catch((thrown: unknown) => api.log.error({ err: thrown }, "background work failed"));
  };

  const reports = new Reports({
    suite,
    clock,
    sign: keys.sign,
    directory,
    documents,
    edges,
    drop,
    delivery,
    acknowledge: (edge, message) => send(edge, "ack", message),
    onJournal: (edge) => notifications.journalGrew(edge),
    panels: {
      announce: (edge, names) => panels.announce(edge, names),
      certify: (edge, request) => panels.certify(edge, request),
    },
    rate: limits.report,
    log,
  });
  const control = await createControl({
    signIn: edgeSignIn,
    standingOf: (edge) => presence.standingOf(edge),
    onMessage: (edge, message) => reports.take(edge, message),
    onOnline: (edge, standing) => {
      presence.online(edge, standing);
      notifications.edgeChanged(edge);
      if (standing === "known") {
        tunnels.edgeOnline(edge);
        panels.edgeOnline(edge);
      }
      inBackground(reports.acknowledgeJournal(edge));
      inBackground(stops.edgeOnline(edge));
    },
    onOffline: (edge) => {
      presence.offline(edge);
      notifications.edgeChanged(edge);
      delivery.offline(edge);
      tunnels.edgeOffline(edge);
      panels.edgeOffline(edge);
    },
    log,
    clock,
  });

  const tunnels = createTunnels({
    label,
    signIn: edgeSignIn,
    sendDial: (edge, dial) => send(edge, "dial", dial),
    isOnline: (edge) => control.isOnline(edge),
    authoriseVendor: (request, edge) =>
      authoriseVendor(request, edge, { url, accounts, edges, limits }),
    clock,
  });
  const isDevelopment = security.kind === "development";
  const panels: WebPanels = openWebPanels(
    {
      config,
      authority: isDevelopment ? await openAuthority(dataDirectory, clock) : undefined,
      port: () => Number(new URL(url).port || 443),
      isOnline: (edge) => control.isOnline(edge),
      sendWhere: (edge, message) => send(edge, "web", message),
      sendCertificate: (edge, message) => send(edge, "certificate", message),
      tunnels,
      clock,
      log,
    },
    api.server as HttpsServer,
  );
  opened.use(panels);
  let graceMs = 0;
  opened.defer(async () => {
    feed.close();
    await Promise.all([control.close(graceMs), tunnels.close(graceMs)]);
  });
  mountUpgrades(api.server, {
    control,
    tunnels,
    isRefused: (request) => pages.isSigning(request),
    log,
  });
  if (security.kind === "files" && certified !== undefined) {
    const onRenewed = ({ certificate: cert, key }: typeof certified): void => {
      (api.server as HttpsServer).setSecureContext({ cert, key, minVersion: tlsMinVersion });
      log("certificate was renewed");
    };
    const onFault = (message: string): void => api.log.warn(`certificate: ${message}`);
    opened.use(watchCertificate(security, certified, { clock, onRenewed, onFault }));
  }

  await api.listen({ ...config.listen, listenTextResolver: () => "listening" });
  const { address, family, port } = api.server.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  const url = config.url ?? `${certified ? "https" : "http"}://${host}:${port}`;
  const signingUrl = config.signingUrl ?? (isDevelopment ? developmentSigningUrl(port) : undefined);
  const authority = isDevelopment ? resolve(authorityPath(dataDirectory)) : undefined;

  notifications.start();
  const running = opened.move();
  const close = (grace: number): Promise<void> => {
    graceMs = grace;
    return running.disposeAsync();
  };
  return { url, authority, close, [Symbol.asyncDispose]: () => close(0) };
}

function pageFolder(page: "portal" | "signing"): string {
  return fileURLToPath(new URL(`../${page}/dist`, import.meta.url));
}

// Design: a connect needs a live sign-in of a person of the newest manifest, and this is all that it needs here: the edge decides.
async function authoriseVendor(
  request: IncomingMessage,
  edge: EdgeId,
  {
    url,
    accounts,
    edges,
    limits,
  }: { url: string; accounts: Accounts; edges: EdgeRows; limits: Limits },
): Promise<VendorVerdict> {
  try {
    const row = await edges.get(edge);
    const credential = upgradeCredentialOf(request, url);
    await accounts.signedIn(credential);
    if (row?.admitted !== true) throw unknownSite();
    const { site, person } = await accounts.member(credential, row.site, "signed");
    limits.person.take(`${site} ${person}`);
    return { authorised: true };
  } catch (thrown) {
    const [status, { code, message }] = problemOf(thrown, "");
    return { authorised: false, status, code, message };
  }
}
