// For owners: which approver can be reached, and by what; those whom no message reaches stand out.
import { Badge, Group, Stack, Text } from "@mantine/core";
import { Moment } from "../shell/moment.tsx";
import { Loading, Trouble } from "../shell/page.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { notifications } from "../texts/notifications.ts";
import type { NotifyApi, Reachable } from "./notify-api.ts";
import { SetUpCard } from "./set-up-card.tsx";

const texts = notifications.people;

export function ReachablePeople({ api }: { readonly api: NotifyApi }) {
  const { value, error, reload } = useLoaded(() => api.people(), []);
  const approvers = value?.filter(({ roles }) => roles.includes("approver"));
  return (
    <SetUpCard title={texts.title} about={texts.about}>
      {approvers === undefined ? (
        error === undefined ? (
          <Loading />
        ) : (
          <Trouble error={error} retry={reload} />
        )
      ) : (
        <Stack gap="md">
          {approvers.map((each) => (
            <PersonLine key={each.person} reachable={each} />
          ))}
        </Stack>
      )}
    </SetUpCard>
  );
}

function PersonLine({ reachable }: { readonly reachable: Reachable }) {
  const { name, onDuty, channels, lastDeliveredAt, flag } = reachable;
  const kinds = channels.filter(({ enabled, state }) => enabled && state !== "unconfirmed");
  return (
    <div>
      <Group gap="xs">
        <Text fw={600}>{name}</Text>
        <Badge variant="light" color={onDuty ? "green" : "gray"} tt="none">
          {onDuty ? texts.onDuty : texts.offDuty}
        </Badge>
        {flag !== null && (
          <Badge color="orange" variant="light" tt="none">
            {texts.flags[flag]}
          </Badge>
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {kinds.length === 0
          ? texts.noWay
          : kinds.map(({ kind }) => notifications.ways.kinds[kind]).join(", ")}
        {lastDeliveredAt !== null && (
          <>
            , {notifications.ways.last} <Moment at={lastDeliveredAt} />
          </>
        )}
      </Text>
    </div>
  );
}
