// What vendors may be granted on a machine, each right with what it means. What gives something away says so, and is chosen knowingly.
import { Alert, Checkbox, Stack } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { rightsOfKind, type TargetKindName } from "../../../shared/document/rights.ts";
import { browserRisk, rightWords } from "../../../shared/site/right-words.ts";
import { targets } from "../texts/targets.ts";

export function RightsFields({
  kind,
  rights,
  error,
  onChange,
}: {
  readonly kind: TargetKindName;
  readonly rights: readonly string[];
  readonly error: string | undefined;
  readonly onChange: (rights: readonly string[]) => void;
}) {
  return (
    <Stack gap="sm">
      <Checkbox.Group
        label={targets.fields.rights}
        value={[...rights]}
        error={error}
        onChange={onChange}
      >
        <Stack gap="sm" mt="xs">
          {rightsOfKind[kind].map((right) => (
            <Checkbox
              key={right}
              value={right}
              label={rightWords(right, kind) ?? right}
              description={targets.rightsHints[`${kind} ${right}`] ?? targets.rightsHints[right]}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      {rights.includes("browser") && (
        <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} role="status">
          {browserRisk}
        </Alert>
      )}
    </Stack>
  );
}
