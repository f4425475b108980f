// Texts of what happened: sessions, recordings, journals, evidence.
export const records = {
  person: "Person",
  target: "Machine",
  edge: "Box",
  all: "All",
  reading: "Reading from the boxes …",
  readAgain: "Read again",
  silent: (names: readonly string[]) =>
    names.length === 1
      ? `${names[0]} does not answer`
      : `${names.length} boxes do not answer: ${names.join(", ")}`,
  silentHint: "What lies on it is not shown here, and is not lost.",
  unknownEdge: "There is no such box at this site",
  size: (bytes: number) => sizeWords(bytes),
  seconds: (seconds: number) => clockWords(seconds),
  download: "Download",
  recordings: {
    title: "Recordings",
    about: "Everything that was typed and shown, as the boxes kept it.",
    none: "No recordings yet",
    noneHint: "Each session on a machine is recorded from its first second and then stands here.",
    noneFit: "Nothing fits these filters",
    clear: "Clear the filters",
    day: "Day",
    find: "Text in recordings",
    findHint: "Looked for on the boxes themselves, in what was typed and what was shown.",
    search: "Search",
    searching: "Searching …",
    stopSearch: "Back to the list",
    found: (count: number, text: string) =>
      count === 0
        ? `“${text}” is in no recording`
        : `${count} ${count === 1 ? "line holds" : "lines hold"} “${text}”`,
    foundNothingHint: "Capital letters do not matter. Only boxes that answer were searched.",
    cut: "There are more lines. A longer text finds fewer.",
    at: (time: string) => `at ${time}`,
    typed: "typed",
    shown: "shown",
    running: "running now",
    closed: "complete",
    count: (shown: number, all: number) =>
      shown === all ? `${all} ${all === 1 ? "recording" : "recordings"}` : `${shown} of ${all}`,
    kinds: {
      terminal: "Terminal",
      exec: "Command",
      sftp: "Files",
      tcp: "Connection",
      screen: "Screen",
      web: "Web panel",
      file: "File of a desktop",
    } as Readonly<Record<string, string>>,
  },
  recording: {
    title: "Recording",
    back: "All recordings",
    of: (person: string, target: string) => `${person} on ${target}`,
    missing: "The box has no such recording",
    missingHint: "It may have been removed when its time was over.",
    loading: (bytes: string) => `Reading the recording … ${bytes}`,
    loadingHint: "It comes sealed from the box and is opened in this browser.",
    stillRunning: "This session still runs: what you see is what there was when you opened it.",
    torn: "The end of this recording is missing: the box was cut off while it recorded.",
    play: "Play",
    pause: "Pause",
    restart: "From the start",
    back10: "Back 10 seconds",
    forward10: "Forward 10 seconds",
    position: "Position",
    positionOf: (at: string, all: string) => `${at} of ${all}`,
    speed: "Speed",
    times: (speed: number) => `${speed}×`,
    skipPauses: "Skip pauses",
    skipPausesHint: "Pauses longer than two seconds are shortened. The clock shows the real time.",
    marks: "Marks",
    mark: (text: string) => markWords(text),
    screen: "What the terminal showed",
    emptyTerminal: "Nothing was shown in this session",
    asText: "As text",
    asTextHint: "What was shown, line by line, without colours.",
    timeline: "Timeline",
    filter: "Find here",
    entries: (count: number) => `${count} ${count === 1 ? "entry" : "entries"}`,
    toDevice: "to the machine",
    fromDevice: "from the machine",
    deviceError: "error text of the machine",
    bytes: (count: number) => (count === 1 ? "1 byte" : `${count} bytes`),
    pages: "Pages of the timeline",
    more: "The first 1,024 bytes are shown; the download holds all.",
    nothingFits: "Nothing here fits",
  },
  sessions: {
    title: "Sessions",
    about: "Who is on a machine now.",
    none: "Nobody is on a machine now",
    noneHint: "As soon as somebody connects after an approval, they stand here.",
    since: (ago: string) => `since ${ago}`,
    job: (id: string) => `Job ${id}`,
    toJob: "Open the job",
    reading: "looks at records",
    relayWord: "As the relay sees it; what counts is what each box has in its journal.",
    journals: "Journals",
    journalsAbout: "What each box wrote down, in order, so that nothing can be taken out unseen.",
    openJournal: (edge: string) => `Journal of ${edge}`,
    online: "online",
    offline: "offline",
    entries: (count: number) => `${count} entries`,
    noEdges: "This site has no box yet",
    receipts: "Receipts",
    receiptsAbout:
      "A box signs what it did with each end, lockdown and change. Only then it is done, not merely asked for.",
    noReceipts: "No receipts yet",
    noReceiptsHint: "They appear when a box has carried something out.",
    outcome: { done: "done", refused: "refused" },
    receiptOf: (what: string, edge: string) => `${what}, at ${edge}`,
    entryNumber: (entry: number) => `entry ${entry}`,
    documents: {
      revocation: "An end",
      lockdown: "A lockdown",
      lift: "A lift of a lockdown",
      grant: "An approval",
      manifest: "A change of the site",
      roster: "A company's list of technicians",
      request: "A request",
      secret: "A secret",
      device: "A machine's address",
    } as Readonly<Record<string, string>>,
    anyDocument: "A signed document",
  },
  journal: {
    title: (edge: string) => `Journal of ${edge}`,
    about: "Each entry holds the fingerprint of the one before it.",
    follow: "Follow live",
    filter: "Find in the journal",
    kind: "Show",
    kinds: {
      all: "Everything",
      sessions: "Sessions and openings",
      documents: "Signed documents",
      stops: "Ends and lockdowns",
      reading: "Reading and recordings",
      edge: "The box itself",
    },
    none: "Nothing fits",
    details: "Details",
    entry: (number: number) => `Entry ${number}`,
    newest: "Newest first",
    older: "Show older entries",
    count: (count: number) => `${count} ${count === 1 ? "entry" : "entries"}`,
    following: "New entries appear by themselves.",
    fits: (from: number, to: number) => `Entries ${from} to ${to} follow each other without a gap.`,
    witnessed: (count: number) =>
      `The first ${count} are those whose fingerprint this browser has seen before.`,
    unwitnessed: "This browser has seen no fingerprint of them before.",
    rewritten: "The journal is not the one that this browser has seen before",
    rewrittenHint:
      "Its record was changed, or its disk copied. Sign nothing for this box before the integrator has looked.",
    back: "Sessions",
  },
  evidence: {
    title: "Evidence",
    about: "A bundle that anyone can check without you, without the box and without the relay.",
    none: "There is nothing to prove yet",
    noneHint: "This site has no box. Its bundle begins with its first day.",
    edge: "Box",
    bundle: "1. Download the bundle",
    bundleAbout:
      "All signed documents, the box's whole journal with the proofs of everyone who connected, and every recording, still sealed.",
    make: "Download the bundle",
    stop: "Stop",
    making: (bytes: string) => `${bytes} received …`,
    makingHint: "The box decides how fast. Leave this page open until it is complete.",
    done: (name: string, bytes: string) => `${name} is complete: ${bytes}.`,
    inMemory: (bytes: string) =>
      `This browser holds the bundle in its memory, at most ${bytes}. For more use the command:`,
    tooLarge: (bytes: string) =>
      `The bundle is larger than the ${bytes} that this browser can hold`,
    tooLargeHint:
      "Use the command below, or a browser that writes while it receives (Chrome or Edge).",
    witness: "2. Keep a witness apart from it",
    witnessAbout: (relays: string, count: number) =>
      `${relays} has countersigned the journal's first ${count} entries. Give the witness to somebody else to keep: it shows if the journal was rewritten later.`,
    noWitness:
      "The relay has countersigned nothing of this box yet. Come back when it has been online.",
    badWitness: "What the relay gives as a witness is not signed by it. Tell the operator.",
    downloadWitness: "Download the witness",
    verify: "3. Check it anywhere",
    verifyAbout: "On any computer that has the command, also without a network:",
    auditKey: "With the auditor's key every recording is opened and counted too:",
    exportLine: (edge: string) => `sallyport export --edge ${quoted(edge)} --out evidence.tar`,
    verifyLine: (site: string, bundle: string, witness: string | undefined) =>
      `sallyport verify --site ${site} ${bundle}${witness === undefined ? "" : ` --witness ${witness}`}`,
    withAuditKey: (line: string) => `${line} --audit-key audit-key.json`,
    proves: "What it proves",
    provesList: [
      "Nothing in it was changed, and nothing between its first and its last entry was left out.",
      "Up to the newest witness the box cannot have rewritten it: somebody else holds its fingerprint.",
    ],
    provesNot: "What it cannot prove",
    provesNotList: [
      "What came after the newest witness is the box's word alone.",
      "What never went through the box, such as somebody standing at the machine, is not in it.",
    ],
  },
} as const;

function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(2)} GB`;
}

// A mark is the event's word, and its details in JSON after it.
function markWords(mark: string): string {
  if (mark === "torn") return "The end is missing";
  const ended = /^exit .*"code":(\d+)/.exec(mark);
  if (ended !== null) return `Ended with code ${ended[1]}`;
  const [, event = mark, details = ""] = /^(\S+) (\{.*)$/s.exec(mark) ?? [];
  return eventWords[event]?.(factsOf(details)) ?? event;
}

type Facts = Readonly<Record<string, unknown>>;

/** Events of panels and drives, by their words in the recording (shared/protocol.md, "Recording"). */
const eventWords: Readonly<Record<string, (facts: Facts) => string>> = {
  "request-begun": ({ method, path }) => `${plain(method)} ${plain(path)} …`,
  request: ({ method, path, status, requestBytes, responseBytes, isWhole }) =>
    [
      `${plain(method)} ${plain(path)}`,
      typeof status === "number" ? `answer ${status}` : "no answer",
      ...(requestBytes === 0 ? [] : [`sent ${sizeWords(Number(requestBytes))}`]),
      `got ${sizeWords(Number(responseBytes))}`,
      ...(isWhole === false ? ["cut off"] : []),
    ].join(", "),
  websocket: ({ path, state, bytes }) =>
    state === "opened"
      ? `Live connection ${plain(path)} opened`
      : `Live connection ${plain(path)} closed after ${sizeWords(Number(bytes))}`,
  failed: ({ code }) => `The machine could not be used: ${plain(code).replaceAll("_", " ")}`,
  file: ({ action, name, bytes }) => {
    const size = typeof bytes === "number" ? `, ${sizeWords(bytes)}` : "";
    return `${fileActions[plain(action)] ?? plain(action)} ${plain(name)}${action === "remove" ? "" : size}`;
  },
};

const fileActions: Readonly<Record<string, string>> = {
  put: "Put on the machine:",
  get: "Taken from the machine:",
  remove: "Removed:",
};

function factsOf(json: string): Facts {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function plain(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "?";
}

function clockWords(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const two = (number: number): string => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function quoted(word: string): string {
  return /^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
