// Kind `ssh`: a shell on a terminal or one command as raw bytes with control messages (modes `terminal`, `exec`), or an inner SSH connection for the
// vendor's own client (mode `ssh`, in ssh-server.ts). The device's login is the edge's affair in all three.
import { encodeOutput } from "../../shared/exec-output.ts";
import type { ControlMessage, Opening } from "../../shared/channel/messages.ts";
import { withRecording, type VendorEnd } from "./recorded-stream.ts";
import { connectSsh, type SshDevice } from "./ssh-connection.ts";
import { startOnDevice, type DeviceStream, type Started } from "./ssh-stream.ts";
import {
  refused,
  requireRight,
  type AdmittedOpening,
  type RecordingSubject,
  type TargetKind,
} from "./target.ts";

/** What a control message can carry; devices may make up names of their own. */
const knownSignal = /^[A-Z0-9]{1,16}$/;

type Spoken = Extract<Opening, { mode: "terminal" | "exec" }>;

export const ssh: TargetKind = {
  async open(admitted) {
    const { opening, device } = admitted;
    if (device.kind !== "ssh") throw refused(admitted, `device of kind "${device.kind}"`);
    switch (opening.mode) {
      case "terminal":
      case "exec":
        requireRight(admitted, opening.mode);
        return speak(admitted, device, opening);
      case "ssh": {
        const { serveInnerSsh } = await import("./ssh-server.ts");
        return serveInnerSsh(admitted, device);
      }
      case "tcp":
      case "screen":
      case "web":
      case "file":
        throw refused(admitted, `mode "${opening.mode}"`);
    }
  },
};

async function speak(admitted: AdmittedOpening, device: SshDevice, opening: Spoken): Promise<void> {
  const { held, signal } = admitted;
  const { channel } = held;
  await withRecording(admitted, subjectOf(opening), async (recording) => {
    const stop = AbortSignal.any([signal, recording.failed, held.gone]);
    using connection = await connectSsh(admitted, device, stop);
    channel.sendControl({ type: "opened" });
    const vendor: VendorEnd =
      opening.mode === "terminal"
        ? { write: (_output, bytes) => channel.write(bytes) }
        : {
            write: (output, bytes) =>
              channel.write(encodeOutput(output === "device-error" ? "stderr" : "stdout", bytes)),
          };
    const stream = await startOnDevice(connection, startedBy(opening), vendor, recording, stop);
    held.attach({
      onData: (bytes, settled) => stream.joined.toDevice(bytes, settled),
      onEnd: () => stream.joined.endToDevice(),
      onDrain: () => stream.joined.vendorDrained(),
      onControl: (message) => {
        passOn(message, stream);
        if (message.type === "resize") {
          recording.event("resize", { columns: message.columns, rows: message.rows });
        }
      },
    });
    const { code, signal: by } = await stream.exited;
    const signalName = by === null || knownSignal.test(by) ? by : "UNKNOWN";
    channel.sendControl({ type: "exit", code, signal: signalName });
    channel.end();
  });
}

function subjectOf(opening: Spoken): RecordingSubject {
  const { terminal } = opening;
  const title = opening.mode === "exec" ? { title: opening.command } : {};
  if (terminal === null) return { kind: "exec", ...title };
  return { kind: "terminal", ...title, columns: terminal.columns, rows: terminal.rows };
}

function startedBy(opening: Spoken): Started {
  const { terminal: wanted } = opening;
  const terminal = wanted !== null && { ...wanted, cols: wanted.columns };
  if (opening.mode === "terminal") return { run: "shell", terminal };
  return { run: "command", command: opening.command, terminal };
}

function passOn(message: ControlMessage, { channel }: DeviceStream): void {
  if (message.type === "resize") channel.setWindow(message.rows, message.columns, 0, 0);
  if (message.type === "signal") channel.signal(message.signal);
}
