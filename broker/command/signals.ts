// Exit codes of a remote command that a signal ended, as shells give them: 128 and the signal's number.
import { constants } from "node:os";
import { exitCodes } from "./exit-codes.ts";

/** For `TERM` or `SIGTERM` 143, and so on; 255 for a signal that this machine does not know. */
export function exitCodeOfSignal(name: string): number {
  const known: Readonly<Record<string, number>> = constants.signals;
  const number = known[name.startsWith("SIG") ? name : `SIG${name}`];
  return number === undefined ? exitCodes.cut[0] : 128 + number;
}
