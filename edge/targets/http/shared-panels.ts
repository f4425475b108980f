// One panel for all connections of one session to one target: a browser opens several, and the device is to see one login and the recording one log.
// The opening that came first owns it, and is over when nobody has used the panel for a while.
import type { Clock } from "../../../shared/clock.ts";
import type { WebPanel } from "./web-panel.ts";

/** Between two connections of a browser that still shows the panel. */
const lingerMs = 30_000;

const panels = new Map<string, SharedPanel>();

/** The panel that runs, or is about to run, under this key. */
export function sharedPanel(key: string): SharedPanel | undefined {
  return panels.get(key);
}

/** Registered from its making until `end`. */
export class SharedPanel {
  readonly #key: string;
  readonly #clock: Clock;
  readonly #ready = Promise.withResolvers<WebPanel>();
  readonly #unused = new AbortController();
  #users = 0;
  #linger: Disposable | undefined;

  constructor(key: string, clock: Clock) {
    this.#key = key;
    this.#clock = clock;
    panels.set(key, this);
    // Not every panel that cannot be has others who wait for it.
    this.#ready.promise.catch(() => undefined);
  }

  /** The panel is there; rejects if it cannot be. */
  get panel(): Promise<WebPanel> {
    return this.#ready.promise;
  }

  /** Aborted when nobody has used it for a while. */
  get unused(): AbortSignal {
    return this.#unused.signal;
  }

  offer(panel: WebPanel): void {
    this.#ready.resolve(panel);
  }

  /** Runs `act` as a use of the panel. */
  async use(act: () => Promise<void>): Promise<void> {
    this.#users += 1;
    this.#linger?.[Symbol.dispose]();
    try {
      await act();
    } finally {
      this.#users -= 1;
      if (this.#users === 0 && panels.get(this.#key) === this) {
        this.#linger = this.#clock.setTimer(lingerMs, () => this.#unused.abort());
      }
    }
  }

  /** Nobody joins it any more. */
  end(why: unknown): void {
    this.#linger?.[Symbol.dispose]();
    this.#ready.reject(why);
    if (panels.get(this.#key) === this) panels.delete(this.#key);
  }
}
