// A webhook: where messages are posted, and the secret that signs them, shown once.
import { Alert, Button, Checkbox, Code, Stack, Text, TextInput } from "@mantine/core";
import { IconWebhook } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useSide } from "../shell/person-context.tsx";
import { notifications } from "../texts/notifications.ts";
import type { NotifyApi } from "./notify-api.ts";
import { SetUpCard } from "./set-up-card.tsx";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";

const texts = notifications.webhook;

export function WebhookSetUp({
  api,
  onChange,
}: {
  readonly api: NotifyApi;
  readonly onChange: () => void;
}) {
  const side = useSide();
  const act = useAct();
  const [isShown, setShown] = useState(false);
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [isForSite, setForSite] = useState(false);
  const [secret, setSecret] = useState<string>();
  const add = (event: FormEvent): void => {
    event.preventDefault();
    void act
      .run(async () => {
        const added = await api.addWebhook(url.trim(), name.trim(), isForSite ? null : side.me);
        setSecret(added.secret);
        setName("");
        setUrl("");
      })
      .then(onChange);
  };
  return (
    <SetUpCard title={texts.title} about={texts.about}>
      {!isShown && (
        <Button
          variant="default"
          aria-expanded={false}
          leftSection={<IconWebhook size={20} aria-hidden />}
          onClick={() => setShown(true)}
        >
          {texts.show}
        </Button>
      )}
      {isShown && (
        <form onSubmit={add}>
          <Stack gap="sm">
            <TextInput
              label={texts.name}
              required
              maxLength={60}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <TextInput
              label={texts.url}
              type="url"
              required
              value={url}
              onChange={(event) => setUrl(event.currentTarget.value)}
            />
            {side.hasRole("owner") && (
              <Checkbox
                size="md"
                label={texts.site}
                checked={isForSite}
                onChange={(event) => setForSite(event.currentTarget.checked)}
              />
            )}
            <Button type="submit" size="lg" variant="light" loading={act.isBusy}>
              {texts.add}
            </Button>
          </Stack>
        </form>
      )}
      {secret !== undefined && (
        <Alert color="blue" role="status" title={texts.secret}>
          <Code block className="breaks-words">
            {secret}
          </Code>
          <Text>{texts.secretHint}</Text>
        </Alert>
      )}
      <Told act={act} />
    </SetUpCard>
  );
}
