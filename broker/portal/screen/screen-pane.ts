// One screen of a target: noVNC on one side, a sealed channel on the other. It outlives the page that shows it, so that going to another page and back
// loses nothing. Invariants: a key or button that is held when the picture loses the focus, or the page, is let go; what the device puts into its
// clipboard reaches the vendor's only by a click of theirs.
import type { Channel } from "../../../shared/channel/channel.ts";
import type { AdmittedTarget, ControlMessage } from "../../../shared/channel/messages.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { LiveJob } from "../jobs/live-job.ts";
import { cleanTitle } from "../jobs/typed-text.ts";
import { ChannelSocket, type ScreenRights } from "./channel-socket.ts";
import { isCapital, keysyms, modifierNames, type KeyName, type ModifierName } from "./keysyms.ts";
import { watchLooker } from "./looking.ts";
import { Viewer, type ScreenSize } from "./viewer.ts";
import { ZoomedPlace, type Scale } from "./zoomed-place.ts";

/** A device that can have any size is not asked for one on which no program fits; panels' programs are drawn for this one, if for none that is larger. */
const smallestAsked = { width: 1024, height: 768 } as const;
const largestPixels = 16_384;
/** Programs that poll their keyboard miss presses that come faster. */
const typingPauseMs = 12;
/** The line is asked after this often: with `stallMs` one that hangs looks so after six seconds at most. */
const beatMs = 3_000;
/** A person sees within half a second that nothing arrives any more. */
const lookMs = 500;

export interface PaneState {
  readonly phase: "opening" | "open" | "ended";
  /** What the device calls its screen. */
  readonly name: string;
  readonly size: ScreenSize;
  readonly scale: Scale;
  /** The picture is larger than its place. */
  readonly isLarger: boolean;
  /** A drag moves the picture. */
  readonly isMoving: boolean;
  /** The device's screen follows the size of the window. */
  readonly isFollowing: boolean;
  readonly held: ReadonlySet<ModifierName>;
  /** What the device put into its clipboard last. */
  readonly cutText: string | undefined;
  /** Undefined: nobody has to watch. */
  readonly isWatched: boolean | undefined;
  readonly isAway: boolean;
  /** Nothing is answered, and nothing is pressed; the connection may still be there. */
  readonly isStalled: boolean;
  /** Why it ended, if not by the device's own end. */
  readonly fault: Error | undefined;
  /** Who else is on the target. */
  readonly present: readonly PersonId[];
}

export class ScreenPane {
  readonly rights: ScreenRights & { readonly maySeeClipboard: boolean };
  readonly #live: LiveJob;
  readonly #target: AdmittedTarget;
  readonly #label: string;
  readonly #place: ZoomedPlace;
  readonly #watchers = new Set<() => void>();
  readonly #down = new Set<string>();
  #state: PaneState = {
    phase: "opening",
    name: "",
    size: { width: 0, height: 0 },
    scale: "fit",
    isLarger: false,
    isMoving: false,
    isFollowing: false,
    held: new Set(),
    cutText: undefined,
    isWatched: undefined,
    isAway: false,
    isStalled: false,
    fault: undefined,
    present: [],
  };
  #channel: Channel | undefined;
  #socket: ChannelSocket | undefined;
  #viewer: Viewer | undefined;
  #hasStarted = false;
  #beat: ReturnType<typeof setInterval> | undefined;
  #look: ReturnType<typeof setInterval> | undefined;
  /** Called when somebody wants to go on without a mouse. */
  onLeave: () => void = () => undefined;

  constructor(live: LiveJob, target: AdmittedTarget, label: string) {
    this.#live = live;
    this.#target = target;
    this.#label = label;
    const may = (right: string): boolean => target.rights.includes(right);
    this.rights = {
      mayControl: may("control"),
      mayResize: may("resize"),
      mayPutClipboard: may("clipboard-in"),
      maySeeClipboard: may("clipboard-out"),
    };
    this.#place = new ZoomedPlace(() => this.#placed());
    const { inner } = this.#place;
    for (const type of ["keydown", "keyup"] as const)
      inner.addEventListener(type, (event) => this.#key(event), { capture: true });
    inner.addEventListener("focusout", () => this.#letGo());
    // A machine that may only be looked at does not take the page's wheel.
    if (!this.rights.mayControl)
      inner.addEventListener("wheel", (event) => event.stopPropagation(), { capture: true });
  }

  get state(): PaneState {
    return this.#state;
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** Shows the screen inside `place` until the answer is called; the first time it is opened on the target. */
  show(place: HTMLElement): () => void {
    place.append(this.#place.outer);
    this.#shape();
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      void this.#open(place);
    }
    this.#follow();
    const leave = this.rights.mayControl
      ? undefined
      : watchLooker(document, () => this.#socket?.tellLooking() ?? false);
    return () => {
      leave?.();
      this.#letGo();
      // A place without a size is none that a device should follow.
      if (this.#viewer !== undefined) this.#viewer.follows = false;
      this.#place.outer.remove();
    };
  }

  focus(): void {
    this.#viewer?.focus();
  }

  fit(): void {
    this.#place.fit();
  }

  /** One pixel of the page for one of the device. */
  realSize(): void {
    this.#place.zoom(1);
  }

  zoom(direction: 1 | -1): void {
    this.#place.step(direction);
  }

  move(isMoving: boolean): void {
    this.#place.isMoving = isMoving;
  }

  follow(isFollowing: boolean): void {
    this.#set({ isFollowing });
    this.#follow();
  }

  /** Holds a modifier for the next key. */
  hold(name: ModifierName): void {
    const held = new Set(this.#state.held);
    if (!held.delete(name)) held.add(name);
    this.#viewer?.sendKey(keysyms[name], held.has(name));
    this.#set({ held });
  }

  /** Keys of the rows that phones have below the screen, with what is held. */
  press(...names: readonly KeyName[]): void {
    this.pressKeysyms(names.map((name) => keysyms[name]));
  }

  /** Keys one after the other; what was held is let go then. */
  pressKeysyms(keys: readonly number[]): void {
    for (const keysym of keys) this.#press(keysym);
    this.#releaseHeld();
  }

  /** All at once, as Ctrl+Alt+Del has to be. */
  chord(...names: readonly KeyName[]): void {
    for (const name of names) this.#viewer?.sendKey(keysyms[name], true);
    for (const name of names.toReversed()) this.#viewer?.sendKey(keysyms[name], false);
    this.#releaseHeld();
  }

  /** Presses keys in a pace that devices keep up with. Ends early when `signal` is aborted or the screen ends. */
  async type(
    keys: readonly number[],
    tell: (pressed: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (let pressed = 0; pressed < keys.length;) {
      if (signal.aborted || this.#state.phase !== "open") return;
      if (this.#socket?.isFull === false) {
        this.#press(keys[pressed] ?? 0);
        pressed += 1;
        tell(pressed);
      }
      await new Promise((resolve) => setTimeout(resolve, typingPauseMs));
    }
  }

  /** Puts a text into the device's clipboard; false if that cannot be now. */
  putClipboard(text: string): boolean {
    return this.#socket?.sendCutText(text) ?? false;
  }

  dispose(): void {
    this.#rest();
    this.#channel?.abort("ended by the vendor");
    this.#live.streamAway(this, false);
    this.#viewer?.dispose();
    this.#place.outer.remove();
  }

  async #open(place: HTMLElement): Promise<void> {
    const askedAtMs = performance.now();
    const { mayResize } = this.rights;
    const fits = place.clientWidth >= smallestAsked.width;
    // A desktop is made for whoever comes; a panel keeps its size until somebody asks.
    if (mayResize && this.#target.kind === "rdp" && fits) this.#set({ isFollowing: true });
    const pixels = (wanted: number, least: number): number =>
      Math.max(least, Math.min(largestPixels, Math.floor(wanted)));
    let channel: Channel;
    try {
      channel = await this.#live.open({
        type: "opening",
        mode: "screen",
        target: this.#target.id,
        width: pixels(place.clientWidth, smallestAsked.width),
        height: pixels(place.clientHeight, smallestAsked.height),
      });
    } catch (thrown) {
      this.#over(thrown instanceof Error ? thrown : new Error(String(thrown)));
      return;
    }
    const socket = new ChannelSocket(channel, this.rights);
    this.#channel = channel;
    this.#socket = socket;
    socket.onInput = () => this.#live.attended();
    channel.onData = (bytes, settled) => socket.take(bytes, settled);
    channel.onControl = (message) => this.#heed(message, askedAtMs);
    channel.onDrain = () => socket.drained();
    channel.onEnd = () => channel.end();
    channel.onAway = () => this.#away(true);
    channel.onBack = () => this.#away(false);
    channel.onClose = (how, error, reason) => {
      const why = reason ?? error?.message ?? "";
      const code = error?.code === "refused" ? "refused" : "channel_aborted";
      this.#over(how === "ended" ? undefined : new SiteFault(code, why));
      socket.closed();
    };
    this.#view(socket);
    this.#beat = setInterval(() => socket.beat(), beatMs);
    this.#look = setInterval(() => {
      const { isStalled } = socket;
      if (isStalled !== this.#state.isStalled) this.#set({ isStalled });
    }, lookMs);
  }

  #rest(): void {
    clearInterval(this.#beat);
    clearInterval(this.#look);
  }

  #view(socket: ChannelSocket): void {
    const viewer = new Viewer(
      this.#place.inner,
      socket,
      {
        named: (name) => this.#set({ name: cleanTitle(name) }),
        resized: (size) => {
          this.#set({ size });
          this.#place.screen = size;
          this.#shape();
        },
        cutText: (cutText) => {
          if (this.rights.maySeeClipboard) this.#set({ cutText });
        },
        connected: () => {
          socket.isGreeted = true;
          this.#follow();
        },
        disconnected: (isClean) => {
          if (isClean) return;
          this.#over(new SiteFault("channel_aborted", "its picture could not be read"));
        },
      },
      false,
    );
    this.#viewer = viewer;
    const { canvas } = viewer;
    // By the keyboard one comes in by Tab, and out by the keys that `#key` keeps.
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", this.#label);
  }

  #heed(message: ControlMessage, askedAtMs: number): void {
    if (message.type === "opened") {
      this.#live.targetOpened(askedAtMs);
      this.#set({ phase: "open" });
    } else if (message.type === "supervised") {
      this.#set({ isWatched: message.isWatched });
    } else if (message.type === "present") {
      const { me } = this.#live.side;
      this.#set({ present: message.persons.filter((person) => person !== me) });
    }
  }

  #away(isAway: boolean): void {
    this.#live.streamAway(this, isAway);
    this.#socket?.away(isAway);
    this.#set({ isAway });
  }

  #follow(): void {
    const { isFollowing } = this.#state;
    this.#shape();
    this.#place.fills = isFollowing;
    if (this.#viewer !== undefined && this.#place.outer.isConnected)
      this.#viewer.follows = isFollowing;
  }

  // The page's place has the screen's shape, but for one that follows the place.
  #shape(): void {
    const { size, isFollowing } = this.#state;
    const { style } = this.#place.outer.parentElement ?? {};
    if (size.height === 0 || isFollowing) style?.removeProperty("--ratio");
    else style?.setProperty("--ratio", String(size.width / size.height));
  }

  #placed(): void {
    const { scale, isLarger, isMoving } = this.#place;
    const was = this.#state;
    if (scale !== was.scale || isLarger !== was.isLarger || isMoving !== was.isMoving)
      this.#set({ scale, isLarger, isMoving });
  }

  // Every key is the device's, but for the way out, as in the terminal; of a screen that may only be looked at, all are the page's.
  #key(event: KeyboardEvent): void {
    if (!this.rights.mayControl) {
      event.stopPropagation();
      return;
    }
    const isShifted = event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey;
    if (isShifted && event.code === "KeyL") {
      event.stopPropagation();
      event.preventDefault();
      if (event.type === "keydown") this.onLeave();
    } else if (event.type === "keydown") this.#down.add(event.code);
    else this.#down.delete(event.code);
  }

  #letGo(): void {
    const { canvas } = this.#viewer ?? {};
    // noVNC itself knows which keysym it pressed for a key.
    for (const code of this.#down) canvas?.dispatchEvent(new KeyboardEvent("keyup", { code }));
    this.#down.clear();
    this.#releaseHeld();
    // On touch screens the device's cursor is an element of the page, and would stay on it.
    canvas?.dispatchEvent(new MouseEvent("mouseleave"));
  }

  // As a person would: servers that get a capital letter alone press what they like for it, the key that locks capitals among it.
  #press(keysym: number): void {
    const isShifted = isCapital(keysym) && !this.#state.held.has("shift");
    if (isShifted) this.#viewer?.sendKey(keysyms.shift, true);
    this.#viewer?.sendKey(keysym);
    if (isShifted) this.#viewer?.sendKey(keysyms.shift, false);
  }

  #releaseHeld(): void {
    const { held } = this.#state;
    if (held.size === 0) return;
    for (const name of modifierNames)
      if (held.has(name)) this.#viewer?.sendKey(keysyms[name], false);
    this.#set({ held: new Set() });
  }

  #over(fault: Error | undefined): void {
    if (this.#state.phase === "ended") return;
    this.#rest();
    this.#live.streamAway(this, false);
    const still = { isAway: false, isStalled: false, isMoving: false };
    this.#set({ ...still, phase: "ended", fault, held: new Set() });
  }

  #set(change: Partial<PaneState>): void {
    this.#state = { ...this.#state, ...change };
    for (const changed of this.#watchers) changed();
  }
}
