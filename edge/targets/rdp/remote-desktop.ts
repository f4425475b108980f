// The desktop itself: xfreerdp on a display of its own. The password goes in by standard input and stands in no argument, environment or file;
// the device's certificate must have the pinned fingerprint, or xfreerdp sends nothing of the login.
import type { Device } from "../../../shared/document/device.ts";
import { addressOf } from "../device-error.ts";
import { startChild, type Child } from "./child.ts";
import type { Display } from "./display.ts";
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
  readonly exited: Child["exited"];
  /** Resolves when the device has taken the login and the desktop begins. */
  readonly connected: Promise<void>;
}

/** Starts it; what becomes of it is told by `connected` and `exited`. */
export function startRemoteDesktop(options: RemoteDesktopOptions): RemoteDesktop {
  const { device, display, legacy, maxFileBytes } = options;
  const { promise, resolve } = Promise.withResolvers<void>();
  const child = startChild("xfreerdp", [...argumentsOf(device, legacy), ...sessionOf(options)], {
    cwd: display.env.HOME,
    env: display.env,
    limits: { ...clientLimits, fileBytes: maxFileBytes },
    onLine: (line) => {
      if (connectedPattern.test(line)) resolve();
    },
  });
  child.stdin.end(`${options.password}\n`);
  return {
    pid: child.pid,
    exited: child.exited,
    connected: promise,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
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
    `/cert:fingerprint:sha256:${pin}`,
    `/sec:${device.security}`,
    "/client-hostname:sallyport",
    ...(legacy ? ["/tls-seclevel:0"] : []),
    "/log-level:INFO",
  ];
}

function sessionOf({ width, height, rights }: RemoteDesktopOptions): string[] {
  const isClipboard = rights.includes("clipboard-in") || rights.includes("clipboard-out");
  return [
    `/w:${width}`,
    `/h:${height}`,
    "/bpp:32",
    "/network:lan",
    "-wallpaper",
    "-themes",
    // US: the display's own layout, so that a key means the same at both ends.
    "/kbd:0x00000409",
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
