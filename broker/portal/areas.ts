// All areas of the portal in one list: who adds a page adds it in its area.
import { approvalsArea } from "./approvals/area.ts";
import { firstRunArea } from "./first-run/area.ts";
import { jobsArea } from "./jobs/area.ts";
import { recordsArea } from "./records/area.ts";
import { settingsArea } from "./settings/area.ts";
import { siteArea } from "./site/area.ts";

const areas = [firstRunArea, jobsArea, approvalsArea, siteArea, recordsArea, settingsArea];

export const routes = areas.flatMap((area) => area.routes);
export const navigation = areas
  .flatMap((area) => area.navigation)
  .toSorted((left, right) => left.order - right.order);
