// The one pipeline between vendor and device, in plaintext: every byte is given to the recorder before it goes on, in both directions, and each
// side is read no faster than the slower of recorder and other side takes it. A stream whose recorder fails ends.
import type { AdmittedOpening, Recording, RecordingSubject } from "./target.ts";

/** Which of the device's outputs bytes come from. */
export type DeviceOutput = "from-device" | "device-error";

/** The vendor's end: a channel, or a session of the inner SSH server. */
export interface VendorEnd {
  /** Takes all bytes, which are free for reuse then; false: wait for `vendorDrained`. */
  write(output: DeviceOutput, bytes: Uint8Array): boolean;
}

/** The device's end. */
export interface DeviceEnd {
  write(bytes: Uint8Array, settled: () => void): void;
  end(): void;
  /** Stops and starts the calls of `fromDevice`; one that is under way may still come. */
  pause(): void;
  resume(): void;
}

/** What joins the two ends; their owners call it. */
export class RecordedStream {
  readonly #vendor: VendorEnd;
  readonly #device: DeviceEnd;
  readonly #recording: Recording;
  #vendorFull = false;
  #recorderBehind = false;

  constructor(vendor: VendorEnd, device: DeviceEnd, recording: Recording) {
    this.#vendor = vendor;
    this.#device = device;
    this.#recording = recording;
  }

  /** `settled` is called when the device has taken the bytes and the recorder has kept up. */
  toDevice(bytes: Uint8Array, settled: () => void): void {
    const kept = this.#recording.write("to-device", bytes);
    this.#device.write(bytes, kept ? settled : () => void this.#whenRecorded(settled));
  }

  endToDevice(): void {
    this.#device.end();
  }

  /** `bytes` are free for reuse afterwards. */
  fromDevice(output: DeviceOutput, bytes: Uint8Array): void {
    if (!this.#recording.write(output, bytes) && !this.#recorderBehind) {
      this.#recorderBehind = true;
      void this.#whenRecorded(() => {
        this.#recorderBehind = false;
        this.#resume();
      });
    }
    if (!this.#vendor.write(output, bytes)) this.#vendorFull = true;
    if (this.#isHeld) this.#device.pause();
  }

  vendorDrained(): void {
    this.#vendorFull = false;
    this.#resume();
  }

  get #isHeld(): boolean {
    return this.#vendorFull || this.#recorderBehind;
  }

  #resume(): void {
    if (!this.#isHeld) this.#device.resume();
  }

  // A recorder that failed ends the stream by its own signal, so there is nothing to go on with.
  async #whenRecorded(next: () => void): Promise<void> {
    const hasFailed = await this.#recording.drained().then(
      () => false,
      () => true,
    );
    if (!hasFailed) next();
  }
}

/**
 * Opens a recording, lets `use` run a stream under it, and closes it. Nothing runs when it cannot be opened; a failure of the recorder outweighs
 * whatever else went wrong.
 */
export async function withRecording(
  { openRecording }: AdmittedOpening,
  subject: RecordingSubject,
  use: (recording: Recording) => Promise<void>,
): Promise<void> {
  const recording = await openRecording(subject);
  try {
    await use(recording);
    recording.failed.throwIfAborted();
  } catch (thrown) {
    throw recording.failed.aborted ? recording.failed.reason : thrown;
  } finally {
    await recording.close();
  }
}
