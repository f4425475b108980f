// Why this person cannot approve this request, in words, and what can be done about it.
import { Alert, Stack, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { approversOf } from "../../../shared/site/people.ts";
import { whyNotApprovable } from "../../../shared/site/approvals.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import type { PageSide } from "../person/page-side.ts";
import { approvals } from "../texts/approvals.ts";
import { policiesOf } from "./words.ts";

const texts = approvals.cannot;

export type Hindrance = "own" | "passkeys" | "notNamed" | "role";

/** What stands between this person and an approval; undefined if nothing does. */
export function whyNot(side: PageSide, job: Job): Hindrance | undefined {
  const { vendor, targets } = job.request.payload;
  if (vendor === side.me) return "own";
  if (!side.hasRole("approver")) return "role";
  if (whyNotApprovable(side, job, side.decidesBy) === undefined) return undefined;
  const policies = policiesOf(side.held, targets);
  const isNamed = policies.every(({ approvers }) => approvers?.includes(side.me) !== false);
  return isNamed ? "passkeys" : "notNamed";
}

export function CannotAnswer({
  side,
  job,
  reason,
}: {
  readonly side: PageSide;
  readonly job: Job;
  readonly reason: Hindrance;
}) {
  const others = approversOf(job.request.payload, side.held);
  return (
    <Alert color="yellow" icon={<IconLock aria-hidden />} title={texts.title}>
      <Stack gap="xs">
        <Text>{texts[reason]}</Text>
        <Text>{texts[`${reason}Hint`]}</Text>
        {reason !== "role" && others.map((each) => <Text key={each}>{each}</Text>)}
      </Stack>
    </Alert>
  );
}
