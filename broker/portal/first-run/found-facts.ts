// What is filled in on the way to a new site, and what this browser can do for it.
import type { RelayFacts } from "../person/session.ts";
import type { Preset } from "../site/presets.ts";

export interface Filled {
  readonly name: string;
  readonly ownerName: string;
  readonly owner: string;
  readonly token: string;
  readonly preset: Preset;
}

export const nothingFilled: Filled = {
  name: "",
  ownerName: "",
  owner: "",
  token: "",
  preset: "normal",
};

/** Whether the owner can have a passkey here. */
export function canPasskey({ signing }: RelayFacts): boolean {
  return Boolean(signing) && "PublicKeyCredential" in window;
}
