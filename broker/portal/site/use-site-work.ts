// What waits for an owner: newcomers, half-signed manifests, and his own changes prepared as the next manifest. Everything is verified under the held view.
import { halfSigned, type HalfSigned } from "../../../shared/site/half-signed.ts";
import { deviceVersionAmong, secretsOf } from "../../../shared/site/devices.ts";
import { newcomersAmong, type Newcomer } from "../../../shared/site/introductions.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import { verifyInvitation, type Invitation } from "../../../shared/document/invitation.ts";
import type { Verified } from "../../../shared/document/verify.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { PageSide } from "../person/page-side.ts";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded, type Loaded } from "../shell/use-loaded.ts";
import { prepare, type Change, type Prepared } from "./changes.ts";
import { useChanges } from "./draft-store.ts";
import { nextOf } from "./signing-steps.ts";

export interface Waiting {
  readonly newcomers: readonly Newcomer[];
  /** Invitations that nobody has answered and that are still good. */
  readonly open: readonly Verified<Invitation>[];
  readonly warnings: readonly string[];
}

export async function loadWaiting(side: PageSide): Promise<Waiting> {
  const { held } = side;
  const warnings: string[] = [];
  const stored = await side.relay.documents(["invitation", "introduction"]);
  const newcomers = await newcomersAmong(stored, held, {
    warning: (text) => warnings.push(text),
  });
  const answers = stored
    .filter(({ type }) => type === "introduction")
    .map(({ envelope }) => new TextDecoder().decode(envelope.payload));
  const open = new Map<string, Verified<Invitation>>();
  for (const { type, envelope } of stored) {
    if (type !== "invitation") continue;
    const invitation = await orNothing(() => verifyInvitation(envelope, held));
    if (invitation === undefined || invitation.payload.untilAt < held.nowAt) continue;
    if (answers.some((text) => text.includes(invitation.hash))) continue;
    open.set(invitation.hash, invitation);
  }
  return { newcomers, open: [...open.values()], warnings };
}

export function useWaiting(): Loaded<Waiting> {
  const side = useSide();
  return useLoaded(() => loadWaiting(side), [side]);
}

export interface Work {
  readonly prepared: Prepared;
  /** Undefined while a change cannot be signed yet. */
  readonly next: Manifest | undefined;
  /** Every difference, exactly. */
  readonly lines: readonly string[];
  /** Why no manifest comes of it. */
  readonly fault: unknown;
  /** Another owner's manifest that waits for signatures. */
  readonly half: HalfSigned | undefined;
}

async function loadWork(side: PageSide, changes: readonly Change[]): Promise<Work> {
  const [waiting, devices, manifests] = await Promise.all([
    loadWaiting(side),
    side.relay.documents(["device"]),
    side.relay.documents(["manifest"]),
  ]);
  const prepared = await prepare(changes, {
    held: side.held,
    newcomers: waiting.newcomers,
    deviceVersion: (target) => deviceVersionAmong(devices, target),
  });
  const partial = manifests.filter(({ state }) => state === "partial");
  const half = await halfSigned(
    side.suite,
    partial.map(({ envelope }) => envelope),
    side.view.chain,
  );
  try {
    const { next, lines } = nextOf(side, prepared);
    return { prepared, next, lines, fault: undefined, half };
  } catch (thrown) {
    if (!(thrown instanceof SallyportError)) throw thrown;
    return { prepared, next: undefined, lines: [], fault: thrown, half };
  }
}

/** One's own changes as the next manifest, and what other owners wait for. */
export function useWork(): Loaded<Work> {
  const side = useSide();
  const changes = useChanges(side.id);
  return useLoaded(() => loadWork(side, changes), [side, changes]);
}

/** The newest version of each target's secret that was really given, by target; none stands for none. */
export function useSecretVersions(): Loaded<ReadonlyMap<string, number>> {
  const side = useSide();
  return useLoaded(async () => {
    const newest = new Map<string, number>();
    for (const { target, version } of await secretsOf(side))
      newest.set(target, Math.max(version, newest.get(target) ?? 0));
    return newest;
  }, [side]);
}

async function orNothing<Value>(make: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await make();
  } catch (thrown) {
    if (thrown instanceof SallyportError) return undefined;
    throw thrown;
  }
}
