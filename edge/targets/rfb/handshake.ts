// RFB's beginning towards a device (RFC 6143 §7.1-7.3): versions 3.3, 3.7 and 3.8, the security type that the device document allows, ServerInit.
import type { Duplex } from "node:stream";
import type { Clock } from "../../../shared/clock.ts";
import type { Secret } from "../../../shared/document/secret.ts";
import type { DeviceAddress } from "../device-socket.ts";
import type { ConnectedScreen } from "./screen.ts";

export interface ScreenLogin {
  readonly address: DeviceAddress;
  /** For security types that ask for a name. */
  readonly login: string | null;
  readonly secret: Secret | undefined;
  /** The one certificate under which the device is accepted; with it, nothing but TLS with a certificate is spoken. */
  readonly certificate: string | null;
  /** Admits TLS of before 1.2. */
  readonly legacy: boolean;
  readonly clock: Clock;
}

/**
 * Signs in on a connected stream and asks for the one pixel format. The answer's stream is `stream` or its TLS. Rejects with a DeviceError, also when
 * `stop` is aborted; the stream is destroyed then.
 */
export async function logInToScreen(
  _stream: Duplex,
  _login: ScreenLogin,
  _stop: AbortSignal,
): Promise<ConnectedScreen> {
  throw new Error("not there yet");
}
