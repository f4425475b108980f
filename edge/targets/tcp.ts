// Kind `tcp`: one connection to one of the ports that the device document lists; every byte and its time recorded, halves closed one by one.
// A channel that is aborted or cut resets the device's connection, and a device that resets aborts the channel: a cut never looks like an end.
import type { Socket } from "node:net";
import { dialDevice, lost, type DeviceAddress } from "./device-socket.ts";
import { RecordedStream, withRecording, type DeviceEnd } from "./recorded-stream.ts";
import {
  refused,
  requireRight,
  type AdmittedOpening,
  type Recording,
  type TargetKind,
} from "./target.ts";

const readBytes = 64 * 1024;

export const tcp: TargetKind = {
  async open(admitted) {
    const { opening, device, target } = admitted;
    requireRight(admitted, "connect");
    if (opening.mode !== "tcp" || device.kind !== "tcp") {
      throw refused(admitted, `mode "${opening.mode}"`);
    }
    const { port } = opening;
    if (!device.ports.includes(port)) throw refused(admitted, `port ${port}`);
    const address = { host: device.host, port, name: target.name };
    await withRecording(admitted, { kind: "tcp", title: `port ${port}` }, (recording) =>
      connect(admitted, address, recording),
    );
  },
};

async function connect(
  { signal, clock, held }: AdmittedOpening,
  address: DeviceAddress,
  recording: Recording,
): Promise<void> {
  const { channel } = held;
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const stop = AbortSignal.any([signal, recording.failed, held.gone]);
  const socket = await dialDevice(address, {
    signal: stop,
    clock,
    allowHalfOpen: true,
    onread: {
      buffer,
      callback: (length) => {
        joined.fromDevice("from-device", buffer.subarray(0, length));
        return true;
      },
    },
  });
  const over = untilClosed(socket, address);
  // After an orderly end of both halves the last bytes may still be on their way to the device.
  const onStop = (): void => void (stop.reason === "ended" || socket.resetAndDestroy());
  stop.addEventListener("abort", onStop);
  if (stop.aborted) onStop();
  const joined = new RecordedStream(
    { write: (_output, bytes) => channel.write(bytes) },
    deviceEnd(socket),
    recording,
  );
  socket.once("end", () => channel.end());
  channel.sendControl({ type: "opened" });
  held.attach({
    onData: (bytes, settled) => joined.toDevice(bytes, settled),
    onEnd: () => joined.endToDevice(),
    onDrain: () => joined.vendorDrained(),
    onControl: () => undefined,
  });
  await over;
}

function deviceEnd(socket: Socket): DeviceEnd {
  return {
    write: (bytes, settled) => {
      socket.write(bytes, (error) => {
        if (error === null || error === undefined) settled();
      });
    },
    end: () => void socket.end(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

function untilClosed(socket: Socket, address: DeviceAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", (cause) => reject(lost(address, cause)));
    socket.once("close", () => resolve());
  });
}
