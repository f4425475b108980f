// Choosing fewer of some rights, as a vendor who asks and an approver who narrows do it: what the edge gives with `control` alone goes and comes with it.
import { toldRights } from "./right-words.ts";

/** Without `control` an edge grants none of these (shared/protocol.md, "Screens"). */
const withControlOnly: ReadonlySet<string> = new Set(["resize", "clipboard-in"]);

/** Which of `all` can be chosen beside those that are kept; without the others a choice would say what does not hold. */
export function offeredRights(all: readonly string[], kept: readonly string[]): readonly string[] {
  if (kept.includes("control")) return toldRights(all);
  return all.includes("control") ? all.filter((right) => !withControlOnly.has(right)) : all;
}

/** The kept ones of `all` after one was taken or left, in the order of `all`. Whoever may not operate a screen still looks at it. */
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
  return all.filter((each) => next.has(each));
}
