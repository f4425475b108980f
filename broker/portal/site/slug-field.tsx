// A short name: what people, companies and machines are called in documents and addresses, for good.
import { TextInput } from "@mantine/core";

export function SlugField({
  label,
  description,
  value,
  error,
  isFixed = false,
  onChange,
}: {
  readonly label: string;
  readonly description?: string | undefined;
  readonly value: string;
  readonly error: string | undefined;
  /** It stands in a signed document already. */
  readonly isFixed?: boolean;
  readonly onChange: (value: string) => void;
}) {
  return (
    <TextInput
      label={label}
      description={description}
      value={value}
      required
      readOnly={isFixed}
      autoCapitalize="none"
      spellCheck={false}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
