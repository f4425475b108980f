// One terminal on a target: xterm.js on one side, a sealed channel on the other. It outlives the page that shows it, so that going to another page and
// back loses nothing. Invariants: what the device sends is acknowledged when the terminal has taken it in; what is typed is sent once, in
// order, and while the connection is away the channel keeps it; no link and no title of the device does anything by itself.
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { utf8 } from "../../../shared/bytes.ts";
import type { Channel } from "../../../shared/channel/channel.ts";
import type { ControlMessage } from "../../../shared/channel/messages.ts";
import type { PersonId, TargetId } from "../../../shared/ids.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { LiveJob } from "./live-job.ts";
import { terminalSettings, type TerminalSettings } from "./terminal-settings.ts";
import { cleanPaste, cleanTitle, linesOf, sequenceOf, withControl } from "./typed-text.ts";
import type { ScreenKey } from "./typed-text.ts";

const terminalType = "xterm-256color";
const keptLines = 5_000;
/** Below this no shell is usable, and a pane that is being laid out has no size at all. */
const fewestCells = 2;

export interface PaneState {
  readonly phase: "opening" | "open" | "ended";
  /** What the device calls its terminal. */
  readonly title: string;
  readonly exit: { readonly code: number | null; readonly signal: string | null } | undefined;
  /** Why it ended, if not by the device's own end. */
  readonly fault: Error | undefined;
  /** Who else is on the target. */
  readonly present: readonly PersonId[];
  readonly isControlHeld: boolean;
  /** Undefined: nobody has to watch. */
  readonly isWatched: boolean | undefined;
}

export class TerminalPane {
  readonly #live: LiveJob;
  readonly #target: TargetId;
  readonly #host = document.createElement("div");
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #watchers = new Set<() => void>();
  #state: PaneState = {
    phase: "opening",
    title: "",
    exit: undefined,
    fault: undefined,
    present: [],
    isControlHeld: false,
    isWatched: undefined,
  };
  #channel: Channel | undefined;
  #hasStarted = false;
  /** Typed, and not yet taken by the channel. */
  readonly #unsent: Uint8Array[] = [];
  #isFull = false;
  /** Asked before more than one line is pasted. */
  mayPaste: (text: string, lines: number) => Promise<boolean> = async () => true;
  /** Called when somebody wants to go on without a mouse. */
  onLeave: () => void = () => undefined;

  constructor(live: LiveJob, target: TargetId, label: string) {
    this.#live = live;
    this.#target = target;
    const { fontSize, isSpoken } = terminalSettings();
    const styles = getComputedStyle(document.documentElement);
    this.#host.className = "terminal-host";
    this.#terminal = new Terminal({
      fontSize,
      screenReaderMode: isSpoken,
      fontFamily: styles.getPropertyValue("--mantine-font-family-monospace") || "monospace",
      scrollback: keptLines,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      minimumContrastRatio: 4.5,
      // Attack: a device that shows a link to a page of its own, which looks like ours.
      linkHandler: { activate: () => undefined },
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(this.#host);
    this.#terminal.textarea?.setAttribute("aria-label", label);
    this.#terminal.attachCustomKeyEventHandler((event) => this.#isTerminals(event));
    this.#terminal.onData((text) => this.#typed(text));
    this.#terminal.onBinary((text) =>
      this.#send(Uint8Array.from(text, (character) => character.charCodeAt(0))),
    );
    this.#terminal.onResize(({ cols, rows }) =>
      this.#channel?.sendControl({ type: "resize", columns: cols, rows }),
    );
    this.#terminal.onTitleChange((title) => this.#set({ title: cleanTitle(title) }));
    this.#host.addEventListener("paste", (event) => this.#pasted(event), { capture: true });
  }

  get state(): PaneState {
    return this.#state;
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** Shows the terminal inside `place` until the answer is called; the first time it is opened on the target, in the size that it has there. */
  show(place: HTMLElement): () => void {
    place.append(this.#host);
    this.fit();
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      void this.#open();
    }
    const observer = new ResizeObserver(() => this.fit());
    observer.observe(place);
    return () => {
      observer.disconnect();
      this.#host.remove();
    };
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** Makes the terminal as large as its place. */
  fit(): void {
    const size = this.#fit.proposeDimensions();
    if (size === undefined || !(size.cols >= fewestCells && size.rows >= fewestCells)) return;
    if (size.cols !== this.#terminal.cols || size.rows !== this.#terminal.rows)
      this.#terminal.resize(size.cols, size.rows);
  }

  apply({ fontSize, isSpoken }: TerminalSettings): void {
    this.#terminal.options.fontSize = fontSize;
    this.#terminal.options.screenReaderMode = isSpoken;
    this.fit();
  }

  get hasSelection(): boolean {
    return this.#terminal.hasSelection();
  }

  /** Puts what is selected into the clipboard. */
  async copy(): Promise<void> {
    if (!this.#terminal.hasSelection()) return;
    await navigator.clipboard.writeText(this.#terminal.getSelection());
  }

  /** Enters text as a paste; more than one line only after somebody has agreed. */
  async paste(text: string): Promise<void> {
    const lines = linesOf(text);
    if (lines > 1 && !(await this.mayPaste(text, lines))) return;
    this.#terminal.paste(cleanPaste(text));
    this.focus();
  }

  /** A key of the row that phones have below the terminal. */
  press(key: ScreenKey): void {
    this.#terminal.input(sequenceOf(key, this.#terminal.modes.applicationCursorKeysMode));
    this.focus();
  }

  /** Holds Ctrl for the next character. */
  holdControl(): void {
    this.#set({ isControlHeld: !this.#state.isControlHeld });
    this.focus();
  }

  dispose(): void {
    this.#channel?.abort("ended by the vendor");
    this.#live.streamAway(this, false);
    this.#terminal.dispose();
    this.#host.remove();
  }

  async #open(): Promise<void> {
    const askedAtMs = performance.now();
    const { cols, rows } = this.#terminal;
    let channel: Channel;
    try {
      channel = await this.#live.open({
        type: "opening",
        mode: "terminal",
        target: this.#target,
        terminal: { columns: cols, rows, term: terminalType },
      });
    } catch (thrown) {
      this.#over(thrown instanceof Error ? thrown : new Error(String(thrown)));
      return;
    }
    this.#channel = channel;
    channel.onData = (bytes, settled) => this.#terminal.write(bytes, settled);
    channel.onControl = (message) => this.#heed(message, askedAtMs);
    channel.onDrain = () => this.#drain();
    channel.onEnd = () => channel.end();
    channel.onAway = () => this.#live.streamAway(this, true);
    channel.onBack = () => this.#live.streamAway(this, false);
    channel.onClose = (how, error, reason) => {
      const hasExited = this.#state.exit !== undefined;
      const why = reason ?? error?.message ?? "";
      const code = error?.code === "refused" ? "refused" : "channel_aborted";
      this.#over(how === "ended" || hasExited ? undefined : new SiteFault(code, why));
    };
    this.#drain();
  }

  #heed(message: ControlMessage, askedAtMs: number): void {
    if (message.type === "opened") {
      this.#live.targetOpened(askedAtMs);
      this.#set({ phase: "open" });
      // It may have been resized between the opening and now.
      const { cols, rows } = this.#terminal;
      this.#channel?.sendControl({ type: "resize", columns: cols, rows });
    } else if (message.type === "exit") {
      this.#set({ exit: { code: message.code, signal: message.signal } });
    } else if (message.type === "supervised") {
      this.#set({ isWatched: message.isWatched });
    } else if (message.type === "present") {
      const { me } = this.#live.side;
      this.#set({ present: message.persons.filter((person) => person !== me) });
    }
  }

  #typed(text: string): void {
    const isOne = text.length === 1;
    if (this.#state.isControlHeld && isOne) {
      this.#set({ isControlHeld: false });
      this.#send(utf8(withControl(text)));
    } else this.#send(utf8(text));
  }

  #send(bytes: Uint8Array): void {
    if (this.#state.phase === "ended" || bytes.length === 0) return;
    this.#unsent.push(bytes);
    this.#live.attended();
    if (!this.#isFull) this.#flush();
  }

  #drain(): void {
    this.#isFull = false;
    this.#flush();
  }

  #flush(): void {
    const channel = this.#channel;
    while (channel !== undefined && !this.#isFull) {
      const bytes = this.#unsent.shift();
      if (bytes === undefined) return;
      this.#isFull = !channel.write(bytes);
    }
  }

  #pasted(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopImmediatePropagation();
    void this.paste(event.clipboardData?.getData("text/plain") ?? "");
  }

  // Ctrl+C must reach the device, so copying has Shift beside it, as in other terminals.
  #isTerminals(event: KeyboardEvent): boolean {
    const isShifted = event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey;
    if (!isShifted) return true;
    if (event.code === "KeyC") {
      event.preventDefault();
      if (event.type === "keydown") this.copy().catch(() => undefined);
      return false;
    }
    // The browser's own paste follows and comes as an event.
    if (event.code === "KeyV") return false;
    if (event.code === "KeyL") {
      event.preventDefault();
      if (event.type === "keydown") this.onLeave();
      return false;
    }
    return true;
  }

  #over(fault: Error | undefined): void {
    this.#live.streamAway(this, false);
    this.#unsent.length = 0;
    this.#terminal.options.disableStdin = true;
    this.#terminal.options.cursorBlink = false;
    this.#set({ phase: "ended", fault, isControlHeld: false });
  }

  #set(change: Partial<PaneState>): void {
    this.#state = { ...this.#state, ...change };
    for (const changed of this.#watchers) changed();
  }
}
