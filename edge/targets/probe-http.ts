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
  const greeted = await failureOf({ ...device, signIn: { how: "none" } }, null, clock, stop);
  if (greeted !== undefined) {
    yield { step: "port", ok: false, text: stop.aborted ? overTime(address) : greeted };
    return;
  }
  if (!device.secure) yield { step: "port", ok: true, text: `${address} is open and speaks HTTP` };
  if (secret === null || device.signIn.how === "none") return;
  const refused = await failureOf(device, secret, clock, stop);
  if (refused === undefined) yield { step: "login", ok: true, text: "signed in with the secret" };
  else yield failed(stop.aborted ? overTime(address) : refused);
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

/** Asks for the first page, signed in if there is a secret; why that failed, if it did. */
async function failureOf(
  device: WebDevice,
  secret: Secret | null,
  clock: Clock,
  stop: AbortSignal,
): Promise<string | undefined> {
  const { host, port, certificate, start, signIn } = device;
  const address = { host, port, name: addressOf(host, port) };
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, stop]);
  const login = signIn.how === "form" ? signIn.path : undefined;
  try {
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
    await tried.ensure();
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  } finally {
    over.abort();
  }
}
