// What an edge makes of the certificates that one opening's device shows: judged as in a session, noted for approvers, and journaled in memory.
import { ChangedDevices } from "../../edge/changed-devices.ts";
import { JudgedKeys } from "../../edge/judged-keys.ts";
import type { AdmittedOpening } from "../../edge/targets/target.ts";
import { systemClock } from "../../shared/clock.ts";
import type { OpeningAdmission } from "../../edge/gate.ts";
import { testTargetId } from "./opened-target.ts";

export interface AcceptingEdge {
  /** One opening's, under a grant that accepts these fingerprints on its target. */
  judge(accepted: readonly string[]): JudgedOpening;
  /** What the journal has, in order. */
  readonly entries: readonly { readonly event: string; readonly details: unknown }[];
  /** `shown` of what approvers see. */
  noted(): readonly string[];
}

export interface JudgedOpening {
  readonly judgeKey: AdmittedOpening["judgeKey"];
  /** The grant in force accepts these from now on; true if the opening has to end. */
  follow(accepted: readonly string[]): boolean;
}

/** `onEntry` runs before an entry is on the disk. */
export function acceptingEdge(onEntry: () => unknown = () => undefined): AcceptingEdge {
  const changedDevices = new ChangedDevices(systemClock);
  const entries: { event: string; details: unknown }[] = [];
  const append = async (event: string, _ids: unknown, details: unknown): Promise<never> => {
    await onEntry();
    entries.push({ event, details });
    return undefined as never;
  };
  const admission = (acceptedKeys: readonly string[]): OpeningAdmission =>
    ({ target: { id: testTargetId }, grant: "grant", acceptedKeys }) as unknown as OpeningAdmission;
  return {
    judge(accepted) {
      const keys = new JudgedKeys({ target: testTargetId }, admission(accepted));
      return {
        judgeKey: (seen) => keys.judge({ journal: { append }, changedDevices }, seen),
        follow(now) {
          keys.follow(admission(now));
          return keys.isLost;
        },
      };
    },
    entries,
    noted: () => changedDevices.list().map(({ shown }) => shown),
  };
}
