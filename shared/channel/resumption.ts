// Which resumption keys each side of a channel holds, and when it gives one up (shared/protocol.md, "Resumption"): two pure tables.
// Invariant: unless it is closed, the vendor's side holds a key that the edge holds too, whatever the network lost in between;
// no side ever holds more than two.

/** The vendor's side. `offered`: the edge has not yet shown that it saw us under the newer key, so the older one is kept. */
export type InitiatorState = "proven" | "offered" | "awayProven" | "awayOffered" | "closed";
export type InitiatorEvent =
  | "lost"
  /** The edge's *have* opened under the keys of a resumption. */
  | "haveOpened"
  /** Any later record of that epoch: the edge sends none before it has seen ours. */
  | "recordOpened"
  /** A signed answer: the edge does not know the key (any more). */
  | "unknown"
  | "graceOver";
/** `takeFresh`: hold the key just used and the fresh one. `forgetOlder`, `forgetNewer`: hold the other alone. */
export type InitiatorEffect = "takeFresh" | "forgetOlder" | "forgetNewer" | "cut";

/** The edge's side. `offered`: a candidate key has gone out with an answer; the confirmed one stays valid. */
export type AcceptorState = "attached" | "attachedOffered" | "away" | "awayOffered" | "closed";
export type AcceptorEvent =
  | "lost"
  /** A hello standing on the confirmed key. */
  | "helloOnConfirmed"
  /** A hello standing on the candidate key: only who opened our answer can name it. */
  | "helloOnCandidate"
  /** The first record under the candidate's keys. */
  | "recordOpened"
  | "graceOver";
/** `offer`: the fresh key becomes the candidate. `promote`: the candidate becomes the confirmed key. `attach`: its transport replaces the old one. */
export type AcceptorEffect = "offer" | "promote" | "attach" | "cut";

/** The next state, and what to do, in order. */
export type Step<State, Effect> = readonly [next: State, ...effects: Effect[]];
/** A missing entry cannot happen; whoever sees it is at fault. */
export type Table<State extends string, Event extends string, Effect> = Readonly<
  Record<State, Readonly<Partial<Record<Event, Step<State, Effect>>>>>
>;

/** Looks up one step; throws a `RangeError` for an event that the state does not know. */
export function step<State extends string, Event extends string, Effect>(
  table: Table<State, Event, Effect>,
  state: State,
  event: Event,
): Step<State, Effect> {
  const found = table[state][event];
  if (found === undefined) throw new RangeError(`"${event}" cannot happen in state "${state}"`);
  return found;
}

export const initiatorTable: Table<InitiatorState, InitiatorEvent, InitiatorEffect> = {
  proven: {
    recordOpened: ["proven"],
    lost: ["awayProven"],
  },
  offered: {
    recordOpened: ["proven", "forgetOlder"],
    lost: ["awayOffered"],
  },
  awayProven: {
    haveOpened: ["offered", "takeFresh"],
    unknown: ["closed", "cut"],
    graceOver: ["closed", "cut"],
  },
  awayOffered: {
    haveOpened: ["offered", "takeFresh"],
    unknown: ["awayProven", "forgetNewer"],
    graceOver: ["closed", "cut"],
  },
  closed: {},
};

export const acceptorTable: Table<AcceptorState, AcceptorEvent, AcceptorEffect> = {
  attached: {
    lost: ["away"],
    helloOnConfirmed: ["attachedOffered", "offer"],
  },
  attachedOffered: {
    lost: ["awayOffered"],
    helloOnConfirmed: ["attachedOffered", "offer"],
    helloOnCandidate: ["attachedOffered", "promote", "offer"],
    recordOpened: ["attached", "promote", "attach"],
  },
  away: {
    helloOnConfirmed: ["awayOffered", "offer"],
    graceOver: ["closed", "cut"],
  },
  awayOffered: {
    helloOnConfirmed: ["awayOffered", "offer"],
    helloOnCandidate: ["awayOffered", "promote", "offer"],
    recordOpened: ["attached", "promote", "attach"],
    graceOver: ["closed", "cut"],
  },
  closed: {},
};
