// One request at its address: the question while it waits, the running job once it is granted, what became of it when it is over.
import { Alert, Anchor } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { Link, useParams } from "wouter";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { approvals } from "../texts/approvals.ts";
import { Over } from "./over.tsx";
import { Question } from "./question.tsx";
import { Running } from "./running.tsx";
import { TopOfPage } from "./top-of-page.tsx";
import { useJobs } from "./use-jobs.ts";
import { findJob, nameOf } from "./words.ts";

export default function RequestPage() {
  const { request } = useParams<{ request: string }>();
  return <RequestView key={request} address={request} />;
}

export function RequestView({ address }: { readonly address: string }) {
  const side = useSide();
  const { value, error, isLoading, reload } = useJobs();
  const job = value && findJob(value.jobs, address);
  // Somebody who has just ended a job sees it end on the page where he pressed the button.
  const wasRunning = useRef(false);
  const [told, setTold] = useState<string>();
  if (value === undefined && error !== undefined)
    return (
      <Page title={approvals.list.title}>
        <Trouble error={error} retry={reload} />
      </Page>
    );
  if (value === undefined || (job === undefined && isLoading)) return <Loading />;
  if (job === undefined)
    return (
      <Page title={approvals.notFound}>
        <Empty title={approvals.notFoundHint}>
          <Anchor component={Link} href="/requests">
            {approvals.over.back}
          </Anchor>
        </Empty>
      </Page>
    );
  const who = nameOf(side.held, job.request.payload.vendor);
  if (job.state === "granted") wasRunning.current = true;
  const isRunning =
    job.state === "granted" ||
    (wasRunning.current && (job.state === "end asked" || job.state === "ended"));
  const isQuestion =
    job.grant === undefined && ["waiting", "partly approved", "denied"].includes(job.state);
  const stillCounts = job.request.payload.startBeforeAt > side.now();
  const view = isRunning ? "running" : isQuestion && stillCounts ? "question" : "over";
  return (
    <TopOfPage key={view}>
      {view === "running" ? (
        <Page title={approvals.running.title(who)}>
          {told !== undefined && job.state === "granted" && (
            <Alert color="green" role="status" icon={<IconCheck aria-hidden />}>
              {told}
            </Alert>
          )}
          <Running job={job} sessions={value.sessions} reload={reload} />
        </Page>
      ) : view === "question" ? (
        <Page title={approvals.question.title(who)}>
          <Question job={job} all={value} reload={reload} onTold={setTold} />
        </Page>
      ) : (
        <Page title={who} about={approvals.states[job.state]}>
          <Over job={job} />
        </Page>
      )}
    </TopOfPage>
  );
}
