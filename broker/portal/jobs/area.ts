// The pages of this area: a vendor's jobs, asking for one, and working in it.
import { IconBriefcase } from "@tabler/icons-react";
import type { Area } from "../shell/page-route.ts";
import { jobs } from "../texts/jobs.ts";

export const jobsArea: Area = {
  routes: [
    { path: "/jobs", load: () => import("./jobs-page.tsx") },
    { path: "/jobs/new", load: () => import("./ask-page.tsx") },
    { path: "/jobs/command", load: () => import("./command-page.tsx") },
    { path: "/jobs/:request", load: () => import("./job-page.tsx") },
  ],
  navigation: [
    {
      path: "/jobs",
      label: jobs.navigation,
      icon: IconBriefcase,
      isFor: (side) => side.hasRole("vendor"),
      order: 10,
    },
  ],
};
