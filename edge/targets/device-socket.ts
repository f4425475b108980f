// The plain TCP connection to a device: dialled within a limit, kept alive, named in its errors.
import net from "node:net";
import { messageOf } from "../../shared/errors.ts";
import type { Clock } from "../../shared/clock.ts";
import { addressOf, DeviceError } from "./device-error.ts";

const connectLimitMs = 10_000;
/** A silent device is probed after this; the system then gives it ten probes, a second apart. */
const keepAliveAfterMs = 15_000;

export interface DeviceAddress {
  readonly host: string;
  readonly port: number;
  /** The target's name, for the vendor's text. */
  readonly name: string;
}

export interface DialOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** True: the device's end leaves our half open. */
  readonly allowHalfOpen: boolean;
  /** Reads into one buffer of the caller's: see node:net's `onread`. Without it the socket is read as a stream. */
  readonly onread?: net.OnReadOpts;
}

/** A connected socket. Rejects with `device_unreachable`, also when `signal` comes first; nothing is left then. */
export async function dialDevice(
  device: DeviceAddress,
  { signal, clock, allowHalfOpen, onread }: DialOptions,
): Promise<net.Socket> {
  const socket = net.connect({
    host: device.host,
    port: device.port,
    allowHalfOpen,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveAfterMs,
    ...(onread && { onread }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (cause: Error): void => reject(unreachable(device, codeOf(cause), cause));
  const onAbort = (): void => reject(unreachable(device, "the session ended first"));
  socket.once("connect", resolve).once("error", onError);
  signal.addEventListener("abort", onAbort);
  using _limit = clock.setTimer(connectLimitMs, () =>
    reject(unreachable(device, `no answer in ${connectLimitMs / 1000} s`)),
  );
  if (signal.aborted) onAbort();
  try {
    await promise;
    return socket;
  } catch (cause) {
    socket.on("error", () => undefined).destroy();
    throw cause;
  } finally {
    socket.off("error", onError);
    signal.removeEventListener("abort", onAbort);
  }
}

/** The failure of a connection that could not be made. */
export function unreachable(
  { host, port, name }: DeviceAddress,
  why: string,
  cause?: unknown,
): DeviceError {
  return new DeviceError(
    "device_unreachable",
    `device ${addressOf(host, port)} cannot be reached: ${why}`,
    `"${name}" cannot be reached from the edge`,
    { cause, retryable: true },
  );
}

/** The failure of a connection that was there. */
export function lost({ host, port, name }: DeviceAddress, cause: unknown): DeviceError {
  return new DeviceError(
    "device_unreachable",
    `connection to device ${addressOf(host, port)} was lost: ${codeOf(cause)}`,
    `the connection to "${name}" was lost`,
    { cause, retryable: true },
  );
}

function codeOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code ?? messageOf(cause);
}
