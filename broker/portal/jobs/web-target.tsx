// A machine's web panel: one button that opens it in a tab of its own, what the relay could do there, and the way through one's own command.
import { Accordion, Alert, Button, Card, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconExternalLink, IconInfoCircle } from "@tabler/icons-react";
import { useRef, useSyncExternalStore } from "react";
import type { AdmittedTarget } from "../../../shared/channel/messages.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { Empty, Loading, Trouble } from "../shell/page.tsx";
import { useKeptFocus } from "../shell/use-kept-focus.ts";
import { webPanel } from "../texts/web-panel.ts";
import type { LiveJob } from "./live-job.ts";
import { CommandLines } from "./tcp-target.tsx";
import { webPaneOf, type WebPane, type WebPaneState } from "./web-pane.ts";

export interface WebTargetProps {
  readonly target: AdmittedTarget;
  readonly job: Job;
  readonly live: LiveJob;
}

export function WebTarget({ target, job, live }: WebTargetProps) {
  const mayConnect = target.rights.includes("connect");
  if (target.rights.includes("browser"))
    return (
      <Stack gap="md">
        <Panel target={target} live={live} />
        {mayConnect && (
          <Accordion variant="contained">
            <Accordion.Item value="command">
              <Accordion.Control>{webPanel.other}</Accordion.Control>
              <Accordion.Panel>
                <CommandLines job={job} about={webPanel.command} />
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        )}
      </Stack>
    );
  if (mayConnect)
    return (
      <Card withBorder padding="lg">
        <CommandLines job={job} about={webPanel.command} />
      </Card>
    );
  return (
    <Empty title={webPanel.none}>
      <Text>{webPanel.noneHint(target.rights.join(", "))}</Text>
    </Empty>
  );
}

function Panel({ target, live }: { readonly target: AdmittedTarget; readonly live: LiveJob }) {
  const pane = webPaneOf(live, target.id);
  const state = useSyncExternalStore(
    (changed) => pane.watch(changed),
    () => pane.state,
  );
  const place = useRef<HTMLDivElement>(null);
  useKeptFocus(place, state.phase);
  return (
    <Card withBorder padding="lg">
      <Stack gap="md">
        <Text>{webPanel.about(target.name)}</Text>
        <div aria-live="polite" ref={place}>
          <Standing machine={target.name} pane={pane} state={state} />
        </div>
        <Group gap="xs" wrap="nowrap" align="flex-start" c="dimmed">
          <IconInfoCircle size={18} aria-hidden />
          <Text size="sm">{webPanel.relay}</Text>
        </Group>
      </Stack>
    </Card>
  );
}

function Standing({
  machine,
  pane,
  state,
}: {
  readonly machine: string;
  readonly pane: WebPane;
  readonly state: WebPaneState;
}) {
  const open = (): void => void pane.open();
  switch (state.phase) {
    case "opening":
      return <Loading label={webPanel.opening(machine)} />;
    case "ready":
      return (
        <Stack gap="xs" align="flex-start">
          <Text fw={600}>{webPanel.ready}</Text>
          <Text>{webPanel.readyHint}</Text>
          <Group>
            <Button
              size="lg"
              leftSection={<IconExternalLink aria-hidden />}
              onClick={() => pane.show()}
            >
              {webPanel.show}
            </Button>
            <Button size="lg" variant="default" onClick={() => pane.close()}>
              {webPanel.close}
            </Button>
          </Group>
        </Stack>
      );
    case "open":
      return (
        <Alert
          color="green"
          role="presentation"
          icon={<IconCheck aria-hidden />}
          title={webPanel.isOpen}
        >
          <Stack gap="md" align="flex-start">
            <Text>{webPanel.isOpenHint}</Text>
            <Group>
              <Button variant="default" onClick={() => pane.close()}>
                {webPanel.close}
              </Button>
              <Button variant="subtle" onClick={open}>
                {webPanel.again}
              </Button>
            </Group>
          </Stack>
        </Alert>
      );
    case "closed":
      return (
        <Stack gap="md" align="flex-start">
          {state.fault !== undefined && <Trouble error={state.fault} />}
          {state.fault === undefined && state.wasOpen && <Text>{webPanel.closed}</Text>}
          <Button size="lg" leftSection={<IconExternalLink aria-hidden />} onClick={open}>
            {state.wasOpen ? webPanel.again : webPanel.open}
          </Button>
        </Stack>
      );
  }
}
