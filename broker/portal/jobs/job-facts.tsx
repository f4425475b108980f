// What a job is, as it was asked for and granted, and how it ended if it did.
import { Alert, Stack, Text } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Job } from "../../../shared/site/jobs.ts";
import { toldRights } from "../../../shared/site/right-words.ts";
import { personWords } from "../../../shared/site/people.ts";
import type { PageSide } from "../person/page-side.ts";
import { windowsWords } from "../shell/windows-words.ts";
import { Trouble, wordsOf } from "../shell/page.tsx";
import { ask, ended, jobs } from "../texts/jobs.ts";
import { targetName } from "./job-words.tsx";
import type { LiveEnd } from "./live-job.ts";
import { Moment } from "../shell/moment.tsx";

export function JobFacts({ job, side }: { readonly job: Job; readonly side: PageSide }) {
  const { reason, ticket, minutes, startBeforeAt, issuedAt, edge, targets, windows } =
    job.request.payload;
  const granted = job.grant?.payload;
  return (
    <Stack component="dl" gap="md" m={0}>
      <Fact name={jobs.facts.machines}>
        {(granted?.targets ?? targets).map(({ id, rights }) => (
          <Text key={id}>
            {targetName(side.held, id)}
            <Text span c="dimmed">
              {" · "}
              {toldRights(rights)
                .map((right) => ask.rightWords[right]?.split(":")[0] ?? right)
                .join(", ")}
            </Text>
          </Text>
        ))}
      </Fact>
      <Fact name={jobs.facts.reason}>
        <Text>{reason || jobs.noReason}</Text>
      </Fact>
      {ticket !== null && (
        <Fact name={jobs.ticket}>
          <Text>{ticket}</Text>
        </Fact>
      )}
      <Fact name={jobs.facts.length}>
        <Text>{jobs.minutes(granted?.minutes ?? minutes)}</Text>
      </Fact>
      {windows === null ? (
        <Fact name={jobs.facts.startBefore}>
          <Text>
            <Moment at={granted?.startBeforeAt ?? startBeforeAt} as="clock" />
          </Text>
        </Fact>
      ) : (
        <Fact name={jobs.facts.windows}>
          <Text>{windowsWords(granted?.windows ?? windows)}</Text>
        </Fact>
      )}
      <Fact name={jobs.facts.asked}>
        <Text>
          <Moment at={issuedAt} />
        </Text>
      </Fact>
      <Fact name={jobs.facts.site}>
        <Text>{side.edgeName(edge)}</Text>
      </Fact>
    </Stack>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <Text component="dt" c="dimmed" size="sm">
        {name}
      </Text>
      <Stack component="dd" gap={0} m={0}>
        {children}
      </Stack>
    </div>
  );
}

/** What the documents and the last session say about how it ended; nothing for a job that only waits. */
export function Outcome({
  job,
  side,
  end,
}: {
  readonly job: Job;
  readonly side: PageSide;
  readonly end: LiveEnd | undefined;
}) {
  const by = (signers: readonly { readonly name: string }[] | undefined): string =>
    (signers ?? []).map(({ name }) => personWords(side.held, name as never)).join(", ");
  if (job.state === "denied")
    return (
      <Alert
        color="red"
        role="status"
        icon={<IconCircleX aria-hidden />}
        title={ended.deniedBy(by(job.denial?.signers))}
      >
        <Text>{job.denial?.payload.reason || jobs.noReason}</Text>
      </Alert>
    );
  if (job.state === "ended" || job.state === "end asked") {
    const who = by(job.revocation?.signers);
    return (
      <Alert
        color="gray"
        role="status"
        icon={<IconInfoCircle aria-hidden />}
        title={job.state === "ended" ? ended.endedBy(who) : ended.endAskedBy(who)}
      >
        <Stack gap="xs">
          {job.revocation?.payload.reason && <Text>{job.revocation.payload.reason}</Text>}
          <Text>{ended.record}</Text>
        </Stack>
      </Alert>
    );
  }
  return (
    <>
      {end !== undefined && <End end={end} wasGranted={job.grant !== undefined} />}
      {job.state === "expired" && (
        <Alert
          color="gray"
          role="status"
          icon={<IconInfoCircle aria-hidden />}
          title={ended.expired}
        >
          {job.grant === undefined ? ended.expiredUnstarted : ended.record}
        </Alert>
      )}
    </>
  );
}

function End({ end, wasGranted }: { readonly end: LiveEnd; readonly wasGranted: boolean }) {
  if (end.how === "failed") return <Trouble error={end.why} />;
  if (end.how === "untouched")
    return (
      <Alert color="gray" role="status" title={ended.untouched}>
        {ended.untouchedHint}
      </Alert>
    );
  if (end.how === "left")
    return (
      <Alert
        color="gray"
        role="status"
        icon={<IconCircleCheck aria-hidden />}
        title={wasGranted ? ended.left : ended.withdrawn}
      >
        {wasGranted ? ended.leftHint : ended.withdrawnHint}
      </Alert>
    );
  const { title, advice, detail } = wordsOf(end.why);
  return (
    <Alert
      color="gray"
      role="status"
      icon={<IconInfoCircle aria-hidden />}
      title={detail === "" && advice === "" ? ended.byEdge : title}
    >
      <Stack gap="xs">
        {detail !== "" && <Text>{detail}</Text>}
        {advice !== "" && <Text>{advice}</Text>}
        <Text>{ended.record}</Text>
      </Stack>
    </Alert>
  );
}
