// The first run's checklist, for owners until they hide it.
import { IconListCheck } from "@tabler/icons-react";
import type { Area } from "../shell/page-route.ts";
import { ownerOnly } from "../site/owner-only.tsx";
import { ownerNavigation } from "../texts/owner-navigation.ts";
import { checklistPath } from "./paths.ts";
import { isDismissed } from "./dismissal.ts";

export const firstRunArea: Area = {
  routes: [{ path: checklistPath, load: ownerOnly(() => import("./checklist-page.tsx")) }],
  navigation: [
    {
      path: checklistPath,
      label: ownerNavigation.firstSteps,
      icon: IconListCheck,
      isFor: (side) => side.hasRole("owner") && !isDismissed(side.id),
      order: 5,
    },
  ],
};
