// Texts of a vendor's pages: asking for a job, waiting, working, and what became of it.
import type { JobState } from "../../../shared/site/jobs.ts";

const plural = (count: number, one: string, many: string): string =>
  count === 1 ? one : many.replace("N", String(count));

export const jobs = {
  title: "Your jobs",
  navigation: "Jobs",
  tryAgain: "Try again",
  newJob: "A new request starts from here.",
  about: "Each job is access to machines of one site for a limited time, approved by the site.",
  ask: "Ask for access",
  askAgain: "Ask again",
  empty: "No jobs yet",
  emptyHint:
    "Ask for the machines that you need. The site approves it, and the machine opens on this page.",
  open: "Open jobs",
  over: "Over",
  showOver: (count: number) => plural(count, "Show 1 that is over", "Show N that are over"),
  number: (id: string) => `Job ${id}`,
  noReason: "No reason given",
  ticket: "Ticket",
  notFound: "This job is not known here",
  notFoundHint:
    "It may belong to another site, or the link is not whole. If it was asked for a moment ago, try again.",
  states: {
    waiting: "Waits for approval",
    "partly approved": "Waits for a second approval",
    granted: "Approved",
    denied: "Denied",
    "end asked": "Being ended",
    ended: "Ended by the site",
    expired: "Over",
  } satisfies Record<JobState, string>,
  live: {
    proving: "Connecting",
    waiting: "Waits here",
    admitted: "Open here",
  },
  next: {
    waiting: "Open it to give your proof: then the machine opens as soon as it is approved.",
    granted: "Open it and begin.",
    standing:
      "The site has your request. Once it is approved, you begin here in each of its windows.",
    live: "It goes on while you look around.",
  },
  minutes: (count: number) => plural(count, "1 minute", "N minutes"),
  facts: {
    machines: "Machines",
    reason: "What and why",
    length: "How long",
    startBefore: "Start before",
    windows: "In these windows",
    asked: "Asked",
    site: "Box",
  },
} as const;

export const ask = {
  title: "Ask for access",
  about: "The site's approvers see exactly what you write here, and decide.",
  machines: "Which machines?",
  noMachines: "The site offers no machines yet",
  noMachinesHint: "An owner of the site adds them.",
  oneBox: (box: string) =>
    `One job covers the machines of one box. You have chosen from “${box}”; for others ask for a second job.`,
  tooMany: (most: number) => `One job covers at most ${most} machines.`,
  away: "away",
  online: "online",
  rights: "What do you need there?",
  rightWords: {
    terminal: "Terminal: type commands on the machine",
    exec: "Single commands: run one and see its result",
    files: "Files: copy to and from the machine",
    connect: "Connection: use your own program with the machine",
    "http connect": "Command: open it in your own browser through the sallyport command",
    browser: "Browser: open it from this page; the site is told that the relay could read along",
    control: "Screen: see it and operate it",
    view: "Screen to look at: without mouse and keyboard",
    resize: "Size: fit the screen to your window",
    "clipboard-in": "Clipboard in: put text into the machine's clipboard",
    "clipboard-out": "Clipboard out: take text out of it",
    "rdp files": "Files: a drive on its desktop, for files in and out",
  } as Readonly<Record<string, string>>,
  kindWords: {
    ssh: "A computer; you get a terminal in this page",
    tcp: "For your own program; you need the sallyport command on your computer",
    vnc: "A panel; its screen opens in this page",
    rdp: "A Windows desktop; it opens in this page",
    http: "A web panel of a machine",
  } as Readonly<Record<string, string>>,
  reason: "What will you do, and why?",
  reasonHint:
    "One or two sentences; the approver reads them on a phone. For example: replace the axis drive's parameters after the exchange of the motor.",
  ticket: "Ticket or order number",
  optional: "optional",
  length: "How long?",
  lengthHint: "From your first connection. You can ask for more time later.",
  otherLength: "Other",
  otherMinutes: "Minutes",
  atMost: (minutes: number) => `At most ${minutes} minutes here.`,
  when: "When?",
  now: "Now",
  later: "Later",
  regularly: "Regularly",
  regularlyHint:
    "For recurring work: approved once, at most for 90 days. You begin anew in each window, with your proof each time; the site is told of each use.",
  days: "On which days",
  from: "From",
  to: "To",
  until: "Until the end of",
  nowHint: "You wait for the approval, and begin within eight hours.",
  startBefore: "Begin at the latest",
  startBeforeHint: "It may be approved before that; the minutes begin with your first connection.",
  oneTouch:
    "One touch of your passkey follows. It proves that it is you, so that the machine opens by itself once the site says yes.",
  ask: "Ask",
  asking: "Asking …",
  offline: (box: string) =>
    `The box “${box}” is not connected now. Your request is kept and the approvers see it; you give your proof when the box is back.`,
  faults: {
    targets: "Choose at least one machine.",
    rights: "Choose what you need on each machine, or take the machine out.",
    reason: "Say what you will do, and why.",
    minutes: (most: number) => `Between 1 and ${most} minutes.`,
    start: "Choose a time within the next 90 days.",
    windows: "Choose days, two different times, and a last day within the next 90 days.",
    code: "Type the six digits that your authenticator shows now.",
  },
} as const;

export const proof = {
  title: "Give your proof",
  touch: "Prove with passkey",
  code: "Code of your authenticator",
  codeHint: "The six digits that it shows now, together with this browser's key",
  noCode: "You have no authenticator yet",
  noCodeHint:
    "These machines take a second factor: a passkey, or a six-digit code of an authenticator app. Set one up first.",
  setUp: "Set up an authenticator",
  passkeyOnly: "These machines open by passkey only",
  passkeyOnlyHint:
    "You have no passkey at this site. Ask whoever invited you for a new link, and create one with it.",
  noKey: "This browser holds no key of yours",
  noKeyHint: "Use the browser in which you were invited, or ask for a new link for this one.",
  wait: "Wait for the approval",
  begin: "Begin",
} as const;

export const waiting = {
  title: (machines: string) => `Waiting: ${machines}`,
  provingTouch: "Touch your passkey in the small window",
  proving: "Connecting to the box …",
  heading: "The site has your request",
  about:
    "The machine opens here by itself once it is approved. You may look at other pages meanwhile; leave this tab open.",
  until: "It waits until",
  who: "Who is asked",
  noBody: "The site has no approver besides you. Speak with an owner.",
  told: {
    due: "is being told",
    delivered: "was told",
    failed: "could not be told",
    unreachable: "has no phone set up",
  },
  next: (name: string) => `${name} is asked next`,
  nobodyReachable:
    "Nobody could be told by message. They see it when they open their page; better call them.",
  canApprove: "Can approve",
  tellMe: "Tell me with a sound",
  tellMeHint: "and, if this device allows it, with a notification",
  withdraw: "Stop waiting",
  withdrawHint:
    "The site still sees the request, and may approve it until its time is over; without you nothing opens.",
  away: "Connection lost. Your place is kept; reconnecting …",
  approved: "Approved",
  approvedText: (machines: string) => `${machines} is open.`,
  show: "Show it",
} as const;

export const session = {
  left: "left",
  notStarted: (minutes: string) => `${minutes}, beginning with your first connection`,
  until: "at the latest until",
  warnings: {
    300: "Five minutes left.",
    60: "One minute left.",
    15: "Fifteen seconds left.",
  } as Readonly<Record<number, string>>,
  moreTime: "Ask for more time",
  moreTimeAsked: "Asked for more time",
  moreTimeHint: "The approvers were told. If they agree, the clock changes here.",
  moreTimeUnreachable: "No approver could be told by message; better call them.",
  extended: "The site has changed your permission.",
  done: "I am done",
  doneQuestion: "End the session?",
  doneHint:
    "Everything open in it closes. The job itself can be opened again until its time is over.",
  end: "End it",
  stay: "Stay",
  away: "Connection lost. Reconnecting by itself; nothing is lost, and what you type is kept.",
  back: "Connected again. Nothing was lost.",
  machines: "Machines",
  newTerminal: "New terminal",
  openTerminal: (machine: string) => `Open a terminal on ${machine}`,
  terminalTab: (number: number) => `Terminal ${number}`,
  noTerminal: "You may not open a terminal here",
  noTerminalHint: (rights: string) =>
    `This job gives you: ${rights}. Use the sallyport command for it.`,
  onRecord: "What you do here is recorded by the site.",
} as const;

export const ended = {
  left: "You ended the session",
  leftHint: "What was done is on record at the site.",
  withdrawn: "You stopped waiting",
  withdrawnHint: "The request stands. You can go on waiting while it is open.",
  untouched: "Nothing was signed",
  untouchedHint: "You closed the small window or said no. Your request stands.",
  byEdge: "The session has ended",
  record: "What was done is on record at the site.",
  openAgain: "Open again",
  deniedBy: (who: string) => `Denied by ${who}`,
  endedBy: (who: string) => `Ended by ${who}`,
  endAskedBy: (who: string) => `${who} asked to end it; the box has not confirmed it yet`,
  expired: "Its time is over",
  expiredUnstarted: "Nobody answered in time, or it was never opened.",
} as const;

export const terminal = {
  label: (machine: string) => `Terminal on ${machine}`,
  opening: (machine: string) => `Reaching ${machine} …`,
  copy: "Copy selection",
  paste: "Paste",
  smaller: "Smaller type",
  larger: "Larger type",
  full: "Full screen",
  leaveFull: "Leave full screen",
  spoken: "For screen readers",
  close: "Close terminal",
  again: "Open again",
  exited: (code: number) => `The shell ended with code ${code}.`,
  signalled: (name: string) => `The shell was ended by signal ${name}.`,
  closed: "The machine closed the connection.",
  present: (names: string) => `Also here: ${names}`,
  keys: "Ctrl+Shift+C copies, Ctrl+Shift+V pastes, Ctrl+Shift+L leaves the terminal.",
  tools: "Terminal",
  screenKeys: "Keys",
  keyNames: {
    escape: "Esc",
    tab: "Tab",
    control: "Ctrl",
    up: "Up",
    down: "Down",
    left: "Left",
    right: "Right",
    home: "Home",
    end: "End",
  },
  pasteQuestion: (lines: number) => `Paste ${lines} lines?`,
  pasteHint: "The machine may run each line at once.",
  pasteYes: "Paste",
  pasteNo: "Do not paste",
  pasteBlocked: "This browser did not give the clipboard. Use Ctrl+Shift+V.",
} as const;

export const tcp = {
  about:
    "Browsers cannot carry a raw connection. On your computer the sallyport command does: your program then finds the machine at a local address, with its own port.",
  paste: "Paste this line on your computer",
  unix: "Linux, macOS",
  windows: "Windows",
  ports: (list: string) => `Ports: ${list}`,
  commandNeedsKey:
    "The command uses a key of its own. If it has none yet, ask whoever invited you for a link for a second device and answer it once:",
  getCommand: "How to get the command",
  holdsOn:
    "The command shows the local addresses and holds the connection until you press Ctrl+C. The time above runs for it too.",
} as const;

export const download = {
  title: "The sallyport command",
  about: "For programs of your own: PLC tools, database clients, ssh, file transfer.",
  windows: "Windows",
  windowsZip: (megabytes: number) => `Download for Windows (zip, ${megabytes} MB)`,
  windowsHint:
    "Unpack it anywhere and open a command prompt in that folder; nothing is installed. It brings its own Node. It was built on Linux and not yet tried on Windows.",
  windowsMissing:
    "This relay does not offer the Windows package. Its operator makes it with this line, and puts it into “downloads” in the relay's data directory:",
  unix: "Linux, macOS",
  unixHint: "In a copy of Sallyport's sources, with npm on your computer:",
  key: "A key for it",
  back: "To your jobs",
} as const;
