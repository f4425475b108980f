// What a device still lacks before a push can reach it, and how it is called. On an iPhone push works only in a page on the home screen.

/** What stands between this device and a push; `ready` if nothing does. */
export type PushStep = "install-iphone" | "unsupported" | "blocked" | "allow" | "ready";

export interface DeviceFacts {
  readonly isApplePhone: boolean;
  /** Opened from the home screen or as an installed application. */
  readonly isInstalled: boolean;
  readonly hasPush: boolean;
  readonly permission: "granted" | "denied" | "default" | "unknown";
}

export function nextPushStep(facts: DeviceFacts): PushStep {
  if (facts.isApplePhone && !facts.isInstalled) return "install-iphone";
  if (!facts.hasPush) return "unsupported";
  if (facts.permission === "denied") return "blocked";
  return facts.permission === "granted" ? "ready" : "allow";
}

/** An iPad says that it is a Mac; no Mac has a touch screen. */
export function isApplePhone(userAgent: string, touchPoints: number): boolean {
  return /iPhone|iPad|iPod/.test(userAgent) || (userAgent.includes("Macintosh") && touchPoints > 1);
}

/** The first mark that a browser's own description holds decides: later ones stand in those of others too. */
const browsers = [
  ["Edg", "Edge"],
  ["Firefox", "Firefox"],
  ["FxiOS", "Firefox"],
  ["CriOS", "Chrome"],
  ["Chrom", "Chrome"],
  ["Safari", "Safari"],
] as const;
const systems = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac", "Mac"],
  ["Linux", "Linux"],
] as const;

/** `Chrome on Android`: how a device is called in the list. */
export function deviceName(userAgent: string): string {
  const named = (marks: typeof browsers | typeof systems, other: string): string =>
    marks.find(([mark]) => userAgent.includes(mark))?.[1] ?? other;
  return `${named(browsers, "Browser")} on ${named(systems, "this device")}`;
}
