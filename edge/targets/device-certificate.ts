// A device's certificate beside the one that its document pins. What is compared is the certificate itself: its name, dates and authority count for nothing.
import type { SeenKey } from "./target.ts";

export type JudgeKey = (seen: SeenKey) => Promise<boolean>;

/**
 * Whether to sign in to a device that shows this certificate; fingerprints as `AA:BB:…`. Resolves after what `judge` decides is written down. A device
 * that shows none is not judged, as nobody could accept it.
 */
export async function isCertificateTaken(
  judge: JudgeKey,
  shown: string,
  pinned: string,
): Promise<boolean> {
  if (shown === "") return false;
  const pins = [pinned];
  return judge({ shown, fingerprint: shown, pinned: pins, pins, isPinned: shown === pinned });
}

/** Takes the pinned one alone: for whoever tries a device, under no grant. */
export const pinnedAlone: JudgeKey = async ({ isPinned }) => isPinned;
