// What an attacker makes of the relay's answers and deliveries, for tests that need no more than that.
import type { Envelope } from "../../shared/document/envelope.ts";
import type { Manifest } from "../../shared/document/manifest.ts";
import { payloadJson } from "./forger.ts";
import type { HostileRelay } from "./hostile-relay.ts";
import { toWire } from "./world.ts";

export interface Listed {
  readonly type: string;
  readonly envelope: unknown;
}

/** Alters the documents of a list that the relay answers with. */
export function changingLists(
  relay: HostileRelay,
  change: (document: Listed) => readonly Listed[],
): Disposable {
  return relay.attack({
    async api(call, forward) {
      const answer = await forward();
      if (call.method !== "GET" || !/\/documents\?/.test(call.path)) return answer;
      const body = answer.body as { documents: Listed[] };
      return { ...answer, body: { ...body, documents: body.documents.flatMap(change) } };
    },
  });
}

/** Answers every question for manifests with these. */
export function showingManifests(
  relay: HostileRelay,
  shown: (asked: readonly unknown[]) => readonly unknown[],
): Disposable {
  return relay.attack({
    async api(call, forward) {
      const answer = await forward();
      if (!/\/manifests\?/.test(call.path) || answer.status !== 200) return answer;
      const { manifests } = answer.body as { manifests: unknown[] };
      return { ...answer, body: { manifests: shown(manifests) } };
    },
  });
}

/** A manifest as the relay lists it. */
export function listedManifest(envelope: Envelope, hash: string): unknown {
  const { version } = payloadJson<Manifest>(envelope);
  return { version, hash, envelope: toWire(envelope) };
}

/** Lets no document of these types reach an edge. */
export function withholding(relay: HostileRelay, ...types: readonly string[]): Disposable {
  return relay.attack({
    control: (_edge, message, publish) =>
      message.name === "document" && types.includes(message.message.envelope.type) ? [] : [publish],
  });
}
