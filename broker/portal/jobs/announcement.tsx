// The word that a job was approved, wherever in the portal its vendor is by then.
import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { navigate } from "wouter/use-browser-location";
import { waiting } from "../texts/jobs.ts";
import { signalApproval } from "./approval-signal.ts";
import { machinesOf } from "./job-words.tsx";
import type { LiveJob } from "./live-job.ts";

export function announceApproval({ job, side }: LiveJob): void {
  const machines = machinesOf(job, side.held);
  signalApproval(machines);
  const isShown = [job.id, job.request.hash].some((id) => location.pathname === `/jobs/${id}`);
  if (isShown) return;
  const id = notifications.show({
    title: waiting.approved,
    color: "green",
    autoClose: false,
    message: (
      <Group justify="space-between">
        <Text>{waiting.approvedText(machines)}</Text>
        <Button
          size="sm"
          onClick={() => {
            notifications.hide(id);
            navigate(`/jobs/${job.id}`);
          }}
        >
          {waiting.show}
        </Button>
      </Group>
    ),
  });
}
