// How to get the `sallyport` command on a computer of one's own, for what a browser cannot carry: Windows by a zip that this relay may offer, else by git.
import { Anchor, Button, Card, Stack, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { Link } from "wouter";
import { Page, Trouble } from "../shell/page.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { download, tcp } from "../texts/jobs.ts";
import { offeredDownloads } from "./relay-answers.ts";
import { CopyLine } from "../shell/copy-line.tsx";

const megabyte = 1024 * 1024;

export default function CommandPage() {
  const { value, error, reload } = useLoaded((signal) => offeredDownloads(signal), []);
  return (
    <Page title={download.title} about={download.about}>
      <Trouble error={error} retry={reload} />
      <Stack gap="md">
        <Card withBorder padding="lg" component="section">
          <Stack gap="md" align="flex-start">
            <Title order={2} size="h3">
              {download.windows}
            </Title>
            {value?.windows ? (
              <>
                <Button
                  component="a"
                  href={value.windows.path}
                  download
                  leftSection={<IconDownload aria-hidden />}
                >
                  {download.windowsZip(Math.round(value.windows.bytes / megabyte))}
                </Button>
                <Text>{download.windowsHint}</Text>
              </>
            ) : (
              <>
                <Text>{download.windowsMissing}</Text>
                <CopyLine line="npm run windows-zip" />
              </>
            )}
          </Stack>
        </Card>
        <Card withBorder padding="lg" component="section">
          <Stack gap="md">
            <Title order={2} size="h3">
              {download.unix}
            </Title>
            <Text>{download.unixHint}</Text>
            <CopyLine line="npm ci --ignore-scripts" />
            <CopyLine line="ln -s $PWD/broker/command/sallyport.mjs ~/.local/bin/sallyport" />
          </Stack>
        </Card>
        <Card withBorder padding="lg" component="section">
          <Stack gap="md">
            <Title order={2} size="h3">
              {download.key}
            </Title>
            <Text>{tcp.commandNeedsKey}</Text>
            <CopyLine line="sallyport introduce LINK" />
          </Stack>
        </Card>
        <Anchor component={Link} href="/jobs">
          {download.back}
        </Anchor>
      </Stack>
    </Page>
  );
}
