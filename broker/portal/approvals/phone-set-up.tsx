// This device step by step: on the home screen where that is needed, messages allowed, subscribed.
import { Alert, Button, List, Stack, Text } from "@mantine/core";
import { IconBell, IconCheck, IconDeviceMobile } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { notifications } from "../texts/notifications.ts";
import type { NotifyApi, OwnNotify } from "./notify-api.ts";
import { deviceFacts, keepSubscription, subscribeHere } from "./push-device.ts";
import { nextPushStep } from "./push-steps.ts";
import { SetUpCard } from "./set-up-card.tsx";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";
import { useInstall } from "./use-install.ts";

const texts = notifications.phone;

export function PhoneSetUp({
  api,
  own,
  onChange,
}: {
  readonly api: NotifyApi;
  readonly own: OwnNotify;
  readonly onChange: () => void;
}) {
  const act = useAct();
  const [facts, setFacts] = useState(deviceFacts);
  const install = useInstall();
  const step = nextPushStep(facts);
  const hasPush = own.channels.some(({ kind }) => kind === "push");
  useEffect(() => {
    keepSubscription(api, own).catch((thrown: unknown) => console.warn(thrown));
    // Once, as the page opens: what it changes is loaded again anyway.
  }, [api]);
  const allow = (): void => {
    void act
      .run(() => subscribeHere(api, own))
      .then(() => {
        setFacts(deviceFacts());
        onChange();
      });
  };
  return (
    <SetUpCard title={texts.title} about={texts.about}>
      {step === "install-iphone" && (
        <Stack gap="xs">
          <Text fw={600}>{texts.iphoneTitle}</Text>
          <List type="ordered" spacing="xs">
            {texts.iphone.map((each) => (
              <List.Item key={each}>{each}</List.Item>
            ))}
          </List>
          <Text c="dimmed">{texts.iphoneKey}</Text>
        </Stack>
      )}
      {step === "unsupported" && <Alert color="gray">{texts.unsupported}</Alert>}
      {step === "blocked" && <Alert color="orange">{texts.blocked}</Alert>}
      {install !== undefined && (
        <Stack gap={4}>
          <Button
            size="lg"
            variant="light"
            leftSection={<IconDeviceMobile aria-hidden />}
            onClick={() => void install()}
          >
            {texts.install}
          </Button>
          <Text size="sm" c="dimmed">
            {texts.installAbout}
          </Text>
        </Stack>
      )}
      {step === "ready" && hasPush && (
        <Alert color="green" icon={<IconCheck aria-hidden />}>
          {texts.ready}
        </Alert>
      )}
      {(step === "allow" || step === "ready") && (
        <Button
          size="lg"
          variant={step === "ready" && hasPush ? "default" : "filled"}
          loading={act.isBusy}
          leftSection={<IconBell aria-hidden />}
          onClick={allow}
        >
          {step === "ready" && hasPush ? texts.again : texts.allow}
        </Button>
      )}
      <Told act={act} />
    </SetUpCard>
  );
}
