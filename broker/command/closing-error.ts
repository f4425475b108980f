// What a verb throws when its session or stream closed before the work was done, with the exit code and the advice that the edge's word asks for.
import type { Closing } from "../../shared/site/closing.ts";
import { adviceOn } from "./edge-words.ts";
import { CommandError } from "./exit-codes.ts";

/** `ending` is what the edge said last of why it ends the session. */
export function closingError(
  { how, error, reason }: Closing,
  ending: string | undefined,
): CommandError {
  const why = ending ?? reason ?? error?.message;
  const { exit, hints } = adviceOn(why);
  if (error?.code === "refused")
    return new CommandError("refused", `edge refuses: ${why ?? "no reason given"}`, ...hints);
  if (how === "cut")
    return new CommandError(
      "cut",
      `session was cut${why === undefined ? "" : `: ${why}`}`,
      "the edge keeps its record; open it again while the grant runs",
    );
  const what = exit === undefined ? "session ended" : "connection failed";
  return new CommandError(exit ?? "cut", `${what}${why === undefined ? "" : `: ${why}`}`, ...hints);
}
