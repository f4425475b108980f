// The approver's pages: requests and their questions, running jobs, lockdown, and how one is told.
import { IconBell, IconInbox, IconLock } from "@tabler/icons-react";
import { approvals } from "../texts/approvals.ts";
import { lockdown } from "../texts/lockdown.ts";
import { notifications } from "../texts/notifications.ts";
import type { Area } from "../shell/page-route.ts";

export const approvalsArea: Area = {
  routes: [
    { path: "/requests", load: () => import("./requests-page.tsx") },
    { path: "/requests/:request", load: () => import("./request-page.tsx") },
    { path: "/requests/:request/watch", load: () => import("./watch-page.tsx") },
    { path: "/lockdown", load: () => import("./lockdown-page.tsx") },
    { path: "/notifications", load: () => import("./notifications-page.tsx") },
    { path: "/notifications/order", load: () => import("./order-page.tsx") },
  ],
  navigation: [
    {
      path: "/requests",
      label: approvals.navigation,
      icon: IconInbox,
      isFor: (side) => side.hasRole("approver", "owner"),
      order: 10,
    },
    {
      path: "/lockdown",
      label: lockdown.navigation,
      icon: IconLock,
      isFor: (side) => side.hasRole("approver", "owner"),
      order: 13,
    },
    {
      path: "/notifications",
      label: notifications.navigation,
      icon: IconBell,
      isFor: () => true,
      order: 20,
    },
  ],
};
