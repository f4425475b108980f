// What every route is given, and who asks.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Clock } from "../../../shared/clock.ts";
import type { SiteId } from "../../../shared/ids.ts";
import type { Accounts, Holder } from "../accounts.ts";
import type { ApiTokens } from "../api-tokens.ts";
import type { Attestations } from "../attestations.ts";
import { credentialOf } from "../credential.ts";
import type { Directory } from "../directory.ts";
import type { Drop } from "../drop.ts";
import type { EdgeSignIn } from "../edge-sign-in.ts";
import type { Feed } from "../feed.ts";
import type { Limits } from "../limits.ts";
import type { Notifications } from "../notify/notifications.ts";
import type { Passwords } from "../passwords.ts";
import type { Use } from "../rights.ts";
import type { SignInDocuments } from "../sign-in-documents.ts";
import type { Stops } from "../stops.ts";
import type { Store } from "../store/store.ts";
import type { Totp } from "../totp.ts";
import type { TypeBoxProvider } from "../validation.ts";

/** Everything that routes call. */
export interface ApiParts {
  readonly name: string;
  readonly version: string;
  /** Where people and edges reach this relay. */
  readonly url: () => string;
  /** The signing page's origin; undefined: this relay serves none. */
  readonly signingUrl: () => string | undefined;
  /** Raw Ed25519 key, base64url. */
  readonly attestationKey: string;
  readonly registrationToken: string;
  /** What the operator offers lies here. */
  readonly downloadsFolder: string;
  readonly clock: Clock;
  readonly store: Store;
  readonly directory: Directory;
  readonly signInDocuments: SignInDocuments;
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly apiTokens: ApiTokens;
  /** What pages show before a sign-in. */
  readonly useNotice: string | null;
  readonly totp: Totp;
  readonly attestations: Attestations;
  readonly drop: Drop;
  readonly feed: Feed;
  readonly stops: Stops;
  readonly notifications: Notifications;
  readonly limits: Limits;
  readonly edgeSignIn: EdgeSignIn;
  /** Unix seconds since when an edge is connected; undefined while it is not. */
  readonly onlineSince: (edge: string) => number | undefined;
}

export type Api = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyInstance["log"],
  TypeBoxProvider
>;

/**
 * Who asks, at the site of the path, and how they are signed in; throws `unauthorised`, `not_found` for a site that is not theirs, or `forbidden` for a
 * way of signing in that is not good for this `use` (of itself, reading for a GET and a signed post for the rest).
 */
export async function memberOf(
  request: FastifyRequest,
  site: SiteId,
  { accounts, limits, url }: ApiParts,
  use: Use = request.method === "GET" ? "read" : "signed",
): Promise<Holder> {
  const holder = await accounts.member(credentialOf(request.raw, url()), site, use);
  limits.person.take(`${site} ${holder.person}`);
  return holder;
}
