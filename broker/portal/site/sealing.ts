// Secrets are sealed to their box as soon as they are typed: what stays in this browser's database, only the box can read.
import { sealSecret, type Secret, type SecretDocument } from "../../../shared/document/secret.ts";
import { nextSecretVersion, recipientsOf } from "../../../shared/site/devices.ts";
import type { PageSide } from "../person/page-side.ts";
import type { TargetWish } from "./changes.ts";

/** The one that a box signs in with (shared/protocol.md, "secret"). */
const loginSecret = "login";

/** A secret sealed to a target's box, in its next version. */
export async function sealFor(
  side: PageSide,
  target: TargetWish,
  secret: Secret,
): Promise<SecretDocument> {
  const listed = { ...target, deviceVersion: 0 };
  const version = await nextSecretVersion(side, listed, loginSecret);
  const { id, edge } = target;
  const place = { site: side.id, edge, target: id, name: loginSecret, version };
  return sealSecret(side.suite, place, recipientsOf(side, listed), secret);
}
