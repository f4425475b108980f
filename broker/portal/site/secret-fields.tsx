// What the box signs in with: a password or, for SSH, a key. What the box has already cannot be shown, only replaced.
import { Fieldset, Group, PasswordInput, Radio, Stack, Text, Textarea } from "@mantine/core";
import { targets } from "../texts/targets.ts";
import { secretKinds, type Typed } from "./typed-target.ts";

const texts = targets.fields;

export function SecretFields({
  typed,
  version,
  error,
  onReach,
}: {
  readonly typed: Typed;
  /** The version that the box has; 0 for none. */
  readonly version: number;
  readonly error: string | undefined;
  readonly onReach: (fields: Partial<Typed>) => void;
}) {
  const offered = typed.kind === "ssh" ? secretKinds : secretKinds.slice(0, 2);
  return (
    <Fieldset legend={texts.secretKind}>
      <Stack gap="sm">
        <Radio.Group
          aria-label={texts.secretKind}
          value={typed.secretKind}
          onChange={(value) => {
            const secretKind = secretKinds.find((each) => each === value);
            if (secretKind !== undefined) onReach({ secretKind });
          }}
        >
          <Group gap="lg">
            {offered.map((kind) => (
              <Radio
                key={kind}
                value={kind}
                label={
                  kind === "none" && version === 0
                    ? targets.secretKinds.later
                    : targets.secretKinds[kind]
                }
              />
            ))}
          </Group>
        </Radio.Group>
        <Text c="dimmed" size="sm">
          {version > 0 ? texts.secretKept(version) : texts.secretNone}
        </Text>
        {typed.secretKind === "password" && (
          <PasswordInput
            label={
              typed.kind === "http" && typed.signIn === "header"
                ? texts.secretOfHeader
                : texts.password
            }
            description={texts.passwordHint}
            autoComplete="new-password"
            value={typed.secret}
            error={error}
            onChange={(event) => onReach({ secret: event.currentTarget.value })}
          />
        )}
        {typed.secretKind === "ssh-key" && (
          <Textarea
            label={texts.privateKey}
            description={texts.privateKeyHint}
            value={typed.secret}
            autoComplete="off"
            spellCheck={false}
            error={error}
            onChange={(event) => onReach({ secret: event.currentTarget.value })}
          />
        )}
      </Stack>
    </Fieldset>
  );
}
