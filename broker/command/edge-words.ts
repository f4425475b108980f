// What an edge says when it refuses or ends something: `<word>: <text>`. The text is the edge's own; here is what each word means for whoever
// reads it: the exit code, where it is not the usual one, and what to do next.
import type { ExitName } from "./exit-codes.ts";

export interface Advice {
  /** Where the cause, and not the lost session, decides the exit code. */
  readonly exit?: ExitName;
  readonly hints: readonly string[];
}

const lookAfter = "the site has to look after the edge first; its journal says why";

const adviceByWord: Readonly<Record<string, Advice>> = {
  device_unreachable: {
    exit: "unreachable",
    hints: ["ask the site whether it is on and plugged in, then try again; the session goes on"],
  },
  device_refused: {
    exit: "refused",
    hints: ["ask the site's owner to renew its login or secret (sallyport site secrets set)"],
  },
  device_changed: {
    exit: "protocol",
    hints: [
      "no password was sent; ask the site whether the device was replaced or its certificate renewed: an approver accepts the new one for this job (sallyport accept-key), an owner pins it for good (sallyport site devices set)",
    ],
  },
  message_invalid: { hints: ["the viewer sent what no device may get; open it again"] },
  disk_full: { exit: "unreachable", hints: [lookAfter] },
  recording_failed: { exit: "unreachable", hints: [lookAfter] },
  unavailable: { hints: [lookAfter] },
  "other-hours": { hints: ["come back in the next window; the permission stands"] },
  "clock-needed": { hints: ["ask for a job at once, without --every", lookAfter] },
  over: { hints: ["ask for a new job: sallyport request"] },
  stopped: { hints: ["speak with the site; once all is well, ask for a new job"] },
  "locked-down": { hints: ["speak with the site; it opens again when they lift the lockdown"] },
  "in-use": { hints: ["try again when they have left; an approver can end their job"] },
  "supervised-only": {
    exit: "refused",
    hints: [
      "open its terminal or screen, and ask the site to watch; own tools are not let in here",
    ],
  },
  idle: { hints: ["open it again while the grant runs"] },
  "second-factor-needed": { hints: ["try again with a new code: --code <code>"] },
  "fresh-approval-needed": { hints: ["ask for a new job: sallyport request"] },
  "access-ended": { hints: ["tell the site's owner or your company's administrator"] },
};

/** What to make of an edge's reason; empty for one that needs no advice. */
export function adviceOn(reason: string | undefined): Advice {
  const word = /^([a-z][a-z_-]*): /.exec(reason ?? "")?.[1] ?? "";
  return (Object.hasOwn(adviceByWord, word) && adviceByWord[word]) || { hints: [] };
}
