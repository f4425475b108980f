// A target that needs a program of the vendor's own: the one line to paste on their computer.
import { Anchor, Card, Code, CopyButton, Button, Group, Stack, Tabs, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Link } from "wouter";
import type { AdmittedTarget } from "../../../shared/channel/messages.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { shell } from "../texts/shell.ts";
import { tcp } from "../texts/jobs.ts";

export function TcpTarget({ target, job }: { readonly target: AdmittedTarget; readonly job: Job }) {
  const isWindows = /Windows/.test(navigator.userAgent);
  return (
    <Card withBorder padding="lg">
      <Stack gap="md">
        <Text>{tcp.about}</Text>
        {target.ports.length > 0 && <Text>{tcp.ports(target.ports.join(", "))}</Text>}
        <Tabs defaultValue={isWindows ? "windows" : "unix"}>
          <Tabs.List aria-label={tcp.paste}>
            <Tabs.Tab value="unix">{tcp.unix}</Tabs.Tab>
            <Tabs.Tab value="windows">{tcp.windows}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="unix" pt="md">
            <PasteLine line={`sallyport connect ${job.id}`} />
          </Tabs.Panel>
          <Tabs.Panel value="windows" pt="md">
            <PasteLine line={`sallyport.cmd connect ${job.id}`} />
          </Tabs.Panel>
        </Tabs>
        <Text c="dimmed" size="sm">
          {tcp.holdsOn}
        </Text>
        <Anchor component={Link} href="/jobs/command">
          {tcp.getCommand}
        </Anchor>
      </Stack>
    </Card>
  );
}

/** One line to take into a shell. */
export function PasteLine({ line }: { readonly line: string }) {
  return (
    <Group gap="sm">
      <Code block flex="1 1 220px" fz="sm" tabIndex={0} className="paste-line">
        {line}
      </Code>
      <CopyButton value={line}>
        {({ copied, copy }) => (
          <Button
            variant="light"
            leftSection={
              copied ? <IconCheck size={18} aria-hidden /> : <IconCopy size={18} aria-hidden />
            }
            onClick={copy}
          >
            {copied ? shell.copied : shell.copy}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
