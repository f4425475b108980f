// Why a desktop did not come, or is no more: told apart by xfreerdp's exit code (client/X11/xfreerdp.h of FreeRDP 2) and, where one code stands for
// several reasons, by a second look at the device that sends no login. What xfreerdp printed is shown to nobody.
import type { Clock } from "../../../shared/clock.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import { addressOf, DeviceError } from "../device-error.ts";
import { dialDevice, unreachable } from "../device-socket.ts";
import type { ChildExit } from "./child.ts";
import { negotiate, NegotiationError, readCertificate } from "./negotiation.ts";
import type { RdpDevice } from "./remote-desktop.ts";

/** Ends that the device, or a person on it, brings about: signed out, disconnected, idle, taken over by somebody else. */
const orderlyCodes: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 11]);
const takenOverCode = 5;

type Reason = readonly [code: ErrorCode, what: string];
const refusals: Readonly<Record<number, Reason>> = {
  [takenOverCode]: ["device_refused", "somebody else has taken over the desktop"],
  7: ["device_refused", "the device denied the connection"],
  9: ["device_refused", "the login has no right to sign in by remote desktop"],
  132: ["device_refused", "the device refused the sign-in"],
  134: ["device_refused", "the device refused the sign-in"],
  135: ["device_refused", "the login is locked"],
  144: ["device_refused", "the login has no right to sign in by remote desktop"],
  148: ["device_refused", "the login's password has expired"],
  149: ["device_refused", "the login's password must be changed first"],
  151: ["device_refused", "the login is disabled"],
  152: ["device_refused", "the login's password has expired"],
  154: ["device_refused", "the device refused the sign-in: wrong password"],
  155: ["device_refused", "the device denied access"],
  156: ["device_refused", "the login may not sign in now, or not from here"],
  157: ["device_refused", "the login has expired"],
  158: ["device_refused", "the login has no right to sign in by remote desktop"],
};

export interface FailedDesktop {
  readonly device: RdpDevice;
  /** The target's, for the vendor. */
  readonly name: string;
  readonly exit: ChildExit;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** True if the desktop has ended as desktops do. */
export function isOrderly({ code }: ChildExit): boolean {
  return code !== null && orderlyCodes.has(code);
}

/** Why xfreerdp has ended before there was a desktop. */
export async function whyNoDesktop(failed: FailedDesktop): Promise<SallyportError> {
  const { exit } = failed;
  const reason = exit.code === null ? undefined : refusals[exit.code];
  if (reason !== undefined) return failureOf(failed, reason);
  if (exit.signal !== null) return stopped(failed);
  const seen = await lookAgain(failed);
  // The device is there, is the right one and speaks what was asked for: what remains is the login.
  return seen ?? failureOf(failed, ["device_refused", "the device refused the sign-in"]);
}

/** Why a desktop that was there is no more. */
export function whyDesktopEnded(failed: FailedDesktop): SallyportError {
  const { exit } = failed;
  if (exit.signal !== null) return stopped(failed);
  const reason = exit.code === null ? undefined : refusals[exit.code];
  return failureOf(failed, reason ?? ["device_unreachable", "the connection was lost"]);
}

/** The failure of a device that shows another certificate than the pinned one. */
export function changedCertificate(device: RdpDevice, name: string, shown: string): DeviceError {
  const address = addressOf(device.host, device.port);
  return new DeviceError(
    "device_changed",
    `device ${address} shows the certificate ${shown}, pinned is ${device.certificate}`,
    `"${name}" shows another certificate than the pinned one`,
  );
}

async function lookAgain(failed: FailedDesktop): Promise<SallyportError | undefined> {
  const { device, name, clock, signal } = failed;
  const { host, port, security } = device;
  const address = { host, port, name };
  try {
    const socket = await dialDevice(address, { signal, clock, allowHalfOpen: false });
    try {
      socket.on("error", () => undefined);
      await negotiate(socket, security, clock);
      const shown = await readCertificate(socket, address, clock);
      return shown === device.certificate ? undefined : changedCertificate(device, name, shown);
    } finally {
      socket.destroy();
    }
  } catch (thrown) {
    if (thrown instanceof NegotiationError)
      return failureOf(failed, ["device_refused", thrown.message]);
    return thrown instanceof SallyportError
      ? thrown
      : unreachable(address, messageOf(thrown), thrown);
  }
}

function failureOf({ device, name, exit }: FailedDesktop, [code, what]: Reason): DeviceError {
  const address = addressOf(device.host, device.port);
  const message = `desktop of device ${address}, login "${device.login}": ${what} (xfreerdp ${exit.code})`;
  return new DeviceError(code, message, `"${name}": ${what}`, {
    retryable: code === "device_unreachable",
  });
}

// By the edge's own memory limit, or from outside.
function stopped({ device, name, exit }: FailedDesktop): DeviceError {
  const address = addressOf(device.host, device.port);
  return new DeviceError(
    "internal",
    `desktop of device ${address}: its process was ended by ${exit.signal}`,
    `the desktop of "${name}" was stopped on the edge`,
    { retryable: true },
  );
}
