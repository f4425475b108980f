// Exit codes of `sallyport-edge`, after sysexits (table in edge/README.md).
import { SallyportError, type ErrorCode } from "../../shared/errors.ts";

export const exitCodes = {
  done: 0,
  usage: 64,
  fileInvalid: 65,
  notRunning: 69,
  internal: 70,
  cannotWrite: 74,
  config: 78,
} as const;

const byCode: Partial<Record<ErrorCode, number>> = {
  usage: exitCodes.usage,
  file_invalid: exitCodes.fileInvalid,
  journal_damaged: exitCodes.fileInvalid,
  vault_invalid: exitCodes.fileInvalid,
  vault_locked: exitCodes.config,
  config_invalid: exitCodes.config,
  conflict: exitCodes.config,
  unreachable: exitCodes.notRunning,
  disk_full: exitCodes.cannotWrite,
};

/** The exit code of anything that was thrown. */
export function exitCodeOf(thrown: unknown): number {
  const code = thrown instanceof SallyportError ? byCode[thrown.code] : undefined;
  return code ?? exitCodes.internal;
}
