// The one table of exit codes: what `sallyport --help` prints, what broker/command/README.md states and what scripts may rely on.
// Numbers follow sysexits.h, so that they rarely meet those of a remote command that `sallyport ssh` passes through.
import { SallyportError, type ErrorCode } from "../../shared/errors.ts";

export const exitCodes = {
  done: [0, "done"],
  usage: [64, "wrong usage: an unknown option, a missing or malformed argument"],
  invalid: [65, "a file, document or evidence bundle is not what it must be"],
  notFound: [66, "no such site, person, target, job or file"],
  unreachable: [69, "relay or edge cannot be reached"],
  internal: [70, "a fault of sallyport itself"],
  cannotWrite: [74, "a file cannot be written"],
  waitedInVain: [75, "not answered in time; the same call may succeed later"],
  protocol: [76, "the far side broke the protocol, or what it sent does not verify"],
  refused: [77, "refused: by the edge, by the relay or by the person asked"],
  nobodyToAsk: [78, "no key, no passphrase, or a question and no terminal to ask it on"],
  interrupted: [130, "ended by Ctrl-C"],
  cut: [255, "the session ended before the remote command did"],
} as const satisfies Record<string, readonly [code: number, meaning: string]>;

export type ExitName = keyof typeof exitCodes;

const nameByErrorCode: Readonly<Record<ErrorCode, ExitName>> = {
  usage: "usage",
  json_invalid: "invalid",
  encoding_invalid: "invalid",
  document_invalid: "invalid",
  file_invalid: "invalid",
  config_invalid: "invalid",
  evidence_invalid: "invalid",
  recording_damaged: "invalid",
  vault_invalid: "invalid",
  journal_damaged: "invalid",
  not_found: "notFound",
  unreachable: "unreachable",
  transport_lost: "unreachable",
  device_unreachable: "unreachable",
  internal: "internal",
  disk_full: "cannotWrite",
  recording_failed: "cannotWrite",
  timeout: "waitedInVain",
  rate_limited: "waitedInVain",
  signature_invalid: "protocol",
  threshold_missed: "protocol",
  manifest_fork: "protocol",
  manifest_rollback: "protocol",
  frame_invalid: "protocol",
  frame_too_large: "protocol",
  upgrade_refused: "protocol",
  handshake_failed: "protocol",
  record_invalid: "protocol",
  message_invalid: "protocol",
  channel_bound: "protocol",
  device_changed: "protocol",
  refused: "refused",
  expired: "refused",
  forbidden: "refused",
  unauthorised: "refused",
  conflict: "refused",
  device_refused: "refused",
  vault_locked: "nobodyToAsk",
  channel_aborted: "cut",
};

/** Ends the command with a code of its own choosing: the remote command's, or one of the table. Nothing more is printed. */
export class ExitWith extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** A fault that the person at the keyboard can mend: `hints` say how, one line each. */
export class CommandError extends Error {
  readonly exit: ExitName;
  readonly hints: readonly string[];

  constructor(exit: ExitName, message: string, ...hints: readonly string[]) {
    super(message);
    this.exit = exit;
    this.hints = hints;
  }
}

/** The number for whatever a verb threw. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof ExitWith) return thrown.exitCode;
  if (thrown instanceof CommandError) return exitCodes[thrown.exit][0];
  if (thrown instanceof SallyportError) return exitCodes[nameByErrorCode[thrown.code]][0];
  return exitCodes[isFileError(thrown) ? "cannotWrite" : "internal"][0];
}

/** The table as text, for help. */
export function describeExitCodes(): string {
  const lines = Object.values(exitCodes).map(
    ([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`,
  );
  return ["Exit codes:", ...lines].join("\n");
}

function isFileError(thrown: unknown): boolean {
  const code: unknown = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return (
    typeof code === "string" &&
    /^E[A-Z]+$/.test(code) &&
    thrown instanceof Error &&
    "syscall" in thrown
  );
}
