// The field by which each request of a panel signs in: Basic (RFC 7617), or a name that the owner gave.
import type { WebSignIn } from "../../../shared/document/device.ts";

export type FieldSignIn = Extract<WebSignIn, { how: "basic" | "header" }>;

/** Name and value, as latin1. */
export function loginField(signIn: FieldSignIn, password: string): Record<string, string> {
  if (signIn.how === "header") return { [signIn.name]: fieldValue(password) };
  const pair = Buffer.from(`${signIn.login}:${password}`, "utf8");
  return { authorization: `Basic ${pair.toString("base64")}` };
}

// A field carries no more than latin1; beyond that its bytes go as UTF-8, which is what most servers read.
function fieldValue(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
