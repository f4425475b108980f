// What a recording is called: the person and the machine by the names of the site's own description, where it still has them.
import { findTarget } from "../../../shared/document/manifest.ts";
import { parsePersonId, parseTargetId } from "../../../shared/ids.ts";
import { personWords } from "../../../shared/site/people.ts";
import type { Side } from "../../../shared/site/side.ts";
import type { ListedRecording } from "../../../shared/site/recordings.ts";
import { records } from "../texts/records.ts";

export function targetName({ held }: Side, target: string): string {
  return findTarget(held.manifest.payload, parseTargetId(target))?.name ?? target;
}

export function recordingTitle(
  side: Side,
  { person, target }: Pick<ListedRecording, "person" | "target">,
): string {
  return records.recording.of(
    personWords(side.held, parsePersonId(person)),
    targetName(side, target),
  );
}
