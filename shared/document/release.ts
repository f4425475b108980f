// The release: what may be installed on edges, by two of three release keys, if the manifest admits it (shared/protocol.md, "release").
// It is the one document that names no site: the same release goes to all.
import type * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import { digest, documentInvalid, parsePayload, record, secondsAt, version } from "./fields.ts";
import type { Held } from "./held.ts";
import {
  plainRules,
  requireThreshold,
  verifyDocument,
  type Candidate,
  type Verified,
} from "./verify.ts";

/** Two of the three release keys sign. */
const releaseThreshold = 2;

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

/** The release, if two of the manifest's release keys signed it and the manifest admits its version; throws otherwise. */
export async function verifyRelease(envelope: Envelope, held: Held): Promise<Verified<Release>> {
  const payload = parseRelease(envelope);
  const { release: admitted } = held.manifest.payload;
  // Attack: a genuine but old release, whose faults are known, offered again.
  if (payload.version !== admitted?.version) {
    throw documentInvalid(
      `release ${payload.version}, the manifest admits ${admitted?.version ?? "none"}`,
    );
  }
  const candidates = admitted.keys.map((key): Candidate => {
    return { name: key, key: { kind: "ed25519", public: key } };
  });
  const release = await verifyDocument(held.suite, envelope, payload, candidates, plainRules);
  requireThreshold(release.signers, new Set(admitted.keys), releaseThreshold, "release");
  return release;
}
