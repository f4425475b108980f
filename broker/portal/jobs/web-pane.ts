// One web panel of a job: its sealed channel, which keeps the panel open, and the ticket that lets this browser in. It outlives the page that shows it.
// Invariants: a ticket is posted once, into a tab that knows nothing of this page; whoever closes the panel ends the channel.
import type { Channel } from "../../../shared/channel/channel.ts";
import type { ControlMessage, ControlMessageOf } from "../../../shared/channel/messages.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { LiveJob } from "./live-job.ts";

type Ticket = ControlMessageOf<"web">;

export interface WebPaneState {
  /** `ready`: the browser would not open a tab without another press. */
  readonly phase: "closed" | "opening" | "ready" | "open";
  /** Whether it was open before. */
  readonly wasOpen: boolean;
  /** Why it was closed, if not by this person or the job's own end. */
  readonly fault: Error | undefined;
}

const enterPath = "/.sallyport/enter";

const panes = new WeakMap<LiveJob, Map<TargetId, WebPane>>();

/** The pane of a target in a job; there is one. */
export function webPaneOf(live: LiveJob, target: TargetId): WebPane {
  const known = panes.get(live) ?? new Map<TargetId, WebPane>();
  panes.set(live, known);
  const pane = known.get(target) ?? new WebPane(live, target);
  known.set(target, pane);
  return pane;
}

export class WebPane {
  readonly #live: LiveJob;
  readonly #target: TargetId;
  readonly #watchers = new Set<() => void>();
  #state: WebPaneState = { phase: "closed", wasOpen: false, fault: undefined };
  #channel: Channel | undefined;
  #ticket: Ticket | undefined;
  /** Counts openings, so that a late word of a former one is not taken for the present one's. */
  #turn = 0;

  constructor(live: LiveJob, target: TargetId) {
    this.#live = live;
    this.#target = target;
  }

  get state(): WebPaneState {
    return this.#state;
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** Opens the panel under a new name, with a new ticket; a former one ends. To be called in the click that asks for it. */
  async open(): Promise<void> {
    this.#end();
    const turn = this.#turn;
    const askedAtMs = performance.now();
    this.#set({ phase: "opening", fault: undefined });
    this.#live.attended();
    try {
      const channel = await this.#live.open({ type: "opening", mode: "web", target: this.#target });
      if (turn === this.#turn) this.#take(channel, turn, askedAtMs);
      else channel.abort("ended by the vendor");
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.#over(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  /** Posts the ticket into a new tab; to be called in a click. */
  show(): void {
    const ticket = this.#ticket;
    this.#ticket = undefined;
    if (ticket === undefined) return;
    post(ticket);
    this.#set({ phase: "open", wasOpen: true });
  }

  /** Ends the panel: its name is gone, and its tab shows nothing more. */
  close(): void {
    this.#end();
    this.#set({ phase: "closed", fault: undefined });
  }

  #take(channel: Channel, turn: number, askedAtMs: number): void {
    this.#channel = channel;
    channel.onData = (_bytes, settled) => settled();
    channel.onDrain = () => undefined;
    channel.onControl = (message) => this.#heed(message, askedAtMs);
    channel.onEnd = () => channel.end();
    channel.onAway = () => this.#live.streamAway(this, true);
    channel.onBack = () => this.#live.streamAway(this, false);
    channel.onClose = (how, error, reason) => {
      if (turn !== this.#turn) return;
      const code = error?.code === "refused" ? "refused" : "channel_aborted";
      const why = reason ?? error?.message ?? "";
      this.#over(how === "ended" ? undefined : new SiteFault(code, why));
    };
  }

  #heed(message: ControlMessage, askedAtMs: number): void {
    if (message.type === "web") this.#ticket = message;
    else if (message.type === "opened") {
      this.#live.targetOpened(askedAtMs);
      // Some seconds after the click a browser takes a new tab for one that nobody wanted.
      if (navigator.userActivation.isActive) this.show();
      else this.#set({ phase: "ready" });
    }
  }

  #end(): void {
    this.#turn += 1;
    this.#live.streamAway(this, false);
    this.#ticket = undefined;
    this.#channel?.abort("ended by the vendor");
    this.#channel = undefined;
  }

  #over(fault: Error | undefined): void {
    this.#live.streamAway(this, false);
    this.#channel = undefined;
    this.#ticket = undefined;
    this.#set({ phase: "closed", fault });
  }

  #set(change: Partial<WebPaneState>): void {
    this.#state = { ...this.#state, ...change };
    for (const changed of this.#watchers) changed();
  }
}

// A form, and not an address: tickets do not belong into a history.
function post({ origin, ticket }: Ticket): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = `${origin}${enterPath}`;
  form.target = "_blank";
  form.setAttribute("rel", "noopener noreferrer");
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "ticket";
  field.value = ticket;
  form.append(field);
  document.body.append(form);
  form.submit();
  form.remove();
}
