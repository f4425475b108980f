// The release: what may be installed on edges, by two of three release keys, if the manifest admits it (shared/protocol.md, "release").
// It is the one document that names no site: the same release goes to all.
import type * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import { digest, documentInvalid, parsePayload, record, secondsAt, version } from "./fields.ts";

const schema = record({
  version,
  /** SHA-256 of the bundle. */
  bundle: digest,
  /** The oldest version that may still be installed after this one. */
  floor: version,
  issuedAt: secondsAt,
});
export type Release = v.InferOutput<typeof schema>;

/** Reads a release's payload; throws `document_invalid`. Checks no signature. */
export function parseRelease(envelope: Envelope): Release {
  const release = parsePayload(envelope, "release", schema);
  if (release.floor > release.version) {
    throw documentInvalid(`release ${release.version} has the floor ${release.floor} above itself`);
  }
  return release;
}
