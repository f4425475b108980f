// The edge's own SSH connection to a device: host key pinned, the vault's secret injected and forgotten. The vendor never has either.
// What fails becomes one of three: device_unreachable, device_changed (another host key than pinned), device_refused (login or algorithms).
import type { Socket } from "node:net";
import type { Clock } from "../../shared/clock.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import type { Device } from "../../shared/document/device.ts";
import { addressOf, DeviceError } from "./device-error.ts";
import { dialDevice, lost, unreachable, type DeviceAddress } from "./device-socket.ts";
import { deviceAlgorithms } from "./ssh-algorithms.ts";
import { fingerprintOf, fingerprintOfLine, isKeyOfLine, lineOfKey } from "./ssh-host-key.ts";
import { Login } from "./ssh-login.ts";
import { askFor, Client, type SshClient } from "./ssh2.ts";
import type { AdmittedOpening, SeenKey } from "./target.ts";

const handshakeLimitMs = 20_000;

export type SshDevice = Extract<Device, { kind: "ssh" }>;

/** A logged-in connection. Disposing closes it with every stream on it. */
export interface SshConnection extends Disposable {
  readonly client: SshClient;
  readonly address: DeviceAddress;
  /** Aborted with a DeviceError when the connection ends, however. */
  readonly lost: AbortSignal;
}

/** What is needed to log in over a socket to the device. */
export interface SshAttempt {
  readonly address: DeviceAddress;
  readonly device: SshDevice;
  readonly legacy: boolean;
  /** Used once and wiped. */
  readonly login: Login;
  readonly clock: Clock;
  /** Whether to go on with the host key that the device shows; the login waits for the answer. */
  readonly judge: (seen: SeenKey) => Promise<boolean>;
}

/** Connects and logs in; rejects with a DeviceError, having closed what it opened. `stop` ends the attempt. */
export async function connectSsh(
  admitted: AdmittedOpening,
  device: SshDevice,
  stop: AbortSignal,
): Promise<SshConnection> {
  const { clock, target } = admitted;
  const address = { host: device.host, port: device.port, name: target.name };
  const login = new Login(device.login, await admitted.readSecret());
  const socket = await dialDevice(address, { signal: stop, clock, allowHalfOpen: false });
  const legacy = device.legacy && target.legacy;
  const judge = (seen: SeenKey) => admitted.judgeKey(seen);
  return logIn(socket, { address, device, legacy, login, clock, judge }, stop);
}

/** As `connectSsh`, over a fresh socket, which it owns from this turn on. */
export async function logIn(
  socket: Socket,
  attempt: SshAttempt,
  stop: AbortSignal,
): Promise<SshConnection> {
  const { address, device, login, clock, judge } = attempt;
  const client = new Client();
  const ended = new AbortController();
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const fail = (failure: DeviceError): void => {
    reject(failure);
    ended.abort(failure);
    socket.destroy();
  };
  let shown: { readonly key: Buffer; readonly isTaken: boolean } | undefined;
  client.on("ready", resolve);
  client.on("error", (cause: Error & { level?: string }) =>
    fail(explain(cause, { address, device, shown, login })),
  );
  client.on("close", () => fail(lost(address, "the device closed it")));
  const onStop = (): void => fail(unreachable(address, "the session ended first"));
  stop.addEventListener("abort", onStop);
  using _limit = clock.setTimer(handshakeLimitMs, () => {
    reject(unreachable(address, `no SSH login in ${handshakeLimitMs / 1000} s`));
  });
  try {
    client.connect({
      sock: socket,
      username: device.login,
      readyTimeout: 0,
      algorithms: deviceAlgorithms(
        device.hostKeys.map((line) => line.split(" ")[0] ?? ""),
        attempt.legacy,
      ),
      hostVerifier: (key: Buffer, answer: (isTaken: boolean) => void) => {
        // Keys are exchanged again in a long session: what was taken needs no second word.
        if (shown?.isTaken === true && shown.key.equals(key)) {
          answer(true);
          return;
        }
        judge(seen(device, key)).then(
          (isTaken) => {
            shown = { key, isTaken };
            answer(isTaken);
          },
          (fault: unknown) => {
            reject(fault);
            answer(false);
          },
        );
      },
      authHandler: askFor((left, partial) => login.next(left, partial)),
    });
    if (stop.aborted) onStop();
    await ready;
  } catch (thrown) {
    socket.destroy();
    throw thrown instanceof SallyportError ? thrown : refusedBy(address, messageOf(thrown), thrown);
  } finally {
    login.forget();
    stop.removeEventListener("abort", onStop);
  }
  return {
    client,
    address,
    lost: ended.signal,
    [Symbol.dispose]: () => {
      client.end();
      socket.destroySoon();
    },
  };
}

type Attempted = Pick<SshAttempt, "address" | "device" | "login"> & {
  readonly shown: { readonly key: Buffer; readonly isTaken: boolean } | undefined;
};

function seen({ hostKeys }: SshDevice, key: Buffer): SeenKey {
  return {
    shown: lineOfKey(key),
    fingerprint: fingerprintOf(key),
    pinned: hostKeys,
    pins: hostKeys.map(fingerprintOfLine),
    isPinned: hostKeys.some((line) => isKeyOfLine(line, key)),
  };
}

function explain(cause: Error & { level?: string }, attempted: Attempted): DeviceError {
  const { address, device, shown, login } = attempted;
  if (shown?.isTaken === false) {
    return changed(address, `shows host key ${fingerprintOf(shown.key)}`, device, cause);
  }
  if (cause.level === "client-authentication") {
    const why = login.fault ?? "wrong secret or unknown login";
    return refusedBy(address, `login "${device.login}" was refused: ${why}`, cause);
  }
  if (cause.level === "handshake" && cause.message.includes("host key format")) {
    return changed(address, "has no host key of a pinned kind", device, cause);
  }
  if (cause.level === "handshake" && cause.message.includes("no matching")) {
    const advice = device.legacy ? "" : "; an old device needs `legacy` in manifest and device";
    return refusedBy(address, `${cause.message.toLowerCase()}${advice}`, cause);
  }
  return lost(address, cause);
}

function changed(
  address: DeviceAddress,
  what: string,
  device: SshDevice,
  cause: unknown,
): DeviceError {
  const pins = device.hostKeys.map(fingerprintOfLine);
  return new DeviceError(
    "device_changed",
    `device ${addressOf(address.host, address.port)} ${what}, pinned is ${pins.join(", ")}`,
    `"${address.name}" is not the device that the owner pinned`,
    { cause },
  );
}

/** The failure of a device that answers and does not let us in. */
export function refusedBy(address: DeviceAddress, why: string, cause?: unknown): DeviceError {
  return new DeviceError(
    "device_refused",
    `device ${addressOf(address.host, address.port)}: ${why}`,
    `"${address.name}" refused the edge`,
    { cause },
  );
}
