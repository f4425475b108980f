// The one base class of errors, and the union of every code that a caller may act on.
// Messages are lower case, quote the bad value and say what was expected; they never hold a secret.

/** What went wrong, for programs. Exit codes and HTTP statuses are derived from it. */
export type ErrorCode =
  | "json_invalid"
  | "encoding_invalid"
  | "document_invalid"
  | "signature_invalid"
  | "threshold_missed"
  | "manifest_fork"
  | "manifest_rollback"
  | "expired"
  | "frame_invalid"
  | "frame_too_large"
  | "upgrade_refused"
  | "transport_lost"
  | "handshake_failed"
  | "record_invalid"
  | "channel_aborted"
  | "channel_bound"
  | "message_invalid"
  | "refused"
  | "timeout"
  | "unreachable"
  | "config_invalid"
  | "usage"
  | "file_invalid"
  | "journal_damaged"
  | "vault_locked"
  | "vault_invalid"
  | "recording_failed"
  | "recording_damaged"
  | "disk_full"
  | "device_unreachable"
  | "device_refused"
  | "device_changed"
  | "rate_limited"
  | "unauthorised"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "evidence_invalid"
  | "internal";

export interface ErrorOptions {
  readonly cause?: unknown;
  /** True when the same call may succeed later without any change. */
  readonly retryable?: boolean;
}

/** Every error that crosses one of our own boundaries. */
export class SallyportError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SallyportError";
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The message of anything that was thrown, for a log line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
