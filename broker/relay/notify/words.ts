// What a notification says: the site's name, what happened in fixed words, and a path of the portal. Pure.
// Invariant: the only texts of people in it are the names of site, person and company, cleaned; never a reason, a note, a ticket or a secret.
import type { DocumentHash } from "../../../shared/ids.ts";

/** Everything that anybody is ever told of. */
export const noticeKinds = [
  "request-waiting",
  "request-answered",
  "request-granted",
  "request-denied",
  "job-extended",
  "time-wanted",
  "access-ended",
  "locked-down",
  "lifted",
  "edge-offline",
  "edge-online",
  "manifest-waiting",
  "manifest-recovering",
  "manifest-ends",
  "access-used",
  "handed-over",
  "test",
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** What the words may name. */
export interface Named {
  /** Who did it, or asks; as `nameOf` gives it. */
  readonly who?: string;
  readonly days?: number;
}

const longestName = 60;

/** A name as it may stand in a notification: one line, no control characters, none that change the direction of what follows. */
export function cleanName(name: string): string {
  const plain = name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]+/gu, " ");
  const line = plain.replaceAll(/\s+/gu, " ").trim();
  const characters = Array.from(line);
  if (characters.length <= longestName) return line;
  return `${characters.slice(0, longestName - 1).join("")}…`;
}

/** One notice in words. */
export function wordsOf(kind: NoticeKind, { who = "somebody", days = 0 }: Named): string {
  switch (kind) {
    case "request-waiting":
      return `A request waits for you: ${who} asks.`;
    case "request-answered":
      return `A request was answered by ${who}.`;
    case "request-granted":
      return `Your request was approved by ${who}.`;
    case "request-denied":
      return `Your request was denied by ${who}.`;
    case "job-extended":
      return `Your job's time was changed by ${who}.`;
    case "time-wanted":
      return `More time for a job is asked for by ${who}.`;
    case "access-ended":
      return `Access was ended by ${who}.`;
    case "locked-down":
      return `A lockdown was ordered by ${who}.`;
    case "lifted":
      return `A lockdown was lifted by ${who}.`;
    case "edge-offline":
      return "An edge has been offline for 10 minutes.";
    case "edge-online":
      return "An edge is online again.";
    case "manifest-waiting":
      return `A change of the site, signed by ${who}, waits for your signature.`;
    case "manifest-recovering":
      return "The recovery key was used to change the site. An owner can veto it within 72 hours.";
    case "manifest-ends":
      return `The site's manifest ends in ${days} days. Sign the next one.`;
    case "access-used":
      return `A standing permission is being used by ${who}.`;
    case "handed-over":
      return `${who} handed over to you. You are on duty now.`;
    case "test":
      return "This is a test message. If you can read it, this channel works.";
  }
}

/** Several notices in one message, by kind. */
const together: Readonly<Record<NoticeKind, readonly [one: string, many: string]>> = {
  "request-waiting": ["1 request waits for you", "N requests wait for you"],
  "request-answered": ["1 request was answered", "N requests were answered"],
  "request-granted": ["1 of your requests was approved", "N of your requests were approved"],
  "request-denied": ["1 of your requests was denied", "N of your requests were denied"],
  "job-extended": ["the time of 1 job was changed", "the time of N jobs was changed"],
  "time-wanted": ["more time is asked for", "more time is asked for N times"],
  "access-ended": ["access was ended once", "access was ended N times"],
  "locked-down": ["1 lockdown", "N lockdowns"],
  lifted: ["1 lift", "N lifts"],
  "edge-offline": ["1 edge offline", "N times an edge offline"],
  "edge-online": ["1 edge online again", "N times an edge online again"],
  "manifest-waiting": ["1 change waits for your signature", "N changes wait for your signature"],
  "manifest-recovering": ["the recovery key was used", "the recovery key was used N times"],
  "manifest-ends": ["the manifest ends soon", "the manifest ends soon"],
  "access-used": ["1 use of a standing permission", "N uses of standing permissions"],
  "handed-over": ["1 hand-over to you", "N hand-overs to you"],
  test: ["1 test", "N tests"],
};

export interface Wording {
  readonly kind: NoticeKind | "several";
  readonly text: string;
  readonly link: string;
  /** What it is about: a message of the same takes its place. Not for outside, it may hold ids. */
  readonly tag: string;
}

interface Worded {
  readonly kind: string;
  readonly key: string;
  readonly text: string;
  readonly link: string;
}

/** One message for some notices, at least one: its own words if it is alone, else how many of each kind. */
export function combine(notices: readonly Worded[]): Wording {
  const [only, ...others] = notices;
  if (only !== undefined && others.length === 0) {
    const { kind, key, text, link } = only;
    // "answered" takes the place of "waits" on the phone.
    const isOfJob = link.startsWith(links.job(""));
    return { kind: kind as NoticeKind, text, link, tag: isOfJob ? link : key };
  }
  const counts = Map.groupBy(notices, (notice) => notice.kind as NoticeKind);
  const parts = noticeKinds.flatMap((kind) => {
    const count = counts.get(kind)?.length ?? 0;
    if (count === 0) return [];
    const [one, many] = together[kind];
    return [count === 1 ? one : many.replace("N", String(count))];
  });
  return { kind: "several", text: `News: ${parts.join(", ")}.`, link: links.jobs, tag: "several" };
}

/** Paths of the portal that notifications lead to. */
export const links = {
  jobs: "/jobs",
  edges: "/edges",
  manifests: "/manifests",
  notifications: "/notifications",
  job: (request: DocumentHash | string) => `/jobs/${request}`,
} as const;
