// What takes access away is signed by the browser's own key, without a touch; only a browser that has none opens the signing page for it.
import type { PageSide } from "../person/page-side.ts";
import type { SigningWindow } from "../person/signing-window.ts";

/** To be called in the click. */
export function quietTouch(side: PageSide): SigningWindow | undefined {
  return side.signsQuietly ? undefined : side.openTouch();
}
