// On duty or off, and handing over at shift change.
import { Button, Select, Stack, Switch, Text, Textarea, Title } from "@mantine/core";
import { IconArrowsExchange } from "@tabler/icons-react";
import { useState } from "react";
import { parsePersonId } from "../../../shared/ids.ts";
import { Moment } from "../shell/moment.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { notifications } from "../texts/notifications.ts";
import type { NotifyApi, OwnNotify } from "./notify-api.ts";
import { SetUpCard } from "./set-up-card.tsx";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";
import { nameOf } from "./words.ts";

const texts = notifications.duty;
const maxNoteCharacters = 1000;

export function DutySwitch({
  api,
  own,
  onChange,
}: {
  readonly api: NotifyApi;
  readonly own: OwnNotify;
  readonly onChange: () => void;
}) {
  const act = useAct();
  return (
    <>
      <Switch
        size="lg"
        label={texts.on}
        checked={own.onDuty}
        disabled={act.isBusy}
        onChange={(event) => {
          const { checked } = event.currentTarget;
          void act.run(() => api.setDuty(checked)).then(onChange);
        }}
      />
      <Told act={act} />
    </>
  );
}

export function Duty(props: {
  readonly api: NotifyApi;
  readonly own: OwnNotify;
  readonly onChange: () => void;
}) {
  const { api, onChange } = props;
  const side = useSide();
  const act = useAct();
  const [to, setTo] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const [done, setDone] = useState<string>();
  const history = useLoaded(() => api.handOvers(), []);
  const others = side.held.manifest.payload.persons.filter(
    ({ id, roles }) => id !== side.me && roles.includes("approver"),
  );
  const send = (): void => {
    if (to === null) return;
    void act
      .run(async () => {
        await api.handOver(parsePersonId(to), note.trim());
        setDone(texts.done(nameOf(side.held, to)));
        setTo(null);
        setNote("");
      })
      .then(() => {
        history.reload();
        onChange();
      });
  };
  return (
    <SetUpCard title={texts.title} about={texts.about}>
      <DutySwitch {...props} />
      <Stack gap="sm">
        <div>
          <Title order={3} size="h5">
            {texts.handOver}
          </Title>
          <Text c="dimmed">{others.length === 0 ? texts.nobody : texts.handOverAbout}</Text>
        </div>
        {others.length > 0 && (
          <>
            <Select
              label={texts.to}
              placeholder={texts.choose}
              data={others.map(({ id, name }) => ({ value: id, label: name }))}
              value={to}
              onChange={setTo}
            />
            <Textarea
              label={texts.note}
              description={texts.noteHint}
              maxLength={maxNoteCharacters}
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
            />
            <Button
              size="lg"
              variant="light"
              disabled={to === null}
              loading={act.isBusy}
              leftSection={<IconArrowsExchange aria-hidden />}
              onClick={send}
            >
              {texts.send}
            </Button>
          </>
        )}
        <Told act={act} done={done} />
      </Stack>
      {history.value !== undefined && history.value.length > 0 && (
        <Stack gap="xs">
          <Title order={3} size="h5">
            {texts.history}
          </Title>
          {history.value.map(({ from, to: taker, note: said, at }) => (
            <div key={`${at} ${from}`}>
              <Text>
                {texts.fromTo(nameOf(side.held, from), nameOf(side.held, taker))},{" "}
                <Moment at={at} />
              </Text>
              {said !== "" && <Text className="keeps-lines breaks-words">{said}</Text>}
            </div>
          ))}
        </Stack>
      )}
    </SetUpCard>
  );
}
