// One part of the set-up: a titled card.
import { Card, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

export function SetUpCard({
  title,
  about,
  children,
}: {
  readonly title: string;
  readonly about?: string;
  readonly children: ReactNode;
}) {
  return (
    <Card withBorder padding="lg" component="section">
      <Stack gap="md">
        <div>
          <Title order={2} size="h4">
            {title}
          </Title>
          {about !== undefined && <Text c="dimmed">{about}</Text>}
        </div>
        {children}
      </Stack>
    </Card>
  );
}
