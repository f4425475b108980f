// A device as an owner types it: address, ports, login, checked as the document will check it, so that nothing is signed which no edge takes.
import * as v from "valibot";
import type { Probe } from "../../../shared/channel/messages.ts";
import { deviceToProbe } from "../../../shared/document/device.ts";
import type { TargetKindName } from "../../../shared/document/rights.ts";

export type DeviceToProbe = Probe["device"];

/** Where a kind is found if nobody says otherwise; a plain TCP target has no usual port. */
export const usualPorts: Readonly<Record<TargetKindName, string>> = {
  ssh: "22",
  tcp: "",
  vnc: "5900",
  rdp: "3389",
  http: "80",
};
export const usualSecurePort = "443";

/** The fields that are wrong, as dotted names (`port`, `signIn.path`, `paths.1`); none if the device is one. */
export function deviceFaults(device: unknown): readonly string[] {
  const parsed = v.safeParse(deviceToProbe, device);
  return parsed.success ? [] : parsed.issues.map((issue) => v.getDotPath(issue) ?? "device");
}

/** The first field that is wrong; undefined if the device is one. */
export function deviceFault(device: unknown): string | undefined {
  return deviceFaults(device)[0];
}

/** Ports out of `502, 102` or `502 102`; undefined if one of them is none, or there is none. */
export function parsePorts(text: string): number[] | undefined {
  const words = text.split(/[\s,;+]+/).filter((word) => word !== "");
  const ports = words.map((word) => (/^\d{1,5}$/.test(word) ? Number(word) : 0));
  const isRight = ports.length > 0 && ports.every((port) => port >= 1 && port <= 65_535);
  return isRight ? [...new Set(ports)] : undefined;
}

/** What stands between a device and being signed: a pin that a test would show. */
export function missingPin(device: DeviceToProbe): "hostKey" | "certificate" | undefined {
  switch (device.kind) {
    case "ssh":
      return device.hostKeys.length === 0 ? "hostKey" : undefined;
    case "rdp":
      return device.certificate === null ? "certificate" : undefined;
    case "http":
      return device.secure && device.certificate === null ? "certificate" : undefined;
    case "tcp":
    case "vnc":
      return undefined;
  }
}
