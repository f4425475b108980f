// What each way of signing in is good for, in one table. What a person may is another question (visibility.ts), and what opens anything is
// decided by signatures and on the edge: a password reads, drafts, and carries what a key has signed; a token of limited scope does less.
import { SallyportError } from "../../shared/errors.ts";
import type { SignInMethod, TokenScope } from "./store/sign-in-rows.ts";

/**
 * `signed`: posts that count by a key's signature or a further factor inside them. `alone`: what counts by the sign-in alone, such as the unsigned stop,
 * another's second factor, and tokens of limited scope.
 */
export type Use = "read" | "draft" | "signed" | "alone";

const uses: Readonly<Record<SignInMethod | TokenScope, readonly Use[]>> = {
  passkey: ["read", "draft", "signed", "alone"],
  key: ["read", "draft", "signed", "alone"],
  password: ["read", "draft", "signed"],
  read: ["read"],
  draft: ["read", "draft"],
};

/** How somebody is signed in, as far as it matters here. */
export interface Way {
  readonly method: SignInMethod | "api-token";
  readonly apiToken: { readonly scope: TokenScope } | undefined;
}

/** Throws `forbidden` unless that way of signing in is good for the use. */
export function requireUse(use: Use, { method, apiToken }: Way): void {
  const by = method === "api-token" ? (apiToken?.scope ?? "read") : method;
  if (uses[by].includes(use)) return;
  if (by === "password") {
    throw new SallyportError("forbidden", "a password is not enough for this: sign in by key");
  }
  throw new SallyportError("forbidden", `token of scope "${by}" is not good for this`);
}
