// Tokens of limited scope for one's programs.
import { Alert, Anchor, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { Link } from "wouter";
import { CopyLine } from "../shell/copy-line.tsx";
import { Moment } from "../shell/moment.tsx";
import { Trouble } from "../shell/page.tsx";
import { usePerson, useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { settings } from "../texts/settings.ts";
import { AccountApi, type ApiToken, type TokenScope } from "./account-api.ts";
import { ConfirmedButton } from "./confirmed-button.tsx";
import { Section } from "./section.tsx";
import { useAttempt } from "./use-attempt.ts";

const texts = settings.tokens;
const daySeconds = 86_400;
/** A little before the longest that the relay takes, whose clock may be behind this one. */
const marginSeconds = 600;

export function TokensSection() {
  const side = useSide();
  const { session } = usePerson();
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<{ readonly name: string; readonly token: string }>();
  const isByPassword = session?.method === "password";
  return (
    <Section title={texts.title} about={texts.about}>
      <Group>
        <Anchor component={Link} href="/api-docs">
          {texts.toDocs}
        </Anchor>
      </Group>
      {isByPassword ? (
        <Text>{texts.needsKey}</Text>
      ) : (
        <>
          {made !== undefined && (
            <Alert color="blue" role="status" title={texts.made(made.name)}>
              <Stack gap="sm">
                <Text>{texts.once}</Text>
                <CopyLine line={made.token} />
                <Group>
                  <Button onClick={() => setMade(undefined)}>{texts.done}</Button>
                </Group>
              </Stack>
            </Alert>
          )}
          <TokenList api={new AccountApi(side.id)} turn={made?.token} />
          {isOpen ? (
            <TokenForm
              onMade={(name, token) => {
                setMade({ name, token });
                setOpen(false);
              }}
              onCancel={() => setOpen(false)}
            />
          ) : (
            <Group>
              <Button variant="default" onClick={() => setOpen(true)}>
                {texts.create}
              </Button>
            </Group>
          )}
        </>
      )}
    </Section>
  );
}

function TokenList({ api, turn }: { readonly api: AccountApi; readonly turn: unknown }) {
  const { value, error, reload } = useLoaded(() => api.tokens(), [turn]);
  return (
    <>
      <Trouble error={error} retry={reload} />
      {value?.length === 0 && <Text>{texts.none}</Text>}
      <Stack gap="md" component="ul" className="plain-list">
        {value?.map((token) => (
          <li key={token.id}>
            <Group justify="space-between">
              <TokenFacts token={token} />
              <ConfirmedButton
                label={texts.revoke}
                name={texts.revokeOf(token.name)}
                about={texts.revokeAbout}
                act={texts.revoke}
                does={async () => {
                  await api.revokeToken(token.id);
                  reload();
                }}
              />
            </Group>
          </li>
        ))}
      </Stack>
    </>
  );
}

function TokenFacts({
  token: { name, scope, expiresAt, lastUsedAt },
}: {
  readonly token: ApiToken;
}) {
  return (
    <Stack gap={2}>
      <Text fw={600} className="breaks-anywhere">
        {name}
      </Text>
      <Text c="dimmed">
        {texts.scopes[scope]} · {texts.until} <Moment at={expiresAt} /> ·{" "}
        {lastUsedAt === null ? (
          texts.unused
        ) : (
          <>
            {texts.used} <Moment at={lastUsedAt} />
          </>
        )}
      </Text>
    </Stack>
  );
}

function TokenForm({
  onMade,
  onCancel,
}: {
  readonly onMade: (name: string, token: string) => void;
  readonly onCancel: () => void;
}) {
  const side = useSide();
  const mayDraft = side.hasRole("owner", "approver", "auditor");
  const [name, setName] = useState("");
  const [scope, setScope] = useState<TokenScope>("read");
  const [days, setDays] = useState("30");
  const { isBusy, error, fieldError, run } = useAttempt(["name", "scope", "expiresAt"]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    run(async () => {
      const expiresAt = side.now() + Number(days) * daySeconds - marginSeconds;
      const token = await new AccountApi(side.id).createToken(name.trim(), scope, expiresAt);
      onMade(name.trim(), token);
    });
  };
  const scopes = mayDraft ? (["read", "draft"] as const) : (["read"] as const);
  return (
    <form onSubmit={submit}>
      <Stack gap="md" maw={420}>
        <TextInput
          label={texts.name}
          description={texts.nameHint}
          maxLength={60}
          required
          value={name}
          error={fieldError("name")}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label={texts.scope}
          value={scope}
          error={fieldError("scope")}
          data={scopes.map((each) => ({ value: each, label: texts.scopes[each] }))}
          onChange={(value) => setScope(value === "draft" ? "draft" : "read")}
        />
        <Select
          label={texts.ends}
          value={days}
          error={fieldError("expiresAt")}
          data={Object.entries(texts.terms).map(([value, label]) => ({ value, label }))}
          onChange={(value) => setDays(value ?? "30")}
        />
        <Trouble error={error} />
        <Group>
          <Button type="submit" loading={isBusy}>
            {texts.create}
          </Button>
          <Button variant="default" onClick={onCancel}>
            {settings.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
