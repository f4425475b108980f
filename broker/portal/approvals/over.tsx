// What became of a request that is over.
import { Anchor, Card, Stack } from "@mantine/core";
import { Link } from "wouter";
import type { Job } from "../../../shared/site/jobs.ts";
import { minutesWords, Moment } from "../shell/moment.tsx";
import { useSide } from "../shell/person-context.tsx";
import { approvals } from "../texts/approvals.ts";
import { Fact, Facts } from "./facts.tsx";
import { machinesWords, nameOf } from "./words.ts";

const texts = approvals.over;

export function Over({ job }: { readonly job: Job }) {
  const side = useSide();
  const { request, grant, denial, revocation, endedBy } = job;
  const who = (signers: readonly { readonly name: string }[] = []): string =>
    signers.map(({ name }) => nameOf(side.held, name)).join(", ");
  return (
    <Stack gap="lg">
      <Card withBorder padding="lg">
        <Facts>
          <Fact label={approvals.question.machines}>
            {machinesWords(side.held, (grant ?? request).payload.targets)}
          </Fact>
          <Fact label={approvals.question.what}>
            {request.payload.reason || approvals.question.noReason}
          </Fact>
          <Fact label={approvals.question.ticket}>{request.payload.ticket}</Fact>
          <Fact label={approvals.question.asked}>
            <Moment at={request.payload.issuedAt} />
          </Fact>
          {grant !== undefined && (
            <Fact label={approvals.running.approvedBy}>
              {who(grant.signers)}, {minutesWords(grant.payload.minutes)}
            </Fact>
          )}
          {denial !== undefined && grant === undefined && (
            <Fact label={texts.denied}>
              {texts.by(who(denial.signers))}
              {denial.payload.reason !== "" && `: ${denial.payload.reason}`}
            </Fact>
          )}
          {revocation !== undefined && (
            <Fact label={endedBy === undefined ? texts.endAsked : texts.ended}>
              {texts.by(who(revocation.signers))}, <Moment at={revocation.payload.issuedAt} />
            </Fact>
          )}
          {endedBy !== undefined && (
            <Fact label={texts.confirmed}>
              <Moment at={endedBy.payload.at} />
            </Fact>
          )}
          {job.state === "end asked" && <Fact label={texts.endAsked}>{texts.notConfirmed}</Fact>}
          {job.state === "expired" && (
            <Fact label={texts.expired}>
              {grant === undefined ? texts.neverApproved : texts.timeOver}
            </Fact>
          )}
        </Facts>
      </Card>
      <Anchor component={Link} href="/requests">
        {texts.back}
      </Anchor>
    </Stack>
  );
}
