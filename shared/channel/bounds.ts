// The bounds of the sealed channel (shared/protocol.md, "Bounds"). They are part of the protocol and not configurable:
// each side enforces them on the other, so that no peer makes us hold more than is written here.

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** The content of one record. A read of a socket's usual 64 KiB fits exactly. */
export const maxContentBytes = 64 * kibibyte;
/** Content, type and tag; padding never lengthens a long record. */
export const maxRecordBytes = maxContentBytes + 1 + 16;
/** Content shorter than this is padded with its type to a multiple of `paddingBytes`. */
export const paddedBelowBytes = 1024;
export const paddingBytes = 128;
/** A record key seals no more than this (1 TiB of bulk); then its owner drops the transport, and resumption brings the next epoch. */
export const maxRecordsPerKey = 2 ** 24;

/** Whole messages, hello included, that an edge reads of a peer that it has not admitted. */
export const maxUnadmittedBytes = 16 * kibibyte;
/** From the transport's arrival to the end of the hello and the flight, or the opening's spare to its proof. */
export const unadmittedMs = 10_000;
/** Transports at once on which an edge has not yet admitted anybody. */
export const maxUnadmitted = 32;
/** From *asking* to the flight: a person unlocks a phone, reads and touches. */
export const askingMs = 120_000;
/** Transports at once whose person is being asked; they are not among `maxUnadmitted`. */
export const maxAsking = 8;

/** An item (data, control, end) weighs its content and this, so that many small ones are bounded too. */
export const itemOverheadBytes = 256;
/** Weight that may be sent and not acknowledged, per direction: before admission or opening, and after. */
export const earlyWindowBytes = 12 * kibibyte;
export const windowBytes = 4 * mebibyte;
/** The same over all channels of one process; a channel below its floor goes on regardless, so none starves. */
export const totalWindowBytes = 48 * mebibyte;
export const floorBytes = 256 * kibibyte;

/** One control message as JSON: a document of 256 KiB fits with its escapes. */
export const maxControlBytes = 320 * kibibyte;
/** Records that one control message may come in, so that endless empty ones fill no memory. */
export const maxControlParts = 32;
export const maxAbortReasonBytes = 512;

/** Channels of one session at once, and how many of them may stand ready without an opening. */
export const maxFurther = 128;
export const maxSpares = 4;
/** How far a further channel's number may lie behind the highest that was used. */
export const numberWindow = 1024;
/** Manifests that a vendor's side may send after *manifest needed*, and their bytes. */
export const maxManifests = 64;
export const maxManifestBytes = 4 * mebibyte;
export const manifestsMs = 60_000;

/** An acknowledgement waits for more to acknowledge at most so long, or for so much. */
export const ackDelayMs = 20;
export const ackAfterBytes = windowBytes / 8;
/** How long the vendor's side tries to resume a channel that was admitted; the edge has the last word. */
export const resumeWithinMs = 2 * 60_000;
/** Attempts to resume: the first at once, then after a random part of this, doubled each time up to the longest. */
export const firstRetryMs = 250;
export const longestRetryMs = 5_000;

/** How long the vendor's side of an ended channel waits for the edge to close the transport. */
export const lingerMs = 2_000;
