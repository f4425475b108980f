// A journal's entries as sentences. What an entry names by an id is given its name by whoever calls.
import { deviceKeyKind } from "../../../shared/document/device-key.ts";

export interface JournalNames {
  readonly person: (id: string) => string;
  readonly target: (id: string) => string;
}

type Facts = Readonly<Record<string, unknown>>;
type Sentence = (ids: Facts, details: Facts, names: JournalNames) => string;

export type JournalKind = "sessions" | "documents" | "stops" | "reading" | "edge";

/** By the word of the entry's event. */
export const journalSentences: Readonly<
  Record<string, { readonly kind: JournalKind; readonly sentence: Sentence }>
> = {
  "journal-started": { kind: "edge", sentence: () => "The journal begins." },
  "journal-repaired": {
    kind: "edge",
    sentence: (_, { tornBytes }) =>
      `An unfinished last line of ${text(tornBytes)} bytes was cut off after a power cut.`,
  },
  "edge-started": {
    kind: "edge",
    sentence: (_, { version }) => `The box started (version ${text(version)}).`,
  },
  "checkpoint-made": { kind: "edge", sentence: () => "The box showed the state of its journal." },
  "clock-jumped": {
    kind: "edge",
    sentence: (_, { byMs }) => `The box's clock jumped by ${text(byMs)} ms.`,
  },
  "recovery-announced": {
    kind: "stops",
    sentence: () => "Somebody uses the recovery sheet; owners have 72 hours to object.",
  },
  "rollback-found": {
    kind: "stops",
    sentence: () => "The box's own state was set back: it knows less than an approver saw.",
  },
  "fork-reported": { kind: "stops", sentence: () => "Two versions of the site's record exist." },
  "session-waiting": {
    kind: "sessions",
    sentence: ({ person }, _, names) => `${names.person(text(person))} waits for an approval.`,
  },
  "session-admitted": {
    kind: "sessions",
    sentence: ({ person }, _, names) => `${names.person(text(person))} was let in.`,
  },
  "session-extended": { kind: "sessions", sentence: () => "A session was given more time." },
  "session-ended": {
    kind: "sessions",
    sentence: (_, { reason }) => `A session ended: ${plain(reason)}.`,
  },
  "opening-admitted": {
    kind: "sessions",
    sentence: ({ target }, { opening }, names) =>
      `${names.target(text(target))} was opened (${modeWords[modeOf(opening)] ?? plain(modeOf(opening))}).`,
  },
  "opening-ended": {
    kind: "sessions",
    sentence: ({ target }, { message }, names) =>
      `${names.target(text(target))} was closed${message === undefined ? "" : `: ${text(message)}`}.`,
  },
  "device-key-accepted": {
    kind: "sessions",
    sentence: ({ target }, { fingerprint }, names) =>
      `${names.target(text(target))} showed another ${deviceKeyKind(text(fingerprint))}, which an approver had accepted for this job.`,
  },
  "grant-held": { kind: "documents", sentence: () => "An approval was taken." },
  "grant-refused": {
    kind: "documents",
    sentence: (_, { message }) => `An approval was refused: ${text(message)}.`,
  },
  "manifest-held": {
    kind: "documents",
    sentence: () => "A signed change of the site was taken.",
  },
  "roster-held": {
    kind: "documents",
    sentence: () => "A company's list of technicians was taken.",
  },
  "device-held": {
    kind: "documents",
    sentence: ({ target }, { version }, names) =>
      `Address and login of ${names.target(text(target))} were taken (version ${text(version)}).`,
  },
  "secret-held": {
    kind: "documents",
    sentence: ({ target }, { version }, names) =>
      `A secret of ${names.target(text(target))} was taken (version ${text(version)}).`,
  },
  "document-refused": {
    kind: "documents",
    sentence: (_, { message }) =>
      `A document was refused${message === undefined ? "" : `: ${text(message)}`}.`,
  },
  "refusals-counted": {
    kind: "documents",
    sentence: (_, counts) =>
      `Refused since the last count: ${Object.entries(counts)
        .map(([reason, count]) => `${plain(reason)} ${text(count)}×`)
        .join(", ")}.`,
  },
  "revocation-held": { kind: "stops", sentence: () => "A signed end was carried out." },
  "lockdown-held": { kind: "stops", sentence: () => "The box was locked down." },
  "lift-held": { kind: "stops", sentence: () => "A lockdown was lifted." },
  "unsigned-stop-begun": {
    kind: "stops",
    sentence: (_, { source }) =>
      `Everything was stopped for 15 minutes, without a signature, by ${plain(source)}.`,
  },
  "unsigned-stop-ended": { kind: "stops", sentence: () => "A stop without a signature is over." },
  "reading-admitted": {
    kind: "reading",
    sentence: ({ person }, { purpose }, names) =>
      `${names.person(text(person))} was let read ${readWords(purpose)}.`,
  },
  read: {
    kind: "reading",
    sentence: ({ recording }, { purpose, search }) =>
      typeof search === "string"
        ? `Recordings were searched for “${search}”.`
        : recording === undefined
          ? `Sent: ${readWords(purpose)}.`
          : purpose === "watch"
            ? "A running session was watched."
            : "A recording was played.",
  },
  "recording-opened": {
    kind: "reading",
    sentence: ({ target }, { kind, title }, names) =>
      `Recording of ${names.target(text(target))} began (${plain(kind)}${typeof title === "string" ? `: ${title}` : ""}).`,
  },
  "recording-closed": {
    kind: "reading",
    sentence: ({ target }, { bytes, torn }, names) =>
      `Recording of ${names.target(text(target))} was closed with ${text(bytes)} bytes${torn === true ? ", its end missing" : ""}.`,
  },
  "recording-damaged": {
    kind: "reading",
    sentence: (_, { file, why }) => `Recording ${text(file)} is damaged: ${text(why)}.`,
  },
  "recording-space-low": {
    kind: "edge",
    sentence: () => "Room for recordings is running out.",
  },
  "device-probed": {
    kind: "edge",
    sentence: () => "An owner had the box try a machine's address.",
  },
  "device-probe-ended": {
    kind: "edge",
    sentence: (_, { ok }) => `The trial ${ok === true ? "succeeded" : "failed"}.`,
  },
};

/** For an event that these pages do not know yet. */
export function otherSentence(event: string): string {
  return `${event.charAt(0).toUpperCase()}${plain(event).slice(1)}.`;
}

const readable: Readonly<Record<string, string>> = {
  play: "recordings",
  watch: "running sessions",
  journal: "the journal",
  export: "the evidence",
  status: "the state of the box",
  probe: "a machine's address on trial",
};

function readWords(purpose: unknown): string {
  return readable[text(purpose)] ?? plain(purpose);
}

/** Modes whose word in the journal says less than it could. */
const modeWords: Readonly<Record<string, string>> = {
  tcp: "by a tool of the vendor's own",
  web: "its web panel, in the browser",
  file: "a file of its desktop",
};

function modeOf(opening: unknown): string {
  return typeof opening === "object" && opening !== null && "mode" in opening
    ? text(opening.mode)
    : "opened";
}

function plain(value: unknown): string {
  return text(value).replaceAll("-", " ");
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "?";
}
