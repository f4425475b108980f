// Choosing fewer of some rights, as a vendor who asks, an approver who narrows and an owner who offers do it: what the edge gives with another right alone
// goes and comes with it. Invariant: what was chosen here opens something, or is nothing at all.
import { toldRights } from "./right-words.ts";

/** Without `control` an edge grants none of these (shared/protocol.md, "Screens"). */
const withControlOnly: ReadonlySet<string> = new Set(["resize", "clipboard-in"]);
/** One of them opens a screen; every other right of its kind is of use on an open one alone. */
const screenOpeners: readonly string[] = ["control", "view"];
const screenKinds: ReadonlySet<string> = new Set(["vnc", "rdp"]);

/** True if an edge opens nothing for these rights on a target of this kind, since a screen that is not shown has neither clipboard nor files. */
export function opensNothing(kind: string, rights: readonly string[]): boolean {
  return rights.length === 0 || (screenKinds.has(kind) && !hasOpener(rights));
}

/** Which of `all` can be chosen beside those that are kept; without the others a choice would say what does not hold. */
export function offeredRights(all: readonly string[], kept: readonly string[]): readonly string[] {
  if (kept.includes("control")) return toldRights(all);
  if (!hasOpener(all)) return all;
  return all.filter((right) =>
    hasOpener(kept)
      ? !all.includes("control") || !withControlOnly.has(right)
      : screenOpeners.includes(right),
  );
}

/**
 * The kept ones of `all` after one was taken or left, in the order of `all`. Whoever may not operate a screen still looks at it; whoever may do neither has
 * nothing left of it.
 */
export function chosenRights(
  all: readonly string[],
  kept: readonly string[],
  right: string,
  isTaken: boolean,
): readonly string[] {
  const next = new Set(kept);
  if (isTaken) next.add(right);
  else next.delete(right);
  if (right === "control") {
    if (all.includes("view")) next.add("view");
    for (const each of withControlOnly) {
      if (isTaken) next.add(each);
      else next.delete(each);
    }
  }
  const chosen = all.filter((each) => next.has(each));
  return hasOpener(all) && !hasOpener(chosen) ? [] : chosen;
}

function hasOpener(rights: readonly string[]): boolean {
  return screenOpeners.some((each) => rights.includes(each));
}
