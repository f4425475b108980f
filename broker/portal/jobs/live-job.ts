// One job's session as this page holds it, from the proof to its end. It lives above the pages, so that going from one to another cuts nothing.
// Invariant: what is shown as time left never exceeds what the edge said last.
import type { Channel } from "../../../shared/channel/channel.ts";
import type { AdmittedTarget, Opening } from "../../../shared/channel/messages.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import type { TargetId } from "../../../shared/ids.ts";
import {
  openEdgeSession,
  type Admitted,
  type EdgeSession,
} from "../../../shared/site/edge-session.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { TouchCancelled, type SigningWindow } from "../person/signing-window.ts";
import type { PageSide } from "../person/page-side.ts";
import { currentSession } from "../person/session.ts";
import type { ScreenPane } from "../screen/screen-pane.ts";
import type { TerminalPane } from "./terminal-pane.ts";

/** One terminal of the job; its pane is made by whoever shows it first. */
export interface TerminalTab {
  readonly number: number;
  readonly target: TargetId;
  pane: TerminalPane | undefined;
}

/** The screen of one target; its pane is made by whoever shows it first. */
export interface ScreenTab {
  readonly number: number;
  readonly target: TargetId;
  pane: ScreenPane | undefined;
}

export interface LiveState {
  /** `proving`: on the way to the edge, or waiting for the touch. `over`: see `end`. */
  readonly phase: "proving" | "waiting" | "admitted" | "over";
  /** Until when the edge waits for the approval, Unix seconds. */
  readonly waitUntilAt: number | undefined;
  readonly targets: readonly AdmittedTarget[];
  readonly clock: JobClock | undefined;
  /** The latest end by the wall clock, Unix seconds. */
  readonly endsAt: number | null;
  readonly isAway: boolean;
  /** How often the connection came back. */
  readonly timesBack: number;
  /** How often an approver has changed the time. */
  readonly timesExtended: number;
  readonly terminals: readonly TerminalTab[];
  /** At most one for each target. */
  readonly screens: readonly ScreenTab[];
  readonly end: LiveEnd | undefined;
}

/** The job's minutes: standing until the first connection, then running out at a moment of the page's monotonic clock. */
export type JobClock =
  | { readonly isRunning: false; readonly leftMs: number }
  | { readonly isRunning: true; readonly outAtMs: number };

export type LiveEnd =
  /** By this person. */
  | { readonly how: "left" }
  /** No proof was given. */
  | { readonly how: "untouched" }
  | { readonly how: "ended"; readonly why: Error }
  | { readonly how: "failed"; readonly why: unknown };

export interface LivePlan {
  readonly side: PageSide;
  readonly job: Job;
  /** The window that was opened in the click which asks for the proof. */
  readonly touch: SigningWindow | undefined;
  /** A code of the authenticator, where a key alone is not enough. */
  readonly code: string | undefined;
}

const minuteMs = 60_000;
const attendedEveryMs = 5 * minuteMs;

const fresh: LiveState = {
  phase: "proving",
  waitUntilAt: undefined,
  targets: [],
  clock: undefined,
  endsAt: null,
  isAway: false,
  timesBack: 0,
  timesExtended: 0,
  terminals: [],
  screens: [],
  end: undefined,
};

export class LiveJob {
  readonly job: Job;
  readonly side: PageSide;
  #state = fresh;
  #session: EdgeSession | undefined;
  readonly #touch: SigningWindow | undefined;
  #isLeaving = false;
  #tabs = 0;
  #attendedAtMs = performance.now();
  readonly #away = new Set<unknown>();
  readonly #changed: () => void;

  constructor(plan: LivePlan, changed: () => void) {
    this.job = plan.job;
    this.side = plan.side;
    this.#touch = plan.touch;
    this.#changed = changed;
    void this.#run(plan);
  }

  /** The proof is a touch in a window of its own. */
  get touches(): boolean {
    return this.#touch !== undefined;
  }

  get state(): LiveState {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#state.phase === "over";
  }

  /** Whether a terminal or a screen was ever opened in it. */
  get hasBegun(): boolean {
    return this.#tabs > 0;
  }

  /** Adds a terminal on a target; whoever shows it opens it. */
  addTerminal(target: TargetId): TerminalTab {
    this.#tabs += 1;
    const tab: TerminalTab = { number: this.#tabs, target, pane: undefined };
    this.#set({ terminals: [...this.#state.terminals, tab] });
    return tab;
  }

  /** Ends a terminal and takes it away. */
  closeTerminal(tab: TerminalTab): void {
    tab.pane?.dispose();
    this.#set({ terminals: this.#state.terminals.filter((each) => each !== tab) });
  }

  /** Adds a target's screen in place of the one that it had; whoever shows it opens it. */
  addScreen(target: TargetId): ScreenTab {
    const former = this.#state.screens.find((each) => each.target === target);
    if (former !== undefined) this.closeScreen(former);
    this.#tabs += 1;
    const tab: ScreenTab = { number: this.#tabs, target, pane: undefined };
    this.#set({ screens: [...this.#state.screens, tab] });
    return tab;
  }

  /** Ends a screen and takes it away. */
  closeScreen(tab: ScreenTab): void {
    tab.pane?.dispose();
    this.#set({ screens: this.#state.screens.filter((each) => each !== tab) });
  }

  /** A stream to a target of the job. The first one starts the job's minutes. */
  async open(opening: Opening): Promise<Channel> {
    const session = this.#session;
    if (session === undefined || this.isOver)
      throw new SiteFault("channel_aborted", "the session has ended");
    return session.open(opening);
  }

  /** A target was reached that was asked for at `askedAtMs`: the edge counts the minutes from between the two. */
  targetOpened(askedAtMs: number): void {
    const { clock } = this.#state;
    if (clock?.isRunning === false)
      this.#set({ clock: { isRunning: true, outAtMs: askedAtMs + clock.leftMs } });
  }

  /** A stream of the job lost its connection, or has it again: it tells before the session itself would notice. */
  streamAway(stream: unknown, isAway: boolean): void {
    const was = this.#away.size > 0;
    if (isAway) this.#away.add(stream);
    else this.#away.delete(stream);
    const now = this.#away.size > 0;
    if (was !== now)
      this.#set({ isAway: now, timesBack: this.#state.timesBack + (now || this.isOver ? 0 : 1) });
  }

  /** Somebody works here: the sign-in, with which a lost connection is dialled anew, must not run out meanwhile. */
  attended(): void {
    const nowMs = performance.now();
    if (nowMs - this.#attendedAtMs < attendedEveryMs) return;
    this.#attendedAtMs = nowMs;
    currentSession().catch(() => undefined);
  }

  /** Ends the session in order: everything in it closes, the job itself stays open until its time is over. Before there is one, gives up its proof. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    if (this.#session === undefined) {
      this.#touch?.close();
      this.#over({ how: "left" });
    }
    await this.#session?.end();
  }

  /** The page goes away: the edge is told at once, without waiting for it. */
  abandon(): void {
    this.#isLeaving = true;
    this.#session?.channel.abort("page closed");
  }

  async #run({ side, job, touch, code }: LivePlan): Promise<void> {
    try {
      const session = await openEdgeSession({
        side: side.withTouch(touch, documentsOf(job)),
        edge: job.request.payload.edge,
        purpose: job.grant === undefined ? "waiting" : "session",
        job,
        code,
        events: {
          waiting: (untilAt) => this.#set({ phase: "waiting", waitUntilAt: untilAt }),
          warning: (secondsLeft) => this.#warned(secondsLeft),
          extended: (minutesLeft) => this.#extended(minutesLeft),
          away: () => this.streamAway(this, true),
          back: () => this.streamAway(this, false),
        },
      });
      this.#session = session;
      if (this.#isLeaving) session.channel.abort("ended by the vendor");
      this.#admitted(await session.admitted);
      const closing = await session.closed;
      this.#over(
        closing.how === "ended"
          ? { how: "ended", why: side.faultOf(closing, session.ending) }
          : { how: "failed", why: side.faultOf(closing, session.ending) },
      );
    } catch (thrown) {
      touch?.close();
      this.#over(
        thrown instanceof TouchCancelled ? { how: "untouched" } : { how: "failed", why: thrown },
      );
    }
  }

  #admitted({ targets, minutesLeft, startsOnFirstOpening, endsAt }: Admitted): void {
    const leftMs = minutesLeft * minuteMs;
    this.#set({
      phase: "admitted",
      targets,
      endsAt,
      clock: startsOnFirstOpening
        ? { isRunning: false, leftMs }
        : { isRunning: true, outAtMs: performance.now() + leftMs },
    });
  }

  #warned(secondsLeft: number): void {
    this.#set({ clock: { isRunning: true, outAtMs: performance.now() + secondsLeft * 1000 } });
  }

  #extended(minutesLeft: number): void {
    const leftMs = minutesLeft * minuteMs;
    const isRunning = this.#state.clock?.isRunning !== false;
    this.#set({
      clock: isRunning
        ? { isRunning, outAtMs: performance.now() + leftMs }
        : { isRunning: false, leftMs },
      timesExtended: this.#state.timesExtended + 1,
    });
  }

  #over(end: LiveEnd): void {
    if (this.isOver) return;
    this.#away.clear();
    this.#set({ phase: "over", isAway: false, end: this.#isLeaving ? { how: "left" } : end });
  }

  #set(change: Partial<LiveState>): void {
    if (this.isOver) return;
    this.#state = { ...this.#state, ...change };
    this.#changed();
  }
}

// What the proof names, so that the signing page can show what one proves oneself for.
function documentsOf({ request, grant }: Job): Envelope[] {
  return grant === undefined ? [request.envelope] : [request.envelope, grant.envelope];
}
