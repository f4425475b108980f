// Mode `file`: one action on the drive of a desktop that this session has open (shared/protocol.md, "Files of a desktop"). What goes in or out is
// hashed and recorded by name, length and hash; its content is not kept.
import { createHash } from "node:crypto";
import { utf8 } from "../../../shared/bytes.ts";
import type { Opening } from "../../../shared/channel/messages.ts";
import { DeviceError } from "../device-error.ts";
import { withRecording } from "../recorded-stream.ts";
import { refused, requireRight, type AdmittedOpening, type Recording } from "../target.ts";
import type { Drive, Drives } from "./drive.ts";

type FileOpening = Extract<Opening, { mode: "file" }>;
const readBytes = 64 * 1024;

/** Serves it to its end. */
export async function serveFile(
  admitted: AdmittedOpening,
  opening: FileOpening,
  drives: Drives,
): Promise<void> {
  requireRight(admitted, "files");
  const { session, target, held } = admitted;
  const drive = await drives.find(session, target.id);
  if (drive === undefined) {
    const told = "the drive is there while its desktop is open: open the desktop first";
    throw new DeviceError("not_found", `no desktop of target "${target.id}" is open`, told);
  }
  const { action, name } = opening;
  if ((action === "list") !== (name === null)) throw refused(admitted, `file action "${action}"`);
  if (action === "list" || name === null) {
    held.channel.sendControl({ type: "opened" });
    tell(admitted, await drive.list());
    held.attach(ignoring);
    return;
  }
  await withRecording(admitted, { kind: "file", title: `${action} ${name}` }, async (recording) => {
    const done = await actions[action](admitted, drive, name);
    recording.event("file", { action, name, ...done });
    await settledOn(recording);
    if (action === "get") held.channel.end();
    else tell(admitted, [{ name, ...done }]);
  });
}

interface Done {
  readonly bytes: number;
  /** Hex; null of what was only removed. */
  readonly sha256: string | null;
}

type Act = (admitted: AdmittedOpening, drive: Drive, name: string) => Promise<Done>;

const actions: Readonly<Record<"put" | "get" | "remove", Act>> = {
  async put({ held, touch, signal }, drive, name) {
    await using upload = await drive.create(name);
    const hash = createHash("sha256");
    let bytes = 0;
    const { promise: whole, resolve, reject } = Promise.withResolvers<void>();
    let last: Promise<void> = Promise.resolve();
    const onStop = (): void => reject(cutOff(name));
    const stop = AbortSignal.any([signal, held.gone]);
    stop.addEventListener("abort", onStop);
    if (stop.aborted) onStop();
    held.channel.sendControl({ type: "opened" });
    held.attach({
      ...ignoring,
      onData(chunk, settled) {
        last = last.then(async () => {
          touch();
          await upload.write(chunk);
          hash.update(chunk);
          bytes += chunk.length;
          settled();
        });
        last.catch(reject);
      },
      onEnd: () => void last.then(resolve, reject),
    });
    await whole;
    await upload.finish();
    return { bytes, sha256: hash.digest("hex") };
  },

  async get({ held, touch, signal }, drive, name) {
    const { file, bytes } = await drive.open(name);
    await using _file = file;
    const hash = createHash("sha256");
    const stop = AbortSignal.any([signal, held.gone]);
    let drained = Promise.withResolvers<void>();
    const onStop = (): void => drained.resolve();
    stop.addEventListener("abort", onStop);
    held.channel.sendControl({ type: "opened" });
    held.attach({ ...ignoring, onDrain: () => drained.resolve() });
    // As long as it was when it was opened: a device that goes on writing has no end.
    for (let left = bytes; left > 0;) {
      if (stop.aborted) throw cutOff(name);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(readBytes, left)));
      if (bytesRead === 0) throw cutOff(name);
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      left -= bytesRead;
      touch();
      drained = Promise.withResolvers<void>();
      if (!held.channel.write(chunk)) await drained.promise;
    }
    return { bytes, sha256: hash.digest("hex") };
  },

  async remove({ held }, drive, name) {
    await drive.remove(name);
    held.channel.sendControl({ type: "opened" });
    held.attach(ignoring);
    return { bytes: 0, sha256: null };
  },
};

const ignoring = {
  onData: (_bytes: Uint8Array, settled: () => void): void => settled(),
  onEnd: (): void => undefined,
  onDrain: (): void => undefined,
  onControl: (): void => undefined,
};

function tell({ held: { channel } }: AdmittedOpening, answers: readonly unknown[]): void {
  for (const answer of answers) channel.write(utf8(`${JSON.stringify(answer)}\n`));
  channel.end();
}

// What crossed is written down before the vendor hears that it has.
async function settledOn(recording: Recording): Promise<void> {
  await recording.drained();
  recording.failed.throwIfAborted();
}

function cutOff(name: string): DeviceError {
  return new DeviceError("device_unreachable", `"${name}" was cut off`, "the transfer was cut off");
}
