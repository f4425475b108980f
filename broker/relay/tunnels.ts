// Pairs a vendor's channel with a tunnel of the edge it names (shared/protocol.md, "Control and tunnels").
// Invariants: an edge's tunnels are opened by its key alone and only while it is connected; what waits is bounded per edge and in all, and
// never for long; the relay keeps each edge's standby full by `dial`, and asks for more when vendors wait.
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../../shared/clock.ts";
import type { DownMessage } from "../../shared/control.ts";
import { edgeAuthorizationScheme, maxDialledTunnels } from "../../shared/control.ts";
import type { EdgeId } from "../../shared/ids.ts";
import type { EdgeSignIn } from "./edge-sign-in.ts";
import { pairedWord, webWord } from "../../shared/upgrade.ts";
import { createPumps, sweepMs, webIdleMs } from "./pump.ts";
import { Standby, type PairingWord } from "./standby.ts";
import type { Refusal } from "./upgrade-answer.ts";
import { acceptUpgrade, refuseUpgrade, upgradeKeyOf } from "./upgrade-answer.ts";

/** Tunnels kept ready per edge, so that a channel costs no dial; and how many an edge may keep open unpaired. */
export const standbyPerEdge = 2;
export const maxStandbyPerEdge = 8;
/** Vendors' requests that wait for a tunnel, per edge and in all. */
export const maxWaitingPerEdge = 32;
export const maxWaiting = 1024;
/** How long a vendor waits for a tunnel, and how long a dialled one counts as on its way. */
export const pairingTimeoutMs = 10_000;

export type VendorVerdict =
  | { readonly authorised: true }
  | ({ readonly authorised: false } & Refusal);

export interface TunnelsOptions {
  /** Names this relay among those behind its host name. */
  readonly label: string;
  readonly signIn: EdgeSignIn;
  /** Asks a connected edge; false if it is not connected. */
  readonly sendDial: (edge: EdgeId, dial: DownMessage<"dial">) => boolean;
  readonly isOnline: (edge: EdgeId) => boolean;
  readonly authoriseVendor: (request: IncomingMessage, edge: EdgeId) => Promise<VendorVerdict>;
  readonly clock: Clock;
}

export interface Tunnels {
  /** For an upgrade of `/tunnel`: an edge's. */
  acceptTunnel(request: IncomingMessage, socket: Socket, head: Uint8Array): Promise<void>;
  /** For an upgrade of `/channel/<edge>`: a vendor's. Its 101 is sent once a tunnel is paired. */
  acceptChannel(
    request: IncomingMessage,
    socket: Socket,
    head: Uint8Array,
    edge: EdgeId,
  ): Promise<void>;
  /** A browser's connection to a web panel of the edge, of which `hello` was read already. It is cut if no tunnel is to be had. */
  acceptWeb(socket: Socket, hello: Uint8Array, edge: EdgeId): Promise<void>;
  /** An edge has connected: the tunnels of its former connection are displaced, and new ones dialled. */
  edgeOnline(edge: EdgeId): void;
  edgeOffline(edge: EdgeId): void;
  counts(): { readonly standby: number; readonly waiting: number; readonly paired: number };
  /** Takes nothing new, tells whoever waits, lets what is paired go on for `graceMs` at most. */
  close(graceMs: number): Promise<void>;
}

interface Waiter {
  readonly give: (tunnel: Standby | undefined) => void;
}

interface Pool {
  readonly standby: Set<Standby>;
  readonly waiters: Set<Waiter>;
  /** When each dialled tunnel no longer counts as on its way. */
  dialledUntilMs: number[];
}

const unreachable = (message: string): Refusal => ({ status: 503, code: "unreachable", message });
const leaving = unreachable("this relay is shutting down");

export function createTunnels(options: TunnelsOptions): Tunnels {
  const { label, signIn, sendDial, isOnline, authoriseVendor, clock } = options;
  const pools = new Map<EdgeId, Pool>();
  const pumps = createPumps(clock);
  let waiting = 0;
  let isLeaving = false;

  const poolOf = (edge: EdgeId): Pool => {
    const known = pools.get(edge);
    if (known !== undefined) return known;
    const pool: Pool = { standby: new Set(), waiters: new Set(), dialledUntilMs: [] };
    pools.set(edge, pool);
    return pool;
  };

  const refill = (edge: EdgeId, pool: Pool): void => {
    if (isLeaving) return;
    const nowMs = clock.monotonicMs();
    pool.dialledUntilMs = pool.dialledUntilMs.filter((untilMs) => untilMs > nowMs);
    const wanted = Math.min(standbyPerEdge + pool.waiters.size, maxStandbyPerEdge);
    const missing = wanted - pool.standby.size - pool.dialledUntilMs.length;
    const nonces = Array.from({ length: Math.min(missing, maxDialledTunnels) }, () =>
      signIn.issue(edge),
    );
    if (nonces.length === 0 || !sendDial(edge, { label, nonces })) return;
    pool.dialledUntilMs.push(...nonces.map(() => nowMs + pairingTimeoutMs));
  };

  const sweep = (): void => {
    timer = clock.setTimer(sweepMs, sweep);
    for (const [edge, pool] of pools) {
      for (const tunnel of pool.standby) tunnel.ping();
      if (isOnline(edge)) refill(edge, pool);
      else if (pool.standby.size + pool.waiters.size === 0) pools.delete(edge);
    }
  };
  let timer = clock.setTimer(sweepMs, sweep);

  const nextTunnel = async (
    pool: Pool,
    edge: EdgeId,
    limitMs: number,
  ): Promise<Standby | undefined> => {
    const [ready] = pool.standby;
    if (ready !== undefined) {
      pool.standby.delete(ready);
      refill(edge, pool);
      return ready;
    }
    const { promise, resolve } = Promise.withResolvers<Standby | undefined>();
    const waiter: Waiter = { give: resolve };
    pool.waiters.add(waiter);
    using _limit = clock.setTimer(limitMs, () => resolve(undefined));
    refill(edge, pool);
    const tunnel = await promise;
    pool.waiters.delete(waiter);
    return tunnel;
  };

  // A standby may have died unnoticed, so its silence costs one try and not the channel.
  const pairOne = async (
    edge: EdgeId,
    word: PairingWord,
  ): Promise<{ socket: Socket; rest: Uint8Array } | undefined> => {
    const pool = poolOf(edge);
    const endsMs = clock.monotonicMs() + pairingTimeoutMs;
    for (;;) {
      const leftMs = endsMs - clock.monotonicMs();
      if (leftMs <= 0 || isLeaving || !isOnline(edge)) return undefined;
      const tunnel = await nextTunnel(pool, edge, leftMs);
      if (tunnel === undefined) return undefined;
      const paired = await tunnel.pair(word);
      if (paired !== undefined) return paired;
    }
  };

  const admitVendor = async (
    request: IncomingMessage,
    head: Uint8Array,
    edge: EdgeId,
  ): Promise<string | Refusal> => {
    const key = upgradeKeyOf(request, head);
    if (typeof key !== "string") return key;
    const verdict = await authoriseVendor(request, edge);
    if (!verdict.authorised) return verdict;
    if (isLeaving) return leaving;
    if (!isOnline(edge)) return unreachable("the edge is not connected to this relay");
    return key;
  };

  const connectVendor = async (
    socket: Socket,
    edge: EdgeId,
    key: string,
  ): Promise<Refusal | undefined> => {
    const paired = await pairOne(edge, pairedWord);
    if (paired === undefined) {
      if (isLeaving) return leaving;
      return { status: 504, code: "timeout", message: "the edge did not open a tunnel in time" };
    }
    if (socket.destroyed) {
      paired.socket.destroy();
      return undefined;
    }
    await acceptUpgrade(socket, key);
    socket.write(paired.rest);
    pumps.join(socket, paired.socket);
    return undefined;
  };

  // Whoever waits for a tunnel counts while they wait; undefined if too many do.
  const inWaiting = async <Outcome>(
    edge: EdgeId,
    act: () => Promise<Outcome>,
  ): Promise<Outcome | undefined> => {
    if (waiting >= maxWaiting || poolOf(edge).waiters.size >= maxWaitingPerEdge) return undefined;
    waiting += 1;
    try {
      return await act();
    } finally {
      waiting -= 1;
    }
  };

  return {
    async acceptTunnel(request, socket, head) {
      const key = upgradeKeyOf(request, head);
      if (typeof key !== "string") return refuseUpgrade(socket, key);
      const edge = await edgeOf(request, signIn);
      if (edge === undefined) {
        const message = "the edge's credential is not valid";
        return refuseUpgrade(socket, { status: 401, code: "unauthorised", message });
      }
      if (isLeaving) return refuseUpgrade(socket, leaving);
      if (!isOnline(edge)) {
        const message = "the edge has no control connection";
        return refuseUpgrade(socket, { status: 409, code: "conflict", message });
      }
      const pool = poolOf(edge);
      if (pool.standby.size >= maxStandbyPerEdge) {
        const message = `more than ${maxStandbyPerEdge} unpaired tunnels`;
        return refuseUpgrade(socket, { status: 429, code: "rate_limited", message });
      }
      pool.dialledUntilMs.shift();
      await acceptUpgrade(socket, key);
      const tunnel = new Standby(socket, clock, () => pool.standby.delete(tunnel));
      const [waiter] = pool.waiters;
      if (waiter === undefined) pool.standby.add(tunnel);
      else {
        pool.waiters.delete(waiter);
        waiter.give(tunnel);
        refill(edge, pool);
      }
    },
    async acceptChannel(request, socket, head, edge) {
      const admitted = await admitVendor(request, head, edge);
      if (typeof admitted !== "string") return refuseUpgrade(socket, admitted);
      const refusal = await inWaiting(
        edge,
        async () => (await connectVendor(socket, edge, admitted)) ?? "connected",
      );
      if (refusal === "connected") return;
      refuseUpgrade(socket, refusal ?? unreachable("too many channels wait for a tunnel"));
    },
    async acceptWeb(socket, hello, edge) {
      const paired = await inWaiting(edge, () => pairOne(edge, webWord));
      if (paired === undefined || socket.destroyed) {
        socket.destroy();
        paired?.socket.destroy();
        return;
      }
      socket.write(paired.rest);
      paired.socket.write(hello);
      pumps.join(socket, paired.socket, webIdleMs);
    },
    edgeOnline(edge) {
      const pool = poolOf(edge);
      for (const tunnel of pool.standby) tunnel.drop();
      pool.dialledUntilMs = [];
      refill(edge, pool);
    },
    edgeOffline(edge) {
      const pool = pools.get(edge);
      for (const tunnel of pool?.standby ?? []) tunnel.drop();
      for (const waiter of pool?.waiters ?? []) waiter.give(undefined);
    },
    counts() {
      const standby = [...pools.values()].reduce((sum, pool) => sum + pool.standby.size, 0);
      return { standby, waiting, paired: pumps.size };
    },
    async close(graceMs) {
      isLeaving = true;
      timer[Symbol.dispose]();
      for (const pool of pools.values()) {
        for (const tunnel of pool.standby) tunnel.leave();
        for (const waiter of pool.waiters) waiter.give(undefined);
      }
      await pumps.close(graceMs);
    },
  };
}

async function edgeOf(request: IncomingMessage, signIn: EdgeSignIn): Promise<EdgeId | undefined> {
  const [scheme, credential, ...rest] = (request.headers.authorization ?? "").split(" ");
  if (scheme !== edgeAuthorizationScheme || credential === undefined || rest.length > 0)
    return undefined;
  return signIn.check(credential, "tunnel");
}
