// Tries a device of kind `vnc`: the port and its protocol, the certificate, the sign-in.
// Invariant: the password goes only to a device whose certificate is the pinned one or that has none, once.
import type { Clock } from "../../shared/clock.ts";
import type { Secret } from "../../shared/document/secret.ts";
import { messageOf } from "../../shared/errors.ts";
import { addressOf, DeviceError } from "./device-error.ts";
import {
  certificateStep,
  overTime,
  reach,
  type DeviceToProbe,
  type ProbeStep,
} from "./probe-reach.ts";
import { logInToScreen } from "./rfb/handshake.ts";

type VncToProbe = Extract<DeviceToProbe, { kind: "vnc" }>;

export async function* probeVnc(
  device: VncToProbe,
  secret: Secret | null,
  clock: Clock,
  stop: AbortSignal,
): AsyncGenerator<ProbeStep> {
  const { host, port, login, certificate: pinned } = device;
  const { route, port: shut, socket } = await reach(device, clock, stop);
  yield route;
  if (socket === undefined) {
    yield shut;
    return;
  }
  const address = { host, port, name: addressOf(host, port) };
  let version: string | undefined;
  let shown: string | undefined;
  let failure: string | undefined;
  let wantsMore = false;
  let size = "";
  const seen = {
    version: (told: string): void => void (version = told),
    certificate: (told: string): void => void (shown = told),
  };
  const asked = { address, login, secret: secret ?? undefined, certificate: pinned, clock, seen };
  try {
    const screen = await logInToScreen(socket, { ...asked, legacy: false }, stop);
    size = `${screen.width}x${screen.height}`;
    screen.stream.destroy();
  } catch (thrown) {
    failure = stop.aborted ? overTime(address.name) : messageOf(thrown);
    wantsMore = thrown instanceof DeviceError && thrown.code === "device_refused";
  }
  const speaks = version === undefined ? `no VNC: ${failure}` : `VNC (RFB ${version})`;
  const text = `${address.name} is open and speaks ${speaks}`;
  yield { step: "port", ok: version !== undefined, text };
  if (version === undefined) return;
  if (shown !== undefined) yield certificateStep(shown, pinned);
  else if (pinned !== null) {
    yield { step: "certificate", ok: false, text: `none is shown, pinned is ${pinned}` };
  }
  if (shown !== (pinned ?? undefined)) {
    const why = "not tried: the certificate is not pinned";
    if (secret !== null) yield { step: "login", ok: false, text: why };
    return;
  }
  if (failure === undefined) {
    const by = secret === null ? "without a secret" : "with the secret";
    yield { step: "login", ok: true, text: `signed in ${by} to a screen of ${size}` };
  } else if (secret !== null || !wantsMore) {
    // Without a secret it is no fault that a device wants one.
    yield { step: "login", ok: false, text: failure };
  }
}
