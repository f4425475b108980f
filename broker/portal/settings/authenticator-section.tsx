// The authenticator (TOTP): its seed is shown once, as a QR code and as text, and counts when a code of it was given.
import { Badge, Button, Code, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { Trouble } from "../shell/page.tsx";
import { usePerson, useSide } from "../shell/person-context.tsx";
import { QrCode } from "../shell/qr-code.tsx";
import { settings } from "../texts/settings.ts";
import { CodeInput } from "./code-input.tsx";
import { Section } from "./section.tsx";
import { useAttempt } from "./use-attempt.ts";

const texts = settings.authenticator;

export function AuthenticatorSection() {
  const side = useSide();
  const { session, refresh } = usePerson();
  const state = session?.sites.find(({ site }) => site === side.id)?.totp ?? "none";
  const [seed, setSeed] = useState<{ readonly secret: string; readonly uri: string }>();
  const [asksOld, setAsksOld] = useState(false);
  const [isDone, setDone] = useState(false);
  const [oldCode, setOldCode] = useState("");
  const { isBusy, error, fieldError, run } = useAttempt(["code"]);
  const enrol = (code?: string): void =>
    run(async () => {
      setSeed(await side.relay.enrolTotp(code));
      setAsksOld(false);
      setOldCode("");
      setDone(false);
    });
  const begin = (): void => (state === "confirmed" ? setAsksOld(true) : enrol());
  const withOld = (event: FormEvent): void => {
    event.preventDefault();
    enrol(oldCode.trim());
  };
  const confirm = (code: string): void =>
    run(async () => {
      await side.relay.confirmTotp(code);
      setSeed(undefined);
      setDone(true);
      await refresh();
    });
  return (
    <Section title={texts.title} about={texts.about}>
      <Group>
        <Badge size="lg" variant="dot" color={state === "confirmed" ? "green" : "gray"}>
          {texts[state]}
        </Badge>
      </Group>
      <Trouble error={error} />
      {isDone && (
        <Group gap="xs" wrap="nowrap" role="status">
          <IconCheck aria-hidden />
          <Text>{texts.done}</Text>
        </Group>
      )}
      {seed !== undefined ? (
        <Stack gap="md">
          <Text>{texts.scan}</Text>
          <QrCode text={seed.uri} label={texts.scanLabel} />
          <Text>{texts.byHand}</Text>
          <Code block className="breaks-anywhere">
            {seed.secret.replace(/.{4}(?=.)/g, "$& ")}
          </Code>
          <CodeForm isBusy={isBusy} error={fieldError("code")} onCode={confirm} />
        </Stack>
      ) : asksOld ? (
        <form onSubmit={withOld}>
          <Stack gap="md" align="flex-start">
            <TextInput
              label={texts.oldCode}
              description={texts.oldCodeHint}
              autoComplete="one-time-code"
              required
              value={oldCode}
              error={fieldError("code")}
              onChange={(event) => setOldCode(event.currentTarget.value)}
            />
            <Group>
              <Button type="submit" loading={isBusy}>
                {texts.replace}
              </Button>
              <Button variant="default" onClick={() => setAsksOld(false)}>
                {settings.cancel}
              </Button>
            </Group>
            <Text c="dimmed">{texts.lost}</Text>
          </Stack>
        </form>
      ) : (
        <Group>
          <Button
            variant={state === "confirmed" ? "default" : "filled"}
            loading={isBusy}
            onClick={begin}
          >
            {state === "confirmed" ? texts.replace : texts.enrol}
          </Button>
        </Group>
      )}
    </Section>
  );
}

function CodeForm({
  isBusy,
  error,
  onCode,
}: {
  readonly isBusy: boolean;
  readonly error: string | undefined;
  readonly onCode: (code: string) => void;
}) {
  const [code, setCode] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onCode(code.trim());
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md" align="flex-start">
        <CodeInput label={texts.code} value={code} error={error} onCode={setCode} />
        <Button type="submit" loading={isBusy}>
          {texts.confirm}
        </Button>
      </Stack>
    </form>
  );
}
