// Facts one below the other, each with its label: what an approver reads before he answers.
import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

export function Facts({ children }: { readonly children: ReactNode }) {
  return (
    <Stack component="dl" gap="sm" m={0}>
      {children}
    </Stack>
  );
}

/** Nothing is shown for what is not there. */
export function Fact({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ReactNode;
}) {
  if (children === undefined || children === null || children === "") return null;
  return (
    <div>
      <Text component="dt" size="sm" c="dimmed">
        {label}
      </Text>
      <Text component="dd" m={0} className="breaks-words">
        {children}
      </Text>
    </div>
  );
}
