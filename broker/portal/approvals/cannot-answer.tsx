// Why this person cannot approve this request, in words, and what can be done about it.
import { Alert, Stack, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { approversOf } from "../../../shared/site/people.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import type { PageSide } from "../person/page-side.ts";
import { approvals } from "../texts/approvals.ts";
import type { Hindrance } from "./hindrance.ts";

const texts = approvals.cannot;

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
