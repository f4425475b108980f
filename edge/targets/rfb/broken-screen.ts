// The one failure of a device whose screen protocol is not sound.
import { DeviceError } from "../device-error.ts";

/** Throws; the journal gets `why`, which quotes numbers and never what was on the screen. */
export function brokenScreen(why: string): never {
  throw new DeviceError(
    "device_refused",
    `screen: ${why}`,
    "its screen sends what the edge does not know",
  );
}
