// The pages of this area.
import type { Area } from "../shell/page-route.ts";

export const recordsArea: Area = { routes: [], navigation: [] };
