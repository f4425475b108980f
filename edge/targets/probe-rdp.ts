// Tries a device of kind `rdp`: its security and its certificate; under the pinned one a sign-in, where the protocol itself has one (NLA).
// xfreerdp signs in, as for a desktop: the password by standard input, once, and never under another certificate.
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import type { Secret } from "../../shared/document/secret.ts";
import { messageOf } from "../../shared/errors.ts";
import { readKind } from "../kinds.ts";
import { addressOf } from "./device-error.ts";
import {
  certificateStep,
  overTime,
  reach,
  type DeviceToProbe,
  type ProbeStep,
} from "./probe-reach.ts";
import { startChild } from "./rdp/child.ts";
import { openDisplay } from "./rdp/display.ts";
import { whyNoDesktop } from "./rdp/failure.ts";
import { negotiate, readCertificate } from "./rdp/negotiation.ts";
import {
  argumentsOf,
  clientLimits,
  environmentOn,
  type PinnedDevice,
} from "./rdp/remote-desktop.ts";

type RdpToProbe = Extract<DeviceToProbe, { kind: "rdp" }>;

/** What xfreerdp writes down of a device's certificate in its home. */
const maxNoteBytes = 64 * 1024;
/** xfreerdp wants a display, although it draws nothing. */
const emptyDisplay = { width: 640, height: 480, rights: [] };

export async function* probeRdp(
  device: RdpToProbe,
  secret: Secret | null,
  clock: Clock,
  stop: AbortSignal,
  scratch: string,
): AsyncGenerator<ProbeStep> {
  const address = addressOf(device.host, device.port);
  const reached = await reach(device, clock, stop);
  yield reached.route;
  if (reached.socket === undefined) {
    yield reached.port;
    return;
  }
  const security = device.security.toUpperCase();
  const answer = await securityOf(reached.socket, device, clock, stop);
  if ("failure" in answer) {
    const why = stop.aborted ? overTime(address) : `${address} is open: ${answer.failure}`;
    yield { step: "port", ok: false, text: why };
    return;
  }
  yield { step: "port", ok: true, text: `${address} is open and speaks RDP with ${security}` };
  yield certificateStep(answer.certificate, device.certificate);
  if (secret === null) return;
  if (answer.certificate !== device.certificate) {
    yield { step: "login", ok: false, text: "not tried: the certificate is not pinned" };
    return;
  }
  // Without NLA a device signs in on its own screen, after the connection: only an opened desktop shows it.
  if (device.security === "tls") return;
  yield await logIn({ ...device, certificate: answer.certificate }, secret, {
    clock,
    stop,
    scratch,
  });
}

interface Surroundings {
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly scratch: string;
}

async function securityOf(
  socket: Socket,
  device: RdpToProbe,
  clock: Clock,
  stop: AbortSignal,
): Promise<{ readonly failure: string } | { readonly certificate: string }> {
  const onStop = (): void => void socket.destroy();
  stop.addEventListener("abort", onStop);
  try {
    await negotiate(socket, device.security, clock);
    return { certificate: await readCertificate(socket, device, clock) };
  } catch (thrown) {
    return { failure: messageOf(thrown) };
  } finally {
    stop.removeEventListener("abort", onStop);
    socket.destroy();
  }
}

async function logIn(
  device: PinnedDevice,
  secret: Secret,
  { clock, stop, scratch }: Surroundings,
): Promise<ProbeStep> {
  const failed = (text: string): ProbeStep => ({ step: "login", ok: false, text });
  const { missing } = await readKind("rdp");
  if (missing.length > 0) return failed(`not tried: this edge lacks ${missing.join(", ")}`);
  if (secret.kind !== "password") return failed("not tried: a desktop takes a password");
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(scratch, "probe-"));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const display = parts.use(await openDisplay({ folder, ...emptyDisplay }));
  const child = parts.use(
    startChild("xfreerdp", [...argumentsOf(device, false), "+auth-only"], {
      cwd: folder,
      env: environmentOn(display),
      limits: { ...clientLimits, fileBytes: maxNoteBytes },
    }),
  );
  child.stdin.end(`${secret.password}\n`);
  const stopped = new Promise<"stopped">((resolve) => {
    stop.addEventListener("abort", () => resolve("stopped"));
    if (stop.aborted) resolve("stopped");
  });
  const exit = await Promise.race([child.exited, stopped]);
  const address = addressOf(device.host, device.port);
  if (exit === "stopped") return failed(overTime(address));
  if (exit.code === 0) {
    return { step: "login", ok: true, text: `"${device.login}" signed in with the secret` };
  }
  const why = await whyNoDesktop({ device, name: address, exit, clock, signal: stop });
  return failed(messageOf(why));
}
