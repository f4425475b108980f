// What the edge says in a panel's stead, in the vendor's words: what was refused, and what is wrong with the panel.
import type { SallyportError } from "../../../shared/errors.ts";
import { DeviceError } from "../device-error.ts";
import type { ErrorPage } from "./error-page.ts";

export function failurePage(failure: SallyportError): ErrorPage {
  const text = failure instanceof DeviceError ? failure.told : "The edge could not go on.";
  return { status: 502, title: "The panel cannot be shown", text: `${text}.` };
}

export const refusedPage: ErrorPage = {
  status: 403,
  title: "Not granted",
  text: "This part of the panel was not granted.",
};
export const loginPage: ErrorPage = {
  status: 403,
  title: "The edge signs in",
  text: "The login of this panel is done by the edge; nobody else signs in here.",
};
export const elsewherePage: ErrorPage = {
  status: 403,
  title: "Not from here",
  text: "Another page asked for this. Open the panel from the job instead.",
};
export const againPage: ErrorPage = {
  status: 409,
  title: "Please do that again",
  text: "The panel had ended its session, so nothing was done. The edge has signed in again: go back and repeat it.",
};
export const roundPage: ErrorPage = {
  status: 502,
  title: "The panel asks for its login again",
  text: "The edge is signed in, and the panel leads back to its login page all the same. Tell whoever looks after this machine.",
};
export const redirectsPage: ErrorPage = {
  status: 502,
  title: "The panel leads nowhere",
  text: "It only sends its visitors on and on, and shows no page.",
};
export const securePage: ErrorPage = {
  status: 502,
  title: "The panel wants HTTPS",
  text: "It sends its visitors on to its HTTPS side, and this target is set up for HTTP. An owner of the site can change that.",
};
export const unreadyPage: ErrorPage = {
  status: 502,
  title: "No live connection",
  text: "The panel did not open the live connection that its page asked for.",
};
