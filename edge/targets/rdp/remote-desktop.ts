// The desktop itself: xfreerdp on a display of its own. The password goes in by standard input and stands in no argument, environment or file;
// the device's certificate must have the fingerprint that it is given, or xfreerdp sends nothing of the login, whoever vouches for the certificate.
import type { Device } from "../../../shared/document/device.ts";
import { addressOf } from "../device-error.ts";
import { startChild, type ChildExit } from "./child.ts";
import type { Display } from "./display.ts";
import { keyboardLayouts } from "./keyboard-layouts.ts";
import { windowClass } from "./window-size.ts";

export type RdpDevice = Extract<Device, { kind: "rdp" }>;
/** One that has a pin; without it there is no dialling. */
export type PinnedDevice = RdpDevice & { readonly certificate: string };

/** Measured: 70 MB with a picture of 1024 by 768, its thirteen threads included; the rest is for larger pictures. */
export const clientLimits = { dataBytes: 192 * 1024 * 1024 };
/** The folder of the drive within the desktop's own, and its name on the device. */
export const driveFolder = "drive";
const driveName = "sallyport";
/** What xfreerdp prints once device and desktop have agreed on everything and the first picture may come. */
const connectedPattern = /com\.freerdp\.gdi\] - Remote framebuffer format/;

/** What Xlib prints when the display has no memory for something that xfreerdp wants to draw on; it exits then as if the device had ended the desktop. */
const outgrownPattern = /X Error of failed request: +BadAlloc/;

export interface DesktopExit extends ChildExit {
  /** The device's picture is larger than the display can hold; not of the display's own exit. */
  readonly isOutgrown?: boolean;
}

export interface RemoteDesktopOptions {
  readonly device: PinnedDevice;
  readonly password: string;
  /** Old algorithms are allowed. */
  readonly legacy: boolean;
  readonly display: Display;
  readonly width: number;
  readonly height: number;
  readonly rights: readonly string[];
  /** What a file on the drive may have at most. */
  readonly maxFileBytes: number;
}

export interface RemoteDesktop extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<DesktopExit>;
  /** Resolves when the device has taken the login and the desktop begins. */
  readonly connected: Promise<void>;
}

/** Starts it; what becomes of it is told by `connected` and `exited`. */
export function startRemoteDesktop(options: RemoteDesktopOptions): RemoteDesktop {
  const { device, display, legacy, maxFileBytes } = options;
  const { promise, resolve } = Promise.withResolvers<void>();
  let isOutgrown = false;
  const child = startChild("xfreerdp", [...argumentsOf(device, legacy), ...sessionOf(options)], {
    cwd: display.env.HOME,
    env: environmentOn(display),
    limits: { ...clientLimits, fileBytes: maxFileBytes },
    onLine: (line) => {
      if (connectedPattern.test(line)) resolve();
      isOutgrown ||= outgrownPattern.test(line);
    },
  });
  child.stdin.end(`${options.password}\n`);
  return {
    pid: child.pid,
    exited: child.exited.then((exit) => ({ ...exit, isOutgrown })),
    connected: promise,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** xfreerdp's environment: with no authorities, as it takes a certificate of any that it knows, whatever fingerprint it was given. */
export function environmentOn({ env }: Pick<Display, "env">): Readonly<Record<string, string>> {
  return { ...env, SSL_CERT_FILE: "/dev/null", SSL_CERT_DIR: "/dev/null" };
}

/** What signs in, and to whom. */
export function argumentsOf(device: PinnedDevice, legacy: boolean): string[] {
  const pin = device.certificate.toLowerCase();
  return [
    `/v:${addressOf(device.host, device.port)}`,
    `/u:${device.login}`,
    // Given also when it is empty: else it would be asked for, and take the password's place.
    `/d:${device.domain ?? ""}`,
    // Without `force` it would ask only where NLA does, and a device without NLA would get no password.
    "/from-stdin:force",
    // Without `deny` it would ask on standard input whether to trust another one.
    `/cert:deny,fingerprint:sha256:${pin}`,
    `/sec:${device.security}`,
    "/client-hostname:sallyport",
    ...(legacy ? ["/tls-seclevel:0"] : []),
    "/log-level:INFO",
  ];
}

function sessionOf({ device, width, height, rights }: RemoteDesktopOptions): string[] {
  const isClipboard = rights.includes("clipboard-in") || rights.includes("clipboard-out");
  return [
    `/w:${width}`,
    `/h:${height}`,
    "/bpp:32",
    "/network:lan",
    "-wallpaper",
    "-themes",
    // For a session that begins; one that stands keeps its own, which should be the same.
    `/kbd:0x${keyboardLayouts[device.keyboard].number.toString(16).padStart(8, "0")}`,
    `/wm-class:${windowClass}`,
    "-decorations",
    "-grab-keyboard",
    "-toggle-fullscreen",
    "-auto-reconnect",
    "/audio-mode:2",
    isClipboard ? "+clipboard" : "-clipboard",
    ...(rights.includes("resize") ? ["/dynamic-resolution"] : []),
    ...(rights.includes("files") ? [`/drive:${driveName},${driveFolder}`] : []),
  ];
}
