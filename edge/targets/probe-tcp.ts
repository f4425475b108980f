// Tries a device of kind `tcp`: each of its ports.
import type { Clock } from "../../shared/clock.ts";
import type { Device } from "../../shared/document/device.ts";
import { reach, type ProbeStep } from "./probe-reach.ts";

export async function* probeTcp(
  { host, ports }: Extract<Device, { kind: "tcp" }>,
  clock: Clock,
  stop: AbortSignal,
): AsyncGenerator<ProbeStep> {
  let isRouted = false;
  let unrouted: ProbeStep | undefined;
  // One after the other: many a controller takes a single connection at a time.
  for (const port of ports) {
    const reached = await reach({ host, port }, clock, stop);
    reached.socket?.resetAndDestroy();
    if (!reached.route.ok) unrouted = reached.route;
    else if (!isRouted) yield reached.route;
    isRouted ||= reached.route.ok;
    yield reached.port;
    if (stop.aborted) break;
  }
  if (!isRouted && unrouted !== undefined) yield unrouted;
}
