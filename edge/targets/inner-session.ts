// One session of the inner SSH server (RFC 4254 §6): what the vendor's client asks for becomes a stream on the device, with a recording of its own.
// ssh2's traps: a stream is accepted in the very turn of its request, or an early EOF kills the connection; it ends by exit() and then end(), never
// by close(), which drops what is queued.
import { SallyportError } from "../../shared/errors.ts";
import { DeviceError } from "./device-error.ts";
import { withRecording, type VendorEnd } from "./recorded-stream.ts";
import type { SshConnection } from "./ssh-connection.ts";
import { startOnDevice, type DeviceStream, type Exit, type Started } from "./ssh-stream.ts";
import type { PseudoTtyOptions, ServerChannel, Session } from "./ssh2.ts";
import type { AdmittedOpening, Recording, RecordingSubject } from "./target.ts";

export interface InnerContext {
  readonly admitted: AdmittedOpening;
  readonly connection: SshConnection;
  readonly stop: AbortSignal;
}

/** A stream that the client was promised; `run` resolves at its end and rejects only with what must end the whole connection. */
export interface InnerStream {
  run(context: InnerContext): Promise<void>;
}

type Wanted =
  | { readonly right: "terminal"; readonly run: "shell" }
  | { readonly right: "exec"; readonly run: "command"; readonly command: string }
  | { readonly right: "files"; readonly run: "sftp" };

export class InnerSession {
  #terminal: PseudoTtyOptions | false = false;
  #device: DeviceStream | undefined;
  #recording: Recording | undefined;

  /** `start` is called in the turn in which the client asked. */
  constructor(session: Session, start: (stream: InnerStream) => void) {
    session.on("pty", (accept, _reject, { term, cols, rows, width, height, modes }) => {
      this.#terminal = { term, cols, rows, width, height, modes };
      accept?.();
    });
    session.on("window-change", (accept, _reject, { cols, rows, width, height }) => {
      if (this.#terminal !== false) {
        this.#terminal = { ...this.#terminal, cols, rows, width, height };
      }
      this.#device?.channel.setWindow(rows, cols, height, width);
      this.#recording?.event("resize", { columns: cols, rows });
      accept?.();
    });
    session.on("signal", (accept, _reject, { name }) => {
      this.#device?.channel.signal(name);
      accept?.();
    });
    const promise = (vendor: ServerChannel, wanted: Wanted): void =>
      start({ run: (context) => this.#run(context, vendor, wanted) });
    session.on("shell", (accept) => promise(accept(), { right: "terminal", run: "shell" }));
    session.on("exec", (accept, _reject, { command }) =>
      promise(accept(), { right: "exec", run: "command", command }),
    );
    session.on("subsystem", (accept, reject, { name }) => {
      if (name === "sftp") promise(accept(), { right: "files", run: "sftp" });
      else reject();
    });
  }

  async #run(context: InnerContext, vendor: ServerChannel, wanted: Wanted): Promise<void> {
    const gone = new AbortController();
    vendor.on("close", () => gone.abort()).on("error", () => gone.abort());
    const { admitted } = context;
    if (!admitted.rights.includes(wanted.right)) {
      tell(vendor, `the grant has no right "${wanted.right}" on "${admitted.target.name}"`);
      return;
    }
    try {
      await withRecording(admitted, this.#subjectOf(wanted), async (recording) => {
        this.#recording = recording;
        const stop = AbortSignal.any([context.stop, recording.failed, gone.signal]);
        finish(vendor, await this.#stream(context.connection, vendor, wanted, recording, stop));
      });
    } catch (thrown) {
      if (thrown instanceof SallyportError && thrown.code === "channel_aborted") return;
      if (!(thrown instanceof DeviceError && thrown.code === "device_refused")) throw thrown;
      tell(vendor, thrown.told);
    }
  }

  async #stream(
    connection: SshConnection,
    vendor: ServerChannel,
    wanted: Wanted,
    recording: Recording,
    stop: AbortSignal,
  ): Promise<Exit> {
    const started = this.#started(wanted);
    const device = await startOnDevice(connection, started, vendorEnd(vendor), recording, stop);
    this.#device = device;
    const { joined } = device;
    vendor.on("data", (bytes: Buffer) => {
      vendor.pause();
      joined.toDevice(bytes, () => vendor.resume());
    });
    vendor.on("end", () => joined.endToDevice());
    const onDrain = (): void => {
      if (!vendor.writableNeedDrain && !vendor.stderr.writableNeedDrain) joined.vendorDrained();
    };
    vendor.on("drain", onDrain);
    vendor.stderr.on("drain", onDrain);
    return device.exited;
  }

  #started(wanted: Wanted): Started {
    const terminal = this.#terminal;
    if (wanted.run === "sftp") return wanted;
    if (wanted.run === "shell") return { run: "shell", terminal };
    return { run: "command", command: wanted.command, terminal };
  }

  #subjectOf(wanted: Wanted): RecordingSubject {
    const title = wanted.run === "command" ? { title: wanted.command } : {};
    const terminal = this.#terminal;
    if (terminal === false) return { kind: wanted.run === "sftp" ? "sftp" : "exec", ...title };
    const { cols: columns, rows } = terminal;
    return { kind: "terminal", ...title, ...(columns && { columns }), ...(rows && { rows }) };
  }
}

function vendorEnd(vendor: ServerChannel): VendorEnd {
  return {
    write: (output, bytes) =>
      output === "device-error" ? vendor.stderr.write(bytes) : vendor.write(bytes),
  };
}

/** Says why there is no stream, where the client's user sees it. */
function tell(vendor: ServerChannel, text: string): void {
  vendor.resume();
  vendor.stderr.write(`sallyport: ${text}\r\n`);
  finish(vendor, { code: 1, signal: null });
}

// The error output has a queue of its own, so it is ended first.
function finish(vendor: ServerChannel, { code, signal }: Exit): void {
  vendor.stderr.end(() => {
    if (code !== null) vendor.exit(code);
    else if (signal !== null) vendor.exit(signal, false, "");
    vendor.end();
  });
}
