// One session stream on a device's SSH connection (RFC 4254 §6), run to its end through the recorded pipeline; used by both faces of kind `ssh`.
import { once } from "node:events";
import { SallyportError } from "../../shared/errors.ts";
import { lost } from "./device-socket.ts";
import { refusedBy, type SshConnection } from "./ssh-connection.ts";
import { RecordedStream, type DeviceEnd, type VendorEnd } from "./recorded-stream.ts";
import type { ClientChannel, PseudoTtyOptions } from "./ssh2.ts";
import type { Recording } from "./target.ts";

/** What is started on the device. */
export type Started =
  | { readonly run: "shell"; readonly terminal: PseudoTtyOptions | false }
  | {
      readonly run: "command";
      readonly command: string;
      readonly terminal: PseudoTtyOptions | false;
    }
  | { readonly run: "sftp" };

/** How it ended, with a signal's name as RFC 4254 has it (`KILL`); both null when the device did not say. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface DeviceStream {
  readonly channel: ClientChannel;
  /**
   * Resolves when all output has gone on; rejects with `channel_aborted` at `stop`, and with a DeviceError when the connection was lost before
   * the device said how it ended.
   */
  readonly exited: Promise<Exit>;
  readonly joined: RecordedStream;
}

/** Starts it on the device. Output flows at once; the caller passes on what the vendor sends. `stop` closes the stream. */
export async function startOnDevice(
  connection: SshConnection,
  started: Started,
  vendor: VendorEnd,
  recording: Recording,
  stop: AbortSignal,
): Promise<DeviceStream> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
  let exit: Exit | undefined;
  const taken = (cause: Error | undefined, channel: ClientChannel): void => {
    if (cause === undefined) {
      // At once: a short command's end may stand in the very bytes that said that it was started.
      channel.on("exit", (code: number | null, signal?: string) => {
        exit = { code, signal: signal?.replace(/^SIG/, "") ?? null };
      });
      resolve(channel);
    } else if (connection.lost.aborted) reject(connection.lost.reason);
    else reject(refusedBy(address, `no ${started.run}: ${cause.message}`, cause));
  };
  const { client, address } = connection;
  try {
    if (started.run === "shell") client.shell(started.terminal, taken);
    else if (started.run === "sftp") client.subsys("sftp", taken);
    else client.exec(started.command, { pty: started.terminal }, taken);
  } catch (cause) {
    throw lost(address, cause);
  }
  const channel = await promise;
  const { promise: stopped, reject: onStopped } = Promise.withResolvers<never>();
  const onStop = (): void => {
    channel.close();
    onStopped(new SallyportError("channel_aborted", "stream was stopped"));
  };
  stop.addEventListener("abort", onStop);
  if (stop.aborted) onStop();
  const joined = new RecordedStream(vendor, deviceEnd(channel), recording);
  channel.on("data", (bytes: Buffer) => joined.fromDevice("from-device", bytes));
  channel.stderr.on("data", (bytes: Buffer) => joined.fromDevice("device-error", bytes));
  return {
    channel,
    joined,
    exited: untilExited(channel, connection, recording, stopped, () => exit),
  };
}

function deviceEnd(channel: ClientChannel): DeviceEnd {
  return {
    write: (bytes, settled) => {
      channel.write(bytes, (error) => {
        if (error === null || error === undefined) settled();
      });
    },
    end: () => void channel.end(),
    pause: () => {
      channel.pause();
      channel.stderr.pause();
    },
    resume: () => {
      channel.resume();
      channel.stderr.resume();
    },
  };
}

async function untilExited(
  channel: ClientChannel,
  connection: SshConnection,
  recording: Recording,
  stopped: Promise<never>,
  told: () => Exit | undefined,
): Promise<Exit> {
  // Each closes after its last bytes were read. A device may answer a close as late as its command ends, so a stop does not wait for it.
  const closed = [channel, channel.stderr].map((output) => once(output, "close"));
  await Promise.race([Promise.all(closed), stopped]);
  const exit = told();
  if (exit === undefined) {
    connection.lost.throwIfAborted();
    return { code: null, signal: null };
  }
  recording.event("exit", { ...exit });
  return exit;
}
