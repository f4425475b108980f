// Tries a device before its document is signed: the route, the port and its protocol, what it proves itself with, the login (shared/protocol.md, "Probe").
// Invariant: a secret goes only to a device whose pin fits, once; nothing that was learned or given is kept.
import { tmpdir } from "node:os";
import type { Clock } from "../../shared/clock.ts";
import type { Secret } from "../../shared/document/secret.ts";
import type { DeviceToProbe, ProbeStep } from "./probe-reach.ts";

export type { DeviceToProbe, ProbeStep } from "./probe-reach.ts";

/** The steps as they are taken; ends after the first that leaves no sense in the next. Never rejects for what a device does. */
export async function* probeDevice(
  device: DeviceToProbe,
  secret: Secret | null,
  clock: Clock,
  stop: AbortSignal,
  /** For what a test needs and leaves nothing of. */
  scratch = tmpdir(),
): AsyncGenerator<ProbeStep> {
  switch (device.kind) {
    case "ssh": {
      const { probeSsh } = await import("./probe-ssh.ts");
      return yield* probeSsh(device, secret, clock, stop);
    }
    case "tcp": {
      const { probeTcp } = await import("./probe-tcp.ts");
      return yield* probeTcp(device, clock, stop);
    }
    case "rdp": {
      const { probeRdp } = await import("./probe-rdp.ts");
      return yield* probeRdp(device, secret, clock, stop, scratch);
    }
    case "vnc": {
      const { probeVnc } = await import("./probe-vnc.ts");
      return yield* probeVnc(device, secret, clock, stop);
    }
    case "http": {
      const { probeHttp } = await import("./probe-http.ts");
      return yield* probeHttp(device, secret, clock, stop);
    }
  }
}
