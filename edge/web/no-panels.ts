// The refusal where a web panel can have no name: what the journal gets is why, what the vendor gets is the way that works all the same.
import { DeviceError } from "../targets/device-error.ts";

export function noWebPanels(why: string): DeviceError {
  const told = "this relay carries no web panels: use `sallyport connect`";
  return new DeviceError("unreachable", `no web panel: ${why}`, told, { retryable: true });
}
