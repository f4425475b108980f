// One section of the settings.
import { Card, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

export function Section({
  title,
  about,
  children,
}: {
  readonly title: string;
  readonly about?: string;
  readonly children: ReactNode;
}) {
  return (
    <Card withBorder padding="lg" component="section" aria-label={title}>
      <Stack gap="md">
        <Stack gap={4}>
          <Title order={2}>{title}</Title>
          {about !== undefined && <Text c="dimmed">{about}</Text>}
        </Stack>
        {children}
      </Stack>
    </Card>
  );
}
