// Rights as people read them, the same words wherever one of them decides: the owner's form, the approver's question, the signing page, the command.
// Invariant: nothing is left unsaid; what one right includes is not said twice.

/** After "may": what a right lets a vendor do. A kind of its own where the same right means something else there. */
const words: Readonly<Record<string, string>> = {
  terminal: "open a terminal",
  exec: "run commands",
  files: "copy files",
  connect: "connect to its ports",
  "http connect": "open it through the sallyport command",
  browser: "open it in the browser under a name of the relay",
  control: "see and operate the screen",
  view: "see the screen only",
  resize: "fit the screen to their window",
  "clipboard-in": "put text into its clipboard",
  "clipboard-out": "take text out of its clipboard",
};

/** What `browser` gives away, for whoever grants or offers it. */
export const browserRisk =
  "The relay owns the panel’s name: whoever controls the relay could read and change what passes while a visit is open. Through “sallyport connect” it cannot.";

/** A right in words; undefined for one that this software does not know. */
export function rightWords(right: string, kind?: string): string | undefined {
  const ofKind = `${kind} ${right}`;
  if (Object.hasOwn(words, ofKind)) return words[ofKind];
  return Object.hasOwn(words, right) ? words[right] : undefined;
}

/** The rights without those that another one of them includes: who operates a screen sees it. */
export function toldRights(rights: readonly string[]): readonly string[] {
  return rights.includes("control") ? rights.filter((right) => right !== "view") : rights;
}

/** True if a job with these rights passes through a page whose name the relay owns. */
export function isThroughRelayName(targets: readonly { rights: readonly string[] }[]): boolean {
  return targets.some(({ rights }) => rights.includes("browser"));
}

/** Targets that are offered so from this manifest on: whoever signs it is told what that gives away. */
export function newlyInBrowser<
  Target extends { readonly id: string; readonly rights: readonly string[] },
>(
  before: { readonly targets: readonly Target[] },
  after: { readonly targets: readonly Target[] },
): Target[] {
  const offers = ({ rights }: Target): boolean => rights.includes("browser");
  const older = new Set(before.targets.filter(offers).map(({ id }) => id));
  return after.targets.filter((target) => offers(target) && !older.has(target.id));
}
