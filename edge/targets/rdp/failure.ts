// Why a desktop did not come, or is no more: told apart by xfreerdp's exit code (client/X11/xfreerdp.h of FreeRDP 2) and, where one code stands for
// several reasons, by a second look at the device that sends no login. What xfreerdp printed is shown to nobody.
import type { Clock } from "../../../shared/clock.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import { addressOf, DeviceError } from "../device-error.ts";
import { dialDevice, unreachable } from "../device-socket.ts";
import { negotiate, NegotiationError, readCertificate } from "./negotiation.ts";
import type { DesktopExit, RdpDevice } from "./remote-desktop.ts";

/** Ends that the device, or a person on it, brings about: signed out, disconnected, idle, taken over by somebody else. */
const orderlyCodes: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 11]);
const takenOverCode = 5;
/** Nothing came that xfreerdp could make a sign-in of, until it gave up. */
const noAnswerCode = 131;

type Reason = readonly [code: ErrorCode, what: string];
const tooLarge: Reason = ["internal", "its picture is larger than the edge can hold"];
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

/** The device shows another certificate than the one under which it was to be signed in to. */
export class ChangedCertificate extends DeviceError {
  /** `AA:BB:…`; "" if it shows none. */
  readonly shown: string;

  constructor({ device, name, certificate }: FailedDesktop, shown: string) {
    const address = addressOf(device.host, device.port);
    const pin = device.certificate;
    const isOther = certificate !== undefined && certificate !== pin;
    const beside = isOther ? `, accepted for this job is ${certificate}` : "";
    super(
      "device_changed",
      `device ${address} shows the certificate ${shown || "none"}, pinned is ${pin}${beside}`,
      `"${name}" shows another certificate than the pinned one`,
    );
    this.shown = shown;
  }
}

export interface FailedDesktop {
  readonly device: RdpDevice;
  /** The certificate that xfreerdp was given; the pinned one unless said otherwise. */
  readonly certificate?: string;
  /** The target's, for the vendor. */
  readonly name: string;
  readonly exit: DesktopExit;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** True if the desktop has ended as desktops do. */
export function isOrderly({ code, isOutgrown }: DesktopExit): boolean {
  return code !== null && orderlyCodes.has(code) && isOutgrown !== true;
}

/** Why xfreerdp has ended before there was a desktop. */
export async function whyNoDesktop(failed: FailedDesktop): Promise<SallyportError> {
  const { exit } = failed;
  const reason = exit.code === null ? undefined : refusals[exit.code];
  if (reason !== undefined) return failureOf(failed, reason);
  if (exit.isOutgrown === true) return failureOf(failed, tooLarge);
  if (exit.signal !== null) return stopped(failed);
  return (await lookAgain(failed)) ?? failureOf(failed, whyOfThatDevice(failed));
}

/** Why a desktop that was there is no more. */
export function whyDesktopEnded(failed: FailedDesktop): SallyportError {
  const { exit } = failed;
  if (exit.isOutgrown === true) return failureOf(failed, tooLarge);
  if (exit.signal !== null) return stopped(failed);
  const reason = exit.code === null ? undefined : refusals[exit.code];
  return failureOf(failed, reason ?? ["device_unreachable", "the connection was lost"]);
}

// The device is there, is the right one and speaks what was asked for. Of a wrong login some say no more than that they hang up; with TLS alone none
// judges it before its own screen asks for it.
function whyOfThatDevice({ device, exit }: FailedDesktop): Reason {
  if (device.security === "tls")
    return ["device_unreachable", "the device broke off before there was a desktop"];
  if (exit.code === noAnswerCode)
    return ["device_unreachable", "the device gave no answer to the sign-in that can be read"];
  return ["device_refused", "the device refused the sign-in"];
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
      const wanted = failed.certificate ?? device.certificate;
      return shown === wanted ? undefined : new ChangedCertificate(failed, shown);
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
