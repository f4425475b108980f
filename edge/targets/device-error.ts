// A device's failure with its two texts: the message names address and cause, for the journal; `told` names the target alone, for the vendor.
import { SallyportError, type ErrorCode, type ErrorOptions } from "../../shared/errors.ts";

/** Addresses, logins, pins and what a device said of itself stand in `message` only. Neither text ever holds a secret. */
export class DeviceError extends SallyportError {
  readonly told: string;

  constructor(code: ErrorCode, message: string, told: string, options: ErrorOptions = {}) {
    super(code, message, options);
    this.told = told;
  }
}

/** What a vendor reads of a failure: `<code>: <text>`, the reason of the channel's abort. */
export function toldOf(failure: SallyportError): string {
  const text = failure instanceof DeviceError ? failure.told : "the edge ended the stream";
  return `${failure.code}: ${text}`;
}

/** `host:port`, as people write it. */
export function addressOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
