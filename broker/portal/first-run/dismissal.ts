// Whether an owner wants to see the first steps no more: of this browser alone, and nothing that the site knows.
import type { SiteId } from "../../../shared/ids.ts";

const prefix = "sallyport.first-steps-hidden.";

export function isDismissed(site: SiteId): boolean {
  return localStorage.getItem(`${prefix}${site}`) !== null;
}

export function dismiss(site: SiteId, isHidden: boolean): void {
  if (isHidden) localStorage.setItem(`${prefix}${site}`, "1");
  else localStorage.removeItem(`${prefix}${site}`);
}
