// Texts of screens: at work on one, watching one, playing one's recording.
import type { KeyName } from "../screen/keysyms.ts";

export const screen = {
  label: (machine: string) => `Screen of ${machine}. Ctrl+Shift+L gives the keys back to this page`,
  labelOnlyWatching: (machine: string) => `Screen of ${machine}, only to look at`,
  open: (machine: string) => `Open the screen of ${machine}`,
  opening: (machine: string) => `Reaching ${machine} …`,
  none: "You may not see this screen",
  noneHint: (rights: string) => `This job gives you: ${rights}.`,
  tools: "Screen",
  fit: "Fit to the window",
  real: "Real size",
  smaller: "Smaller",
  larger: "Larger",
  move: "Move the picture by dragging",
  follow: "The machine's screen follows this window",
  keys: "Keys",
  typeText: "Type a text",
  putClipboard: "Put my clipboard into the machine's",
  takeClipboard: "Copy the machine's clipboard",
  full: "Full screen",
  leaveFull: "Leave full screen",
  close: "Close the screen",
  again: "Open again",
  onlyWatching: "Only looking",
  onlyWatchingHint: "This job lets you look at the machine. Nothing you do here reaches it.",
  size: (width: number, height: number) => `${width} × ${height}`,
  unwatched:
    "Nobody of the site watches now: nothing you do reaches the machine. It goes on as soon as somebody looks.",
  watched: "Somebody of the site watches. What you do reaches the machine.",
  away: "The picture stands still: the connection is lost and comes back by itself. Clicks and keys do not reach the machine until then.",
  stalled:
    "The machine gives no answer at the moment, and the picture may be old. Clicks and keys do not reach it until it does.",
  line: {
    away: "Connection lost. Reconnecting by itself; the job goes on.",
    back: "Connected again. The picture is live.",
  },
  present: (names: string) => `Also here: ${names}`,
  closed: "The machine closed the connection.",
  help: "All keys go to the machine; Ctrl+Shift+L gives them back to this page.",
  helpTouch:
    "One finger is the mouse, a long touch its right button. Two fingers zoom, and move the picture.",
  phoneKeyboard: "Keyboard",
  phoneKeyboardLabel: "What is typed here goes to the machine",
  keyRows: "Keys of the machine",
  functionKeys: "F1 – F12",
  controlAltDelete: "Ctrl+Alt+Del",
  keyNames: {
    control: "Ctrl",
    alt: "Alt",
    shift: "Shift",
    windows: "Win",
    escape: "Esc",
    tab: "Tab",
    enter: "Enter",
    backspace: "⌫",
    delete: "Del",
    insert: "Ins",
    home: "Home",
    end: "End",
    pageUp: "Page up",
    pageDown: "Page down",
    left: "←",
    up: "↑",
    down: "↓",
    right: "→",
  } as Readonly<Partial<Record<KeyName, string>>>,
  keyLabels: {
    backspace: "Backspace",
    left: "Left",
    up: "Up",
    down: "Down",
    right: "Right",
  } as Readonly<Partial<Record<KeyName, string>>>,
  clipboard: {
    put: (count: number) => `${characters(count)} put into the machine's clipboard.`,
    lossy:
      "Some characters are not in the machine's alphabet for its clipboard (Latin 1) and became question marks.",
    copied: (count: number) => `${characters(count)} copied.`,
    empty: "Your clipboard holds no text.",
    blocked: "This browser did not give the clipboard. Allow it for this page and try again.",
    tooLong: (most: number) => `At most ${most.toLocaleString("en")} characters at once.`,
    notNow: "The machine's clipboard cannot be reached now.",
    arrived: "The machine has something in its clipboard. A click copies it into yours.",
  },
  type: {
    title: "Type a text as keys",
    about:
      "Each character is pressed as a key, where the machine's cursor stands. For machines without a clipboard.",
    label: "Text",
    left: (count: number, most: number) =>
      `${count.toLocaleString("en")} of at most ${most.toLocaleString("en")} characters`,
    lines: (count: number) =>
      `This presses Enter ${count - 1 === 1 ? "once" : `${count - 1} times`} in between. The machine may act on each line at once.`,
    sure: "I want that",
    begin: "Type it",
    cancel: "Cancel",
    stop: "Stop",
    progress: (done: number, all: number) => `${done} of ${all} keys pressed`,
  },
  watch: {
    label: (machine: string) => `Screen of ${machine}, as the vendor sees it`,
    waiting: "The box sends the picture …",
    supervised:
      "This job is supervised: the vendor can act only while somebody of the site has this page open and in front.",
    over: "This screen has ended.",
    damaged: "What the box sends of this screen cannot be shown.",
  },
  player: {
    label: "What the screen showed",
    empty: "Nothing was shown in this session",
    clicks: (count: number) => (count === 1 ? "1 click" : `${count} clicks`),
    marks: "Marks",
    keysRecorded: "Keys that were pressed",
    mark: (event: string, details: string) => {
      const words: Readonly<Record<string, string>> = {
        "clipboard to-device": "Put into the machine's clipboard",
        "clipboard from-device": "Copied from the machine's clipboard",
        resize: "Size changed",
        watched: "Watched",
        unwatched: "No longer watched",
        "clipboard-withheld": "The machine's clipboard was kept back",
        "file put": "File given to the machine",
        "file get": "File taken from the machine",
        "file remove": "File removed",
      };
      return details === "" ? (words[event] ?? event) : `${words[event] ?? event}: ${details}`;
    },
    help: "With the picture in focus: Space plays and stops, the arrow keys go by one second, J and L by ten, Home and End to either end.",
    more: (count: number) => `${count.toLocaleString("en")} more are in the download.`,
    damaged: "The recording cannot be shown from here on.",
  },
} as const;

function characters(count: number): string {
  return count === 1 ? "1 character" : `${count.toLocaleString("en")} characters`;
}
