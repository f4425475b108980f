// Who looks at what is being recorded, right now: each watcher's page says so every few seconds under its seal (shared/protocol.md, "watching").
// Invariant: who falls silent does not watch; nobody supervises himself.
import type { Clock } from "../shared/clock.ts";
import type { PersonId } from "../shared/ids.ts";
import type { RecordingId } from "../shared/record/recording-file.ts";

/** Two beats may be lost on the way before input stops. */
export const watchedForMs = 15_000;

interface Watched {
  isWatched: boolean;
  timer: Disposable | undefined;
}

/** What a supervised stream sees of those who watch it. */
export interface Supervision extends Disposable {
  readonly isWatched: boolean;
}

export class Watchers {
  readonly #clock: Clock;
  readonly #beats = new Map<RecordingId, Map<PersonId, number>>();
  readonly #streams = new Map<RecordingId, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A person is looking at this recording. */
  beat(recording: RecordingId, person: PersonId): void {
    // Of recordings that nobody supervises nothing is kept, so that a reader cannot fill memory.
    const streams = this.#streams.get(recording);
    if (streams === undefined) return;
    const beats = this.#beats.get(recording) ?? new Map<PersonId, number>();
    this.#beats.set(recording, beats);
    beats.set(person, this.#clock.monotonicMs() + watchedForMs);
    for (const look of streams) look();
  }

  /** Follows who watches a recording of `vendor`'s, whose own looking does not count. `changed` is called on each change. */
  supervise(
    recording: RecordingId,
    vendor: PersonId,
    changed: (isWatched: boolean) => void,
  ): Supervision {
    const state: Watched = { isWatched: false, timer: undefined };
    const look = (): void => {
      state.timer?.[Symbol.dispose]();
      state.timer = undefined;
      const nowMs = this.#clock.monotonicMs();
      const beats = [...(this.#beats.get(recording) ?? [])];
      const lastMs = Math.max(
        0,
        ...beats.filter(([person]) => person !== vendor).map(([, untilMs]) => untilMs - nowMs),
      );
      const was = state.isWatched;
      state.isWatched = lastMs > 0;
      if (lastMs > 0) state.timer = this.#clock.setTimer(lastMs, look);
      if (was !== state.isWatched) changed(state.isWatched);
    };
    const streams = this.#streams.get(recording) ?? new Set();
    this.#streams.set(recording, streams.add(look));
    return {
      get isWatched() {
        return state.isWatched;
      },
      [Symbol.dispose]: () => {
        state.timer?.[Symbol.dispose]();
        streams.delete(look);
        if (streams.size > 0) return;
        this.#streams.delete(recording);
        this.#beats.delete(recording);
      },
    };
  }
}
