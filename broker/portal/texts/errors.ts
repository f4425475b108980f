// What went wrong in words that help, by the code of an error or the word of an edge's reason.
export interface ErrorWords {
  readonly title: string;
  readonly advice: string;
}

export const unknownError: ErrorWords = {
  title: "That did not work",
  advice: "Try again. If it happens again, tell the operator of the relay what you did.",
};

/** By error code (shared/errors.ts). */
export const errorWords: Readonly<Record<string, ErrorWords>> = {
  unreachable: {
    title: "No connection",
    advice: "Check this device's network. It is tried again by itself.",
  },
  transport_lost: {
    title: "The connection was cut",
    advice: "Open it again while the permission runs. What was done so far is on record.",
  },
  timeout: { title: "No answer in time", advice: "Try again in a moment." },
  unauthorised: { title: "You are not signed in any more", advice: "Sign in again." },
  forbidden: { title: "You may not do that", advice: "Ask an owner of the site." },
  not_found: { title: "Not found", advice: "It may have been removed, or it is not for you." },
  conflict: {
    title: "Somebody else was faster",
    advice: "Look at what is there now, then try again.",
  },
  rate_limited: { title: "Too much at once", advice: "Wait a moment, then try again." },
  refused: { title: "Refused", advice: "" },
  expired: { title: "Too late", advice: "Ask for a new one." },
  signature_invalid: {
    title: "Something does not verify",
    advice: "Nothing of it was used. Tell an owner of the site; the relay may be at fault.",
  },
  threshold_missed: { title: "Signatures are missing", advice: "Further people must sign." },
  manifest_fork: {
    title: "The site's record has two versions",
    advice: "Sign nothing more. Owners must compare by voice what each of them sees.",
  },
  manifest_rollback: {
    title: "The relay shows an older state than before",
    advice: "Sign nothing more and tell an owner of the site.",
  },
  handshake_failed: {
    title: "It is not the box that answers",
    advice: "Nothing was sent to it. Tell an owner of the site.",
  },
  document_invalid: { title: "That is not complete", advice: "Check what you filled in." },
};

/** By the word with which an edge's reason begins (edge/refusal.ts, edge/targets). */
export const edgeWords: Readonly<Record<string, ErrorWords>> = {
  device_unreachable: {
    title: "The device does not answer",
    advice: "Ask the site whether it is on and plugged in, then try again; the session goes on.",
  },
  device_refused: {
    title: "The device refuses the login",
    advice: "The site's owner has to renew its login or password.",
  },
  device_changed: {
    title: "The machine shows another key or certificate",
    advice:
      "No password was sent. The site sees this on its page of the job: once an approver has accepted it there, open it again.",
  },
  message_invalid: {
    title: "The screen was closed by the box",
    advice: "This page sent something that no device may get. Open the screen again.",
  },
  disk_full: { title: "The box cannot record", advice: "The site has to make room on it first." },
  recording_failed: { title: "The box cannot record", advice: "The site has to look after it." },
  unavailable: { title: "The box cannot serve now", advice: "The site has to look after it." },
  over: { title: "The time is over", advice: "Ask for a new job." },
  stopped: { title: "The site has stopped this", advice: "Speak with the site." },
  "locked-down": {
    title: "The site is locked down",
    advice: "Speak with the site; it opens again when they lift the lockdown.",
  },
  "in-use": {
    title: "Somebody else is on the machine",
    advice: "Try again when they have left; an approver can end their job.",
  },
  "supervised-only": {
    title: "Only while somebody watches",
    advice:
      "Under the site's rules only terminals and screens open on this machine, and take input while somebody of the site watches.",
  },
  "other-hours": {
    title: "Not at this hour",
    advice: "This standing permission opens in its hours only. They stand on the job's page.",
  },
  "clock-needed": {
    title: "The box does not know the time",
    advice: "A standing permission opens only once the box has its time from the network.",
  },
  busy: { title: "Too many people at once", advice: "Try again in a moment." },
  idle: { title: "Nothing happened for a while", advice: "Open it again while the time runs." },
  "second-factor-needed": { title: "The code was not accepted", advice: "Try the next code." },
  "fresh-approval-needed": {
    title: "The approval is too old for the box",
    advice: "Ask for a new job.",
  },
  "access-ended": {
    title: "Your access has ended",
    advice: "Speak with the site's owner or your company's administrator.",
  },
};
