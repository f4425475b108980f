// How to get the `sallyport` command on a computer of one's own, for what a browser cannot carry.
import { Card, Stack, Text, Title } from "@mantine/core";
import { Page } from "../shell/page.tsx";
import { download, tcp } from "../texts/jobs.ts";
import { PasteLine } from "./tcp-target.tsx";

export default function CommandPage() {
  return (
    <Page title={download.title} about={download.about}>
      <Stack gap="md">
        <Card withBorder padding="lg">
          <Stack gap="md">
            <Title order={2} size="h3">
              {tcp.commandNeedsKey}
            </Title>
            <Text>{download.introduce}</Text>
            <PasteLine line="sallyport introduce LINK" />
          </Stack>
        </Card>
      </Stack>
    </Page>
  );
}
