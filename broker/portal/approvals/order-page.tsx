// Who is asked first for each machine, and after how long the next one.
import {
  ActionIcon,
  Button,
  Card,
  Group,
  NumberInput,
  Select,
  Stack,
  Text,
  Title,
} from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { policyOf, type ManifestTarget } from "../../../shared/document/manifest.ts";
import { parsePersonId, type PersonId } from "../../../shared/ids.ts";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { notifications } from "../texts/notifications.ts";
import type { Order } from "./notify-api.ts";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";
import { useNotifyApi } from "./use-notify.ts";
import { nameOf } from "./words.ts";

const texts = notifications.order;
const usualMinutes = 5;
const mostMinutes = 240;

export default function OrderPage() {
  const side = useSide();
  const api = useNotifyApi();
  const { value, error, reload } = useLoaded(() => api.order(), []);
  const { targets } = side.held.manifest.payload;
  return (
    <Page title={texts.title} about={texts.about}>
      {value === undefined ? (
        error === undefined ? (
          <Loading />
        ) : (
          <Trouble error={error} retry={reload} />
        )
      ) : targets.length === 0 ? (
        <Empty title={texts.empty}>
          <Text c="dimmed">{texts.emptyHint}</Text>
        </Empty>
      ) : (
        <Stack gap="md">
          {!side.hasRole("owner") && <Text c="dimmed">{texts.onlyOwners}</Text>}
          {targets.map((target) => (
            <TargetOrder key={target.id} target={target} all={value} onChange={reload} />
          ))}
        </Stack>
      )}
    </Page>
  );
}

function TargetOrder({
  target,
  all,
  onChange,
}: {
  readonly target: ManifestTarget;
  readonly all: readonly Order[];
  readonly onChange: () => void;
}) {
  const side = useSide();
  const api = useNotifyApi();
  const act = useAct();
  const saved = all.find((each) => each.target === target.id);
  const [draft, setDraft] = useState<Order>();
  const [done, setDone] = useState<string>();
  const { payload } = side.held.manifest;
  const approvers =
    policyOf(payload, target).approvers ??
    payload.persons.filter(({ roles }) => roles.includes("approver")).map(({ id }) => id);
  const shown = draft ?? saved;
  const mayEdit = side.hasRole("owner");
  const save = (next: Order | undefined): void => {
    const others = all.filter((each) => each.target !== target.id);
    void act
      .run(async () => {
        await api.setOrder(next === undefined ? others : [...others, next]);
        setDraft(undefined);
        setDone(texts.saved);
      })
      .then(onChange);
  };
  const change = (next: Order): void => {
    setDone(undefined);
    setDraft(next);
  };
  return (
    <Card withBorder padding="lg" component="section">
      <Stack gap="md">
        <Title order={2} size="h4">
          {target.name}
        </Title>
        {shown === undefined ? (
          <Text>{texts.all}</Text>
        ) : (
          <OrderedPeople order={shown} approvers={approvers} mayEdit={mayEdit} onChange={change} />
        )}
        {mayEdit && (
          <Group gap="sm">
            {shown === undefined ? (
              <Button
                variant="light"
                onClick={() =>
                  change({ target: target.id, persons: [...approvers], minutes: usualMinutes })
                }
              >
                {texts.set}
              </Button>
            ) : (
              <>
                {draft !== undefined && (
                  <Button
                    loading={act.isBusy}
                    disabled={draft.persons.length === 0}
                    onClick={() => save(draft)}
                  >
                    {texts.save}
                  </Button>
                )}
                <Button
                  variant="default"
                  loading={act.isBusy}
                  onClick={() => (saved === undefined ? setDraft(undefined) : save(undefined))}
                >
                  {texts.unset}
                </Button>
              </>
            )}
          </Group>
        )}
        <Told act={act} done={done} />
      </Stack>
    </Card>
  );
}

function OrderedPeople({
  order,
  approvers,
  mayEdit,
  onChange,
}: {
  readonly order: Order;
  readonly approvers: readonly PersonId[];
  readonly mayEdit: boolean;
  readonly onChange: (order: Order) => void;
}) {
  const side = useSide();
  const { persons, minutes } = order;
  const missing = approvers.filter((id) => !persons.includes(id));
  const swap = (at: number, by: number): void => {
    const next = [...persons];
    const [moved] = next.splice(at, 1);
    if (moved !== undefined) next.splice(at + by, 0, moved);
    onChange({ ...order, persons: next });
  };
  return (
    <Stack gap="sm">
      <Stack component="ol" gap="xs" className="plain-list">
        {persons.map((id, at) => {
          const name = nameOf(side.held, id);
          return (
            <Group key={id} component="li" justify="space-between" wrap="nowrap">
              <Text>
                {at + 1}. {name}
              </Text>
              {mayEdit && (
                <Group gap="xs" wrap="nowrap">
                  <ActionIcon
                    size="xl"
                    aria-label={texts.up(name)}
                    disabled={at === 0}
                    onClick={() => swap(at, -1)}
                  >
                    <IconArrowUp aria-hidden />
                  </ActionIcon>
                  <ActionIcon
                    size="xl"
                    aria-label={texts.down(name)}
                    disabled={at === persons.length - 1}
                    onClick={() => swap(at, 1)}
                  >
                    <IconArrowDown aria-hidden />
                  </ActionIcon>
                  <ActionIcon
                    size="xl"
                    aria-label={texts.remove(name)}
                    onClick={() =>
                      onChange({ ...order, persons: persons.filter((each) => each !== id) })
                    }
                  >
                    <IconX aria-hidden />
                  </ActionIcon>
                </Group>
              )}
            </Group>
          );
        })}
      </Stack>
      {mayEdit && missing.length > 0 && (
        <Select
          label={texts.add}
          data={missing.map((id) => ({ value: id, label: nameOf(side.held, id) }))}
          value={null}
          onChange={(id) =>
            id !== null && onChange({ ...order, persons: [...persons, parsePersonId(id)] })
          }
        />
      )}
      <NumberInput
        label={texts.minutes}
        min={1}
        max={mostMinutes}
        allowDecimal={false}
        disabled={!mayEdit}
        value={minutes}
        onChange={(value) => {
          const next = Number(value);
          if (next >= 1 && next <= mostMinutes) onChange({ ...order, minutes: next });
        }}
      />
    </Stack>
  );
}
