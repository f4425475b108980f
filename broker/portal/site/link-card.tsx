// A link or file with a private key inside, as it is handed over: shown as a QR code, copied, never sent by the relay.
import { Alert, Button, Card, Center, CopyButton, Stack, Text, TextInput } from "@mantine/core";
import { IconCheck, IconCopy, IconHandStop } from "@tabler/icons-react";
import { QrCode } from "../shell/qr-code.tsx";
import { invite } from "../texts/site.ts";

export function LinkCard({
  link,
  title,
  qrLabel = invite.qr,
  hint = invite.hand,
}: {
  readonly link: string;
  readonly title: string;
  readonly qrLabel?: string;
  readonly hint?: string;
}) {
  return (
    <Card withBorder padding="lg">
      <Stack gap="md">
        <Text fw={600} size="lg">
          {title}
        </Text>
        <Alert color="yellow" icon={<IconHandStop aria-hidden />}>
          {hint}
        </Alert>
        <Center>
          <QrCode text={link} label={qrLabel} />
        </Center>
        <TextInput
          label={invite.link}
          value={link}
          readOnly
          onFocus={(event) => event.currentTarget.select()}
        />
        <CopyButton value={link}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              leftSection={copied ? <IconCheck aria-hidden /> : <IconCopy aria-hidden />}
              onClick={copy}
            >
              {copied ? invite.copied : invite.copy}
            </Button>
          )}
        </CopyButton>
        <Text c="dimmed">{invite.once}</Text>
      </Stack>
    </Card>
  );
}
