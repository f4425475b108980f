// The recording that a person means, by the short name that they type.
import type { EdgeId } from "../../shared/ids.ts";
import type { ReadingPurpose } from "../../shared/site/edge-reading.ts";
import { listRecordings, type ListedRecording } from "../../shared/site/recordings.ts";
import { CommandError } from "./exit-codes.ts";
import type { Site } from "./site.ts";

/** The recording whose short name begins so, or whose whole id it is. */
export async function findRecording(
  site: Site,
  edges: readonly EdgeId[],
  purpose: ReadingPurpose,
  wanted: string,
): Promise<ListedRecording> {
  const all = await listRecordings(site, edges, purpose);
  const fits = all.filter(
    ({ id, recording }) =>
      recording === wanted || (wanted.length >= 4 && id.startsWith(wanted.toLowerCase())),
  );
  const [only, ...others] = fits;
  if (only !== undefined && others.length === 0) return only;
  throw new CommandError(
    "notFound",
    `recording "${wanted}" is ${only === undefined ? "not known" : "ambiguous"}`,
    "see: sallyport recordings",
  );
}
