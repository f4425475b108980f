// One's ways to be told: what each is worth, a test message with "did you see it", pause and removal.
import { Alert, Badge, Button, Group, Stack, Switch, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { Moment } from "../shell/moment.tsx";
import { Empty } from "../shell/page.tsx";
import { notifications } from "../texts/notifications.ts";
import type { Channel, NotifyApi, OwnNotify, TestMessage } from "./notify-api.ts";
import { SetUpCard } from "./set-up-card.tsx";
import { Told } from "./told.tsx";
import { TwicePressed } from "./twice-pressed.tsx";
import { useAct } from "../shell/use-act.ts";

const texts = notifications.ways;

export function Ways({
  api,
  own,
  onChange,
}: {
  readonly api: NotifyApi;
  readonly own: OwnNotify;
  readonly onChange: () => void;
}) {
  return (
    <SetUpCard title={texts.title}>
      {own.channels.length === 0 ? (
        <Empty title={texts.empty}>
          <Text c="dimmed">{texts.emptyHint}</Text>
        </Empty>
      ) : (
        <Stack gap="xl">
          {own.channels.map((channel) => (
            <Way key={channel.id} api={api} channel={channel} onChange={onChange} />
          ))}
        </Stack>
      )}
    </SetUpCard>
  );
}

function Way({
  api,
  channel,
  onChange,
}: {
  readonly api: NotifyApi;
  readonly channel: Channel;
  readonly onChange: () => void;
}) {
  const act = useAct();
  const [sent, setSent] = useState<TestMessage>();
  const [isUnseen, setUnseen] = useState(false);
  const [done, setDone] = useState<string>();
  const { id, kind, name, address, enabled, state, lastDeliveredAt, fault } = channel;
  const label = name === "" ? address : name;
  const run = (work: () => Promise<void>): void => {
    void act.run(work).then(onChange);
  };
  const test = (): void =>
    run(async () => {
      setUnseen(false);
      setDone(undefined);
      setSent(await api.test(id));
    });
  return (
    <Stack gap="sm" component="article">
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <Stack gap={0} miw={0}>
          <Title order={3} size="h5">
            {texts.kinds[kind]}
          </Title>
          <Text className="breaks-words">{label}</Text>
          {name !== "" && (
            <Text size="sm" c="dimmed" className="breaks-words">
              {address}
            </Text>
          )}
        </Stack>
        <Badge color={badgeColor(channel)} variant="light" tt="none">
          {enabled ? texts.states[state] : texts.paused}
        </Badge>
      </Group>
      <Text size="sm" c="dimmed">
        {lastDeliveredAt === null ? (
          texts.never
        ) : (
          <>
            {texts.last} <Moment at={lastDeliveredAt} />
          </>
        )}
      </Text>
      {fault !== null && (
        <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} title={texts.fault}>
          {fault.reason} (<Moment at={fault.at} />)
        </Alert>
      )}
      {sent !== undefined && sent.state !== "delivered" && (
        <Alert color="orange" role="status" icon={<IconAlertTriangle aria-hidden />}>
          {texts.notSent} {sent.reason ?? ""}
        </Alert>
      )}
      {sent?.state === "delivered" && (
        <Alert color="blue" role="status">
          <Stack gap="sm">
            <Text>{isUnseen ? texts.notSeenHint : texts.sent}</Text>
            {!isUnseen && (
              <Group gap="sm">
                <Button
                  loading={act.isBusy}
                  onClick={() =>
                    run(async () => {
                      await api.seen(sent.id);
                      setSent(undefined);
                      setDone(texts.thanks);
                    })
                  }
                >
                  {texts.seen}
                </Button>
                <Button variant="default" onClick={() => setUnseen(true)}>
                  {texts.notSeen}
                </Button>
              </Group>
            )}
          </Stack>
        </Alert>
      )}
      <Told act={act} done={done} />
      <Group gap="sm">
        {state !== "unconfirmed" && (
          <>
            <Button
              variant="light"
              loading={act.isBusy}
              leftSection={<IconSend size={18} aria-hidden />}
              onClick={test}
            >
              {texts.test}
            </Button>
            <Switch
              size="lg"
              label={texts.enabled(label)}
              checked={enabled}
              onChange={(event) => {
                const { checked } = event.currentTarget;
                run(() => api.setEnabled(id, checked));
              }}
            />
          </>
        )}
        <TwicePressed
          size="md"
          label={texts.remove}
          again={texts.removeAgain}
          isBusy={act.isBusy}
          onPress={() => run(() => api.remove(id))}
        />
      </Group>
    </Stack>
  );
}

function badgeColor({ enabled, state, fault }: Channel): string {
  if (!enabled) return "gray";
  if (fault !== null) return "orange";
  return state === "proven" ? "green" : "yellow";
}
