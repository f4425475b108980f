// One's own settings, and the page about the API.
import type { Area } from "../shell/page-route.ts";

export const settingsArea: Area = {
  routes: [
    { path: "/settings", load: () => import("./settings-page.tsx") },
    { path: "/api-docs", load: () => import("./api-docs-page.tsx") },
  ],
  navigation: [],
};
