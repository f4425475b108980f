// The owner's pages, and the roster page of a company's administrator.
import {
  IconAddressBook,
  IconBox,
  IconEngine,
  IconScale,
  IconSignature,
  IconUsers,
} from "@tabler/icons-react";
import type { PageSide } from "../person/page-side.ts";
import type { Area } from "../shell/page-route.ts";
import { ownerOnly } from "./owner-only.tsx";
import { ownerNavigation } from "../texts/owner-navigation.ts";

const isOwner = (side: PageSide): boolean => side.hasRole("owner");

// As `ownCompany` says it (shared/site/rosters.ts), without what verifies rosters: this is loaded before anybody has signed in.
const isAdministrator = (side: PageSide): boolean =>
  side.held.manifest.payload.companies.some(({ administrators }) =>
    administrators.some(({ id }) => id === side.me),
  );

export const siteArea: Area = {
  routes: [
    { path: "/people", load: ownerOnly(() => import("./people-page.tsx")) },
    { path: "/people/invite", load: () => import("./invite-page.tsx") },
    { path: "/company", load: () => import("./company-page.tsx") },
    { path: "/edges", load: ownerOnly(() => import("./edges-page.tsx")) },
    { path: "/edges/new", load: ownerOnly(() => import("./claim-page.tsx")) },
    { path: "/targets", load: () => import("./targets-page.tsx") },
    { path: "/targets/import", load: () => import("./import-page.tsx") },
    { path: "/targets/new", load: ownerOnly(() => import("./target-page.tsx")) },
    { path: "/targets/:target", load: ownerOnly(() => import("./target-page.tsx")) },
    { path: "/rules", load: ownerOnly(() => import("./rules-page.tsx")) },
    { path: "/changes", load: ownerOnly(() => import("./changes-page.tsx")) },
    { path: "/manifests", load: ownerOnly(() => import("./changes-page.tsx")) },
  ],
  navigation: [
    { path: "/people", label: ownerNavigation.people, icon: IconUsers, isFor: isOwner, order: 50 },
    { path: "/edges", label: ownerNavigation.edges, icon: IconBox, isFor: isOwner, order: 51 },
    {
      path: "/targets",
      label: ownerNavigation.targets,
      icon: IconEngine,
      isFor: (side) => side.hasRole("owner", "auditor"),
      order: 52,
    },
    { path: "/rules", label: ownerNavigation.rules, icon: IconScale, isFor: isOwner, order: 53 },
    {
      path: "/changes",
      label: ownerNavigation.changes,
      icon: IconSignature,
      isFor: isOwner,
      order: 54,
    },
    {
      path: "/company",
      label: ownerNavigation.company,
      icon: IconAddressBook,
      isFor: isAdministrator,
      order: 55,
    },
  ],
};
