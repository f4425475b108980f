// A device as an owner types it: address, ports, login, checked as the document will check it, so that nothing is signed which no edge takes.
import * as v from "valibot";
import type { Probe } from "../../../shared/channel/messages.ts";
import { deviceToProbe } from "../../../shared/document/device.ts";

export type DeviceToProbe = Probe["device"];
export type TargetKind = "ssh" | "tcp";
export const targetKinds = ["ssh", "tcp"] as const;

/** The field that is wrong, by its name; undefined if the device is one. */
export function deviceFault(device: unknown): string | undefined {
  const parsed = v.safeParse(deviceToProbe, device);
  return parsed.success ? undefined : (v.getDotPath(parsed.issues[0]) ?? "device");
}

/** Ports out of `502, 102` or `502 102`; undefined if one of them is none, or there is none. */
export function parsePorts(text: string): number[] | undefined {
  const words = text.split(/[\s,;+]+/).filter((word) => word !== "");
  const ports = words.map((word) => (/^\d{1,5}$/.test(word) ? Number(word) : 0));
  const isRight = ports.length > 0 && ports.every((port) => port >= 1 && port <= 65_535);
  return isRight ? [...new Set(ports)] : undefined;
}
