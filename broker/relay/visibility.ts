// Who may see and who may drop which document, and who may do what at the API: one table each, pure.
// The edge decides what counts; this is privacy between the people of a site, and protection against abuse of the relay.
import type { MemberRole, Member } from "./directory.ts";
import type { Entry } from "./store/document-rows.ts";

/** Types that may be posted to a site's log by people; receipts come from edges alone. */
export const droppedTypes = [
  "manifest",
  "roster",
  "invitation",
  "introduction",
  "request",
  "grant",
  "deny",
  "revocation",
  "lockdown",
  "lift",
  "secret",
  "device",
] as const;
export type DroppedType = (typeof droppedTypes)[number];

/** All types that stand in a log. */
export const loggedTypes = [...droppedTypes, "receipt"] as const;
export type LoggedType = (typeof loggedTypes)[number];

/** Whose drop the relay takes at all; the signatures are looked at apart. An introduction needs no sign-in. */
const droppers: Readonly<Record<DroppedType, readonly MemberRole[] | "anyone">> = {
  manifest: ["owner"],
  roster: ["administrator"],
  invitation: ["owner", "administrator"],
  introduction: "anyone",
  request: ["vendor"],
  grant: ["approver"],
  deny: ["approver", "owner"],
  revocation: ["approver", "owner"],
  lockdown: ["approver", "owner"],
  lift: ["approver", "owner"],
  secret: ["owner"],
  device: ["owner"],
};

/** `own`: of the reader's own requests, or of the reader's own company. */
type Sight = Partial<Record<MemberRole, "all" | "own">>;

const staff: Sight = { owner: "all", approver: "all", auditor: "all" };
const job: Sight = { ...staff, vendor: "own" };
const newcomers: Sight = { owner: "all", auditor: "all", administrator: "own" };
const closings: Sight = { ...staff, vendor: "all" };
const sealed: Sight = { owner: "all" };

const viewers: Readonly<Record<LoggedType, Sight>> = {
  manifest: { ...staff, vendor: "all", administrator: "all" },
  roster: { ...staff, vendor: "own", administrator: "own" },
  invitation: newcomers,
  introduction: newcomers,
  request: job,
  grant: job,
  deny: job,
  revocation: job,
  receipt: job,
  lockdown: closings,
  lift: closings,
  secret: sealed,
  device: sealed,
};

export function isDroppedType(type: string): type is DroppedType {
  return droppedTypes.some((known) => known === type);
}

export function isLoggedType(type: string): type is LoggedType {
  return loggedTypes.some((known) => known === type);
}

/** Whether the relay takes a document of that type from this member, or without a sign-in. */
export function mayDrop(type: DroppedType, member: Member | undefined): boolean {
  const roles = droppers[type];
  return roles === "anyone" || (member !== undefined && hasRole(member, ...roles));
}

/** Whether a member may read an entry of the site's log. */
export function maySee(member: Member, entry: Pick<Entry, "type" | "vendor" | "company">): boolean {
  if (!isLoggedType(entry.type)) return false;
  const sights = viewers[entry.type];
  return member.roles.some((role) => {
    const sight = sights[role];
    if (sight !== "own") return sight === "all";
    const isOwnRequest = entry.vendor !== undefined && entry.vendor === member.person;
    const isOwnCompany = entry.company !== undefined && entry.company === member.company;
    return isOwnRequest || isOwnCompany;
  });
}

/** Reads requests, edges' journals and receipts of the whole site. */
export function isStaff(member: Member): boolean {
  return hasRole(member, "owner", "approver", "auditor");
}

export function hasRole(member: Member, ...roles: readonly MemberRole[]): boolean {
  return member.roles.some((role) => roles.includes(role));
}
