// The two origins that a web panel has: the device's own, and the one under which the vendor's browser knows it.
import type { IncomingMessage } from "node:http";

export interface Origin {
  readonly scheme: "http" | "https";
  /** Host and port as they stand in the Host field: the scheme's own port is left out, an IPv6 address has brackets. */
  readonly authority: string;
  /** As it stands in an address, lower case. */
  readonly host: string;
  readonly port: number;
}

const ownPorts = { http: 80, https: 443 } as const;

/** Where the device itself believes to be. */
export function deviceOrigin(device: {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}): Origin {
  const scheme = device.secure ? "https" : "http";
  const bare = device.host.toLowerCase();
  const host = bare.includes(":") ? `[${bare}]` : bare;
  const { port } = device;
  return { scheme, host, port, authority: port === ownPorts[scheme] ? host : `${host}:${port}` };
}

/** Reads `https://name:port`; throws for what is no origin. */
export function parseOrigin(text: string): Origin {
  const { protocol, hostname, host, port } = new URL(text);
  const scheme = protocol === "https:" ? "https" : "http";
  return { scheme, host: hostname, authority: host, port: Number(port || ownPorts[scheme]) };
}

/** `https://name:port`, as browsers write it. */
export function originText({ scheme, authority }: Origin): string {
  return `${scheme}://${authority}`;
}

/** Where an answer to a request for `from` leads, if that is on the device itself: path and query. */
export function leadsTo(
  { statusCode = 0, headers }: IncomingMessage,
  device: Origin,
  from: string,
): string | undefined {
  const { location } = headers;
  if (statusCode < 300 || statusCode >= 400 || location === undefined) return undefined;
  const base = `${originText(device)}${from}`;
  if (!URL.canParse(location, base)) return undefined;
  const { pathname, search, hostname } = new URL(location, base);
  return hostname === new URL(base).hostname ? pathname + search : undefined;
}
