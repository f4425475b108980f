// Name and password for browsers without a key, and the recovery codes that stand in for the authenticator.
import { Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { Trouble } from "../shell/page.tsx";
import { usePerson, useSide } from "../shell/person-context.tsx";
import { settings } from "../texts/settings.ts";
import { AccountApi } from "./account-api.ts";
import { CodeInput } from "./code-input.tsx";
import { Section } from "./section.tsx";
import { useAttempt } from "./use-attempt.ts";

const texts = settings.password;

type Form = "set" | "change" | "codes" | "remove";

export function PasswordSection({
  onCodes,
}: {
  readonly onCodes: (codes: readonly string[]) => void;
}) {
  const side = useSide();
  const { session, refresh } = usePerson();
  const here = session?.sites.find(({ site }) => site === side.id);
  const account = here?.account ?? undefined;
  const isByPassword = session?.method === "password";
  const [form, setForm] = useState<Form>();
  const [told, setTold] = useState("");
  const open = (next: Form) => (): void => {
    setTold("");
    setForm(next);
  };
  const done = (text: string, codes?: readonly string[]): void => {
    setForm(undefined);
    setTold(text);
    if (codes !== undefined) onCodes(codes);
    void refresh();
  };
  return (
    <Section title={texts.title} about={texts.about}>
      {account !== undefined && (
        <Stack gap={4}>
          <Text fw={600}>{texts.is(account.name)}</Text>
          <Text>
            {texts.codesLeft(account.recoveryCodesLeft)}
            {account.recoveryCodesLeft <= 3 && `. ${texts.fewLeft}`}
          </Text>
        </Stack>
      )}
      {told !== "" && <Text role="status">{told}</Text>}
      {form !== undefined ? (
        <AccountForm
          key={form}
          form={form}
          api={new AccountApi(side.id)}
          onDone={done}
          onCancel={() => setForm(undefined)}
        />
      ) : account !== undefined ? (
        <Group>
          <Button variant="default" onClick={open("change")}>
            {texts.change}
          </Button>
          <Button variant="default" onClick={open("codes")}>
            {texts.newCodes}
          </Button>
          {!isByPassword && (
            <Button variant="default" onClick={open("remove")}>
              {texts.remove}
            </Button>
          )}
        </Group>
      ) : isByPassword ? (
        <Text>{texts.needsKey}</Text>
      ) : here?.totp !== "confirmed" ? (
        <Text>{texts.needsCode}</Text>
      ) : (
        <Group>
          <Button onClick={open("set")}>{texts.set}</Button>
        </Group>
      )}
    </Section>
  );
}

function AccountForm({
  form,
  api,
  onDone,
  onCancel,
}: {
  readonly form: Form;
  readonly api: AccountApi;
  readonly onDone: (text: string, codes?: readonly string[]) => void;
  readonly onCancel: () => void;
}) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [newPassword, setNewPassword] = useState("");
  const [code, setCode] = useState("");
  const { isBusy, error, fieldError, run } = useAttempt([
    "name",
    "code",
    ...(form === "remove" ? [] : ["password"]),
    ...(form === "change" ? ["newPassword"] : []),
  ]);
  const work: Readonly<Record<Form, () => Promise<void>>> = {
    set: async () => onDone("", await api.setPassword(name.trim(), password, code.trim())),
    change: async () => {
      await api.changePassword(password, newPassword, code.trim());
      onDone(texts.changed);
    },
    codes: async () => onDone("", await api.newRecoveryCodes(password, code.trim())),
    remove: async () => {
      await api.removePassword(code.trim());
      onDone(texts.removed);
    },
  };
  const titles: Readonly<Record<Form, string>> = {
    set: texts.set,
    change: texts.change,
    codes: texts.newCodes,
    remove: texts.remove,
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    run(work[form]);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md" maw={420}>
        {form === "remove" && <Text>{texts.removeAbout}</Text>}
        {form === "set" && (
          <TextInput
            label={texts.name}
            description={texts.nameHint}
            autoComplete="username"
            required
            value={name}
            error={fieldError("name")}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        {form !== "remove" && (
          <PasswordInput
            label={form === "set" ? texts.password : texts.oldPassword}
            description={form === "set" ? texts.passwordHint : undefined}
            autoComplete={form === "set" ? "new-password" : "current-password"}
            required
            value={password}
            error={fieldError("password")}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        )}
        {form === "change" && (
          <PasswordInput
            label={texts.newPassword}
            description={texts.passwordHint}
            autoComplete="new-password"
            required
            value={newPassword}
            error={fieldError("newPassword")}
            onChange={(event) => setNewPassword(event.currentTarget.value)}
          />
        )}
        <CodeInput
          label={texts.code}
          description={texts.codeHint}
          value={code}
          error={fieldError("code")}
          onCode={setCode}
        />
        <Trouble error={error} />
        <Group>
          <Button type="submit" loading={isBusy} color={form === "remove" ? "red" : undefined}>
            {titles[form]}
          </Button>
          <Button variant="default" onClick={onCancel}>
            {settings.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
