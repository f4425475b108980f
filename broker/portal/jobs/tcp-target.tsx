// A target that needs a program of the vendor's own: the one line to paste on their computer.
import { Anchor, Card, Stack, Tabs, Text } from "@mantine/core";
import { CopyLine } from "../shell/copy-line.tsx";
import { Link } from "wouter";
import type { AdmittedTarget } from "../../../shared/channel/messages.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { tcp } from "../texts/jobs.ts";

export function TcpTarget({ target, job }: { readonly target: AdmittedTarget; readonly job: Job }) {
  return (
    <Card withBorder padding="lg">
      <CommandLines
        job={job}
        about={tcp.about}
        ports={target.ports.length > 0 ? tcp.ports(target.ports.join(", ")) : undefined}
      />
    </Card>
  );
}

export function CommandLines({
  job,
  about,
  ports,
}: {
  readonly job: Job;
  readonly about: string;
  readonly ports?: string | undefined;
}) {
  const isWindows = /Windows/.test(navigator.userAgent);
  return (
    <Stack gap="md">
      <Text>{about}</Text>
      {ports !== undefined && <Text>{ports}</Text>}
      <Tabs defaultValue={isWindows ? "windows" : "unix"}>
        <Tabs.List aria-label={tcp.paste}>
          <Tabs.Tab value="unix">{tcp.unix}</Tabs.Tab>
          <Tabs.Tab value="windows">{tcp.windows}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="unix" pt="md">
          <CopyLine line={`sallyport connect ${job.id}`} />
        </Tabs.Panel>
        <Tabs.Panel value="windows" pt="md">
          <CopyLine line={`sallyport.cmd connect ${job.id}`} />
        </Tabs.Panel>
      </Tabs>
      <Text c="dimmed" size="sm">
        {tcp.holdsOn}
      </Text>
      <Anchor component={Link} href="/jobs/command">
        {tcp.getCommand}
      </Anchor>
    </Stack>
  );
}
