// The approver's pages: requests and their questions, running jobs, lockdown, and how one is told.
import { IconInbox } from "@tabler/icons-react";
import { approvals } from "../texts/approvals.ts";
import type { Area } from "../shell/page-route.ts";

export const approvalsArea: Area = {
  routes: [
    { path: "/requests", load: () => import("./requests-page.tsx") },
    { path: "/requests/:request", load: () => import("./request-page.tsx") },
  ],
  navigation: [
    {
      path: "/requests",
      label: approvals.navigation,
      icon: IconInbox,
      isFor: (side) => side.hasRole("approver", "owner"),
      order: 10,
    },
  ],
};
