// The relay itself: what it is called, its attestation key, its time; whether it is well; what it offers.
import Type from "typebox";
import { wallSeconds } from "../../../shared/clock.ts";
import { parseEdgeId } from "../../../shared/ids.ts";
import { addressSubject } from "../rate.ts";
import type { Api, ApiParts } from "./parts.ts";
import { Hash, problems, record, Seconds } from "./fields.ts";

const healthMs = 1_000;

export function relayRoutes(api: Api, parts: ApiParts): void {
  const {
    name,
    version,
    url,
    signingUrl,
    attestationKey,
    clock,
    store,
    edgeSignIn,
    limits,
    useNotice,
  } = parts;

  // Anybody may ask, and each look costs a write to the disk: so one a second answers all.
  let look: { readonly atMs: number; readonly result: Promise<void> } | undefined;
  const healthy = (): Promise<void> => {
    const nowMs = clock.monotonicMs();
    if (look === undefined || nowMs - look.atMs >= healthMs) {
      look = { atMs: nowMs, result: store.check() };
    }
    return look.result;
  };

  api.get(
    "/relay",
    {
      schema: {
        summary: "What this relay is called, and the key that manifests name it by",
        response: {
          200: record({
            name: Type.String(),
            url: Type.String(),
            attestationKey: Hash,
            version: Type.String(),
            time: Seconds,
            useNotice: Type.Union([Type.String(), Type.Null()], {
              description: "to be shown before a sign-in",
            }),
            signing: Type.Union([
              record({ rpId: Type.String(), origin: Type.String() }),
              Type.Null(),
            ]),
          }),
          ...problems,
        },
      },
    },
    async () => ({
      name,
      url: url(),
      attestationKey,
      version,
      time: wallSeconds(clock),
      useNotice,
      signing: signingAt(signingUrl()),
    }),
  );

  api.get(
    "/health",
    {
      logLevel: "warn",
      schema: {
        summary: "Whether the relay can serve: its store takes writes",
        response: { 200: record({ status: Type.Literal("ok") }), ...problems },
      },
    },
    async () => {
      await healthy();
      return { status: "ok" as const };
    },
  );

  api.get(
    "/edge/nonce",
    {
      schema: {
        summary: "A nonce for an edge to sign in with, and the relay's time",
        querystring: record({ edge: Hash }),
        response: {
          200: record({ relay: Type.String(), nonce: Type.String(), at: Seconds }),
          ...problems,
        },
      },
    },
    async ({ query, ip }) => {
      limits.nonce.take(addressSubject(ip));
      const nonce = edgeSignIn.issue(parseEdgeId(query.edge));
      return { relay: edgeSignIn.relay, nonce, at: wallSeconds(clock) };
    },
  );

  api.get("/openapi.json", { schema: { hide: true } }, async () => api.swagger());
}

/** What a site's first manifest says of a signing page. */
function signingAt(origin: string | undefined): { rpId: string; origin: string } | null {
  return origin === undefined ? null : { rpId: new URL(origin).hostname, origin };
}
