// A job of which no session is open here: gives the proof for it, once its box is connected.
import { Alert, Card, Stack, Text, Title } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useState } from "react";
import type { Job } from "../../../shared/site/jobs.ts";
import type { PageSide } from "../person/page-side.ts";
import { Trouble } from "../shell/page.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { ask, ended, jobs, proof } from "../texts/jobs.ts";
import { liveJobs } from "./live-jobs.ts";
import { useNow } from "../shell/moment.tsx";
import { ProofForm, type ProofGiven } from "./proof.tsx";

const presencePollMs = 4_000;

export function OpenJob({
  side,
  job,
  wasOpen,
}: {
  readonly side: PageSide;
  readonly job: Job;
  readonly wasOpen: boolean;
}) {
  const { edge, targets } = job.request.payload;
  const turn = useNow(presencePollMs);
  const { value: edges } = useLoaded(() => side.edges(), [side, turn]);
  const isAway = edges?.find((each) => each.edge === edge)?.online === false;
  const [error, setError] = useState<unknown>();
  const isGranted = job.grant !== undefined;
  if (job.request.payload.windows !== null && !isGranted)
    return (
      <Alert color="gray" role="status" icon={<IconInfoCircle aria-hidden />}>
        {jobs.next.standing}
      </Alert>
    );
  const open = (given: ProofGiven): void => {
    setError(undefined);
    liveJobs.open({ side, job, ...given });
  };
  return (
    <Card withBorder padding="lg" component="section">
      <Stack gap="md">
        <Title order={2} size="h3">
          {isGranted ? jobs.states.granted : proof.title}
        </Title>
        {isAway ? (
          <Alert color="yellow" role="status" icon={<IconInfoCircle aria-hidden />}>
            {ask.offline(side.edgeName(edge))}
          </Alert>
        ) : (
          <>
            <Text>{isGranted ? jobs.next.granted : jobs.next.waiting}</Text>
            <Trouble error={error} />
            <ProofForm
              side={side}
              targets={targets}
              label={isGranted ? (wasOpen ? ended.openAgain : proof.begin) : proof.wait}
              onProof={open}
              onFault={setError}
            />
          </>
        )}
      </Stack>
    </Card>
  );
}
