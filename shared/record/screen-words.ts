// Words that recordings of screens are read by (shared/protocol.md, "Recording: screens"); what is between them is RFB.

/** The header's kind. */
export const screenKind = "screen";
/** The event before a keyframe. */
export const segmentEvent = "segment";
