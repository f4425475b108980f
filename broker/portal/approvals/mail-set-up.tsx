// A mail address, confirmed by the code that comes there.
import { Button, Stack, Text, TextInput } from "@mantine/core";
import { IconMail } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { notifications } from "../texts/notifications.ts";
import type { NotifyApi, OwnNotify } from "./notify-api.ts";
import { SetUpCard } from "./set-up-card.tsx";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";

const texts = notifications.mail;

export function MailSetUp({
  api,
  own,
  onChange,
}: {
  readonly api: NotifyApi;
  readonly own: OwnNotify;
  readonly onChange: () => void;
}) {
  const act = useAct();
  const [address, setAddress] = useState("");
  const [code, setCode] = useState("");
  const waiting = own.channels.find(
    ({ kind, state }) => kind === "mail" && state === "unconfirmed",
  );
  if (own.mailFrom === null)
    return (
      <SetUpCard title={texts.title}>
        <Text c="dimmed">{texts.none}</Text>
      </SetUpCard>
    );
  const send = (event: FormEvent): void => {
    event.preventDefault();
    void act
      .run(async () => {
        await api.putMail(address.trim());
        setAddress("");
      })
      .then(onChange);
  };
  const confirm = (event: FormEvent): void => {
    event.preventDefault();
    if (waiting === undefined) return;
    void act
      .run(async () => {
        await api.confirmMail(waiting.id, code.trim());
        setCode("");
      })
      .then(onChange);
  };
  return (
    <SetUpCard title={texts.title} about={texts.from(own.mailFrom)}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput
            label={texts.address}
            type="email"
            autoComplete="email"
            required
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
          />
          <Button
            type="submit"
            size="lg"
            variant="light"
            loading={act.isBusy}
            leftSection={<IconMail aria-hidden />}
          >
            {texts.send}
          </Button>
        </Stack>
      </form>
      {waiting !== undefined && (
        <form onSubmit={confirm}>
          <Stack gap="sm">
            <Text role="status">{texts.sent(waiting.address)}</Text>
            <TextInput
              label={texts.code}
              inputMode="numeric"
              autoComplete="one-time-code"
              required
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
            <Button type="submit" size="lg" loading={act.isBusy}>
              {texts.confirm}
            </Button>
          </Stack>
        </form>
      )}
      <Told act={act} />
    </SetUpCard>
  );
}
