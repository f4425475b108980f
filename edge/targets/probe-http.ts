// Tries a web panel: the way to it, what it speaks, its certificate, and the login as a session would do it (shared/protocol.md, "Probe").
// Invariant: before the shown certificate is the pinned one, no request is sent.
import type { Socket } from "node:net";
import { messageOf } from "../../shared/errors.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Secret } from "../../shared/document/secret.ts";
import { addressOf } from "./device-error.ts";
import { CookieJar } from "./http/cookie-jar.ts";
import { DeviceConnections, shownCertificate } from "./http/device-connections.ts";
import { deviceOrigin } from "./http/origins.ts";
import { PathRule } from "./http/path-rule.ts";
import { SignIn, type WebDevice } from "./http/sign-in.ts";
import { certificateStep, overTime, reach, type ProbeStep } from "./probe-reach.ts";

export async function* probeHttp(
  device: WebDevice,
  secret: Secret | null,
  clock: Clock,
  stop: AbortSignal,
): AsyncGenerator<ProbeStep> {
  const address = addressOf(device.host, device.port);
  const reached = await reach(device, clock, stop);
  yield reached.route;
  if (reached.socket === undefined) {
    yield reached.port;
    return;
  }
  const failed = (text: string): ProbeStep => ({ step: "login", ok: false, text });
  if (device.secure) {
    const shown = await certificateOf(reached.socket, device, clock, stop);
    if (shown === undefined || "failure" in shown) {
      const why = stop.aborted ? overTime(address) : `${address} is open: ${shown?.failure}`;
      yield { step: "port", ok: false, text: why };
      return;
    }
    yield { step: "port", ok: true, text: `${address} is open and speaks TLS` };
    yield certificateStep(shown.fingerprint, device.certificate);
    if (shown.fingerprint !== device.certificate) {
      if (secret !== null) yield failed("not tried: the certificate is not pinned");
      return;
    }
  } else reached.socket.destroy();
  const greeted = await attempt({ ...device, signIn: { how: "none" } }, null, clock, stop);
  if (greeted.failure !== undefined) {
    yield { step: "port", ok: false, text: stop.aborted ? overTime(address) : greeted.failure };
    return;
  }
  if (!device.secure) yield { step: "port", ok: true, text: `${address} is open and speaks HTTP` };
  const other = otherWay(device.signIn.how, greeted.schemes);
  if (device.signIn.how === "none" && other !== undefined) {
    const who = "whoever opens the panel signs in, unless the edge does";
    yield { step: "login", ok: true, text: `${other}; ${who}` };
  }
  if (secret === null || device.signIn.how === "none") return;
  const answersQuestion = device.signIn.how === "basic" || device.signIn.how === "digest";
  if (answersQuestion && other !== undefined) {
    yield failed(`not tried: ${other}`);
    return;
  }
  const { failure, isTried } = await attempt(device, secret, clock, stop);
  if (stop.aborted) yield failed(overTime(address));
  else if (failure !== undefined) yield failed(other ? `${failure}; ${other}` : failure);
  else if (isTried) yield { step: "login", ok: true, text: "signed in with the secret" };
  else yield { step: "login", ok: true, text: "the first page asks for no login: not tried" };
}

async function certificateOf(
  socket: Socket,
  { host, port }: WebDevice,
  clock: Clock,
  signal: AbortSignal,
) {
  const address = { host, port, name: addressOf(host, port) };
  try {
    const shown = await shownCertificate(socket, { address, legacy: false, clock, signal });
    shown.secured.destroy();
    return { fingerprint: shown.fingerprint };
  } catch (thrown) {
    return { failure: messageOf(thrown) };
  } finally {
    socket.destroy();
  }
}

/** Which way the device asks for, if that is one that the edge can do and not the one that was chosen. */
function otherWay(how: WebDevice["signIn"]["how"], schemes: readonly string[]): string | undefined {
  const known = schemes.filter((scheme) => scheme === "Digest" || scheme === "Basic");
  if (known.some((scheme) => scheme.toLowerCase() === how)) return undefined;
  // Digest tells nobody the password.
  const best = known.includes("Digest") ? "Digest" : known[0];
  return best && `the device asks for ${best}: choose it as the way to sign in`;
}

/** What came of asking for the first page. */
interface Attempt {
  readonly failure?: string;
  readonly schemes: readonly string[];
  readonly isTried: boolean;
}

/** Asks for the first page, signed in if there is a secret. */
async function attempt(
  device: WebDevice,
  secret: Secret | null,
  clock: Clock,
  stop: AbortSignal,
): Promise<Attempt> {
  const { host, port, certificate, start, signIn } = device;
  const address = { host, port, name: addressOf(host, port) };
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, stop]);
  const login = signIn.how === "form" ? signIn.path : undefined;
  const tried = new SignIn({
    device,
    address,
    origin: deviceOrigin(device),
    connections: new DeviceConnections({ address, certificate, legacy: false, clock, signal }),
    jar: new CookieJar(clock),
    rule: new PathRule({ paths: [], start, login }),
    readSecret: async () => secret ?? undefined,
    clock,
  });
  try {
    await tried.ensure();
    return { schemes: tried.schemes, isTried: tried.isTried };
  } catch (thrown) {
    return { failure: messageOf(thrown), schemes: tried.schemes, isTried: tried.isTried };
  } finally {
    over.abort();
  }
}
