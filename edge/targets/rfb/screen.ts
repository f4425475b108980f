// One screen from a device that speaks RFB to the vendor's viewer: recorded, filtered in both directions, each side read no faster than the other
// takes it. Kinds `vnc` and `rdp` hand over a stream that is past its ServerInit. Invariant: nothing is dialled without a recording.
import type { Duplex } from "node:stream";
import type { AdmittedOpening } from "../target.ts";

/** What a device's side of RFB is after ServerInit. */
export interface ConnectedScreen {
  /** Paused, its next byte being the first after ServerInit. Its error ends the screen with that error; so does its end. */
  readonly stream: Duplex;
  readonly width: number;
  readonly height: number;
  /** As the device says; the vendor's viewer gets the target's. */
  readonly name: string;
  /** Called whenever the device's picture has taken another size. */
  readonly onResized?: (width: number, height: number) => void;
}

export interface ScreenSource {
  /** What a list of recordings shows beside the kind. */
  readonly title?: string;
  /**
   * Reaches the device and signs in; called once, after the recording was opened. Rejects with a DeviceError; when `stop` is aborted it rejects soon and
   * leaves nothing. After it resolved the stream is `serveScreen`'s to destroy; whatever else there is, its owner takes away when `serveScreen` settles.
   */
  connect(stop: AbortSignal): Promise<ConnectedScreen>;
}

/**
 * Serves an opening of mode `screen` to its end; needs the right `control` or `view`. Resolves when the vendor has left, rejects with a SallyportError
 * otherwise. The stream is destroyed and the recording closed in any case.
 */
export async function serveScreen(
  _admitted: AdmittedOpening,
  _source: ScreenSource,
): Promise<void> {
  throw new Error("not there yet");
}
