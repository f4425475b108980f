// The recovery codes, this once: nothing else stands on the page until they are kept, so that it can be printed as it is.
import { Button, Card, Code, CopyButton, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconCopy, IconDownload, IconPrinter } from "@tabler/icons-react";
import { personWords } from "../../../shared/site/people.ts";
import { saveFile } from "../records/save-file.ts";
import { Page } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { settings } from "../texts/settings.ts";

const texts = settings.recovery;

export function RecoveryCodes({
  codes,
  onKept,
}: {
  readonly codes: readonly string[];
  readonly onKept: () => void;
}) {
  const side = useSide();
  const whose = texts.for(personWords(side.held, side.me), side.held.manifest.payload.name);
  const all = `${whose}\n\n${codes.join("\n")}\n`;
  return (
    <Page title={texts.title} about={texts.about}>
      <Card withBorder padding="lg">
        <Stack gap="md">
          <Text fw={600}>{whose}</Text>
          <SimpleGrid cols={2} component="ol" className="plain-list">
            {codes.map((code) => (
              <li key={code}>
                <Code>{code}</Code>
              </li>
            ))}
          </SimpleGrid>
        </Stack>
      </Card>
      <Group className="not-printed">
        <Button
          variant="default"
          leftSection={<IconPrinter size={18} aria-hidden />}
          onClick={() => print()}
        >
          {texts.print}
        </Button>
        <Button
          variant="default"
          leftSection={<IconDownload size={18} aria-hidden />}
          onClick={() => saveFile(texts.fileName, [all], "text/plain")}
        >
          {texts.download}
        </Button>
        <CopyButton value={all}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              leftSection={<IconCopy size={18} aria-hidden />}
              onClick={copy}
            >
              {copied ? texts.copied : texts.copyAll}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onKept}>{texts.kept}</Button>
      </Group>
    </Page>
  );
}
