// How far a site is on its first run, read from the site itself: nothing is remembered beside it. Pure.
import type { Manifest } from "../../../shared/document/manifest.ts";
import type { PersonId } from "../../../shared/ids.ts";

/** In the order in which they are done. */
export const steps = [
  "key",
  "sheet",
  "second",
  "phone",
  "box",
  "vendor",
  "accept",
  "online",
  "device",
  "rehearsal",
] as const;
export type StepName = (typeof steps)[number];

/** `waiting`: one's own part is done, somebody else's answer is missing. */
export type StepState = "done" | "waiting" | "open";

export interface SiteFacts {
  readonly me: PersonId;
  readonly manifest: Manifest;
  readonly hasTechnicians: boolean;
  /** Whom invitations are for that nobody has answered, and newcomers that nobody has accepted. */
  readonly invited: readonly Expected[];
  readonly newcomers: readonly Expected[];
  readonly isEdgeOnline: boolean;
  readonly hasAnsweredRequest: boolean;
}

/** Who was invited, as far as the first run is about them. */
export interface Expected {
  readonly kind: "owner" | "vendor" | "edge" | "me" | "other";
}

export function progressOf(facts: SiteFacts): Readonly<Record<StepName, StepState>> {
  const { me, manifest, invited, newcomers, hasTechnicians } = facts;
  const { persons, edges, targets, companies, recovery, signing } = manifest;
  const mine = persons.find(({ id }) => id === me)?.keys ?? [];
  const expected = (kind: Expected["kind"]): boolean =>
    [...invited, ...newcomers].some((each) => each.kind === kind);
  const step = (isDone: boolean, isWaiting = false): StepState =>
    isDone ? "done" : isWaiting ? "waiting" : "open";
  const isVendorListed = persons.some(({ roles }) => roles.includes("vendor"));
  return {
    key: step(signing === null ? mine.length > 0 : mine.some(({ kind }) => kind === "passkey")),
    sheet: step(recovery !== null),
    second: step(
      persons.filter(({ roles }) => roles.includes("owner")).length > 1,
      expected("owner"),
    ),
    phone: step(mine.filter(({ kind }) => kind !== "passkey").length > 1, expected("me")),
    box: step(edges.length > 0 || expected("edge")),
    vendor: step(isVendorListed || companies.length > 0 || hasTechnicians, expected("vendor")),
    accept: step(
      edges.length > 0 && newcomers.length === 0,
      newcomers.length === 0 && invited.length > 0,
    ),
    online: step(facts.isEdgeOnline),
    device: step(targets.some(({ deviceVersion }) => deviceVersion > 0)),
    rehearsal: step(facts.hasAnsweredRequest),
  };
}

/** The first step that one can do something about; undefined if none is left. */
export function nextStep(progress: Readonly<Record<StepName, StepState>>): StepName | undefined {
  return steps.find((name) => progress[name] === "open");
}
