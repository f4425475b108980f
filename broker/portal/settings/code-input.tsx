// A field for the six digits of an authenticator.
import { TextInput } from "@mantine/core";

export function CodeInput({
  label,
  description,
  value,
  error,
  onCode,
}: {
  readonly label: string;
  readonly description?: string;
  readonly value: string;
  readonly error: string | undefined;
  readonly onCode: (code: string) => void;
}) {
  return (
    <TextInput
      label={label}
      description={description}
      inputMode="numeric"
      autoComplete="one-time-code"
      maxLength={9}
      required
      value={value}
      error={error}
      onChange={(event) => onCode(event.currentTarget.value)}
    />
  );
}
