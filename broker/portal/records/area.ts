// What happened: who is on a machine now, recordings, the boxes' journals, evidence.
import { IconArchive, IconListDetails, IconPlayerPlay } from "@tabler/icons-react";
import type { Area } from "../shell/page-route.ts";
import { records } from "../texts/records.ts";

export const recordsArea: Area = {
  routes: [
    { path: "/recordings", load: () => import("./recordings-page.tsx") },
    { path: "/recordings/:edge/:recording", load: () => import("./recording-page.tsx") },
    { path: "/sessions", load: () => import("./sessions-page.tsx") },
    { path: "/journal/:edge", load: () => import("./journal-page.tsx") },
    { path: "/evidence", load: () => import("./evidence-page.tsx") },
  ],
  navigation: [
    {
      path: "/sessions",
      label: records.sessions.title,
      icon: IconListDetails,
      isFor: (side) => side.hasRole("owner", "approver", "auditor"),
      order: 60,
    },
    {
      path: "/recordings",
      label: records.recordings.title,
      icon: IconPlayerPlay,
      isFor: (side) => side.hasRole("owner", "approver", "auditor"),
      order: 61,
    },
    {
      path: "/evidence",
      label: records.evidence.title,
      icon: IconArchive,
      isFor: (side) => side.hasRole("owner", "auditor"),
      order: 62,
    },
  ],
};
