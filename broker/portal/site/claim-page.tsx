// Preparing a box: its claim file is made in the page, downloaded or shown as a QR code, and goes on the box's card by the owner's own hand.
import {
  Accordion,
  Alert,
  Anchor,
  Button,
  Card,
  Center,
  Container,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconDownload, IconHandStop } from "@tabler/icons-react";
import { useEffect, useMemo, useState, type FormEvent } from "react";
import { Link } from "wouter";
import { useAct } from "../shell/use-act.ts";
import { GlossaryWord } from "../first-run/glossary-word.tsx";
import { Page, Trouble } from "../shell/page.tsx";
import { QrCode } from "../shell/qr-code.tsx";
import { useSide } from "../shell/person-context.tsx";
import { edges } from "../texts/site.ts";
import { shell } from "../texts/shell.ts";
import { isPem, makeClaim } from "./inviting.ts";

const texts = edges.claim;
/** A QR code of the lowest correction holds no more. */
const mostQrBytes = 2_900;

export default function ClaimPage() {
  const side = useSide();
  const [name, setName] = useState("");
  const [authority, setAuthority] = useState("");
  const [claim, setClaim] = useState<string>();
  const { isBusy, error, run } = useAct();
  const isAuthorityRight = authority.trim() === "" || isPem(authority);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!isAuthorityRight) return;
    const pem = authority.trim() === "" ? null : `${authority.trim()}\n`;
    void run(async () => setClaim(await makeClaim(side, name.trim(), pem)));
  };
  return (
    <Container size="xs" px={0}>
      <Page title={texts.title} about={texts.about}>
        {claim === undefined ? (
          <form onSubmit={submit}>
            <Stack gap="md">
              <TextInput
                label={edges.name}
                description={edges.nameHint}
                value={name}
                required
                maxLength={120}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <Accordion variant="contained">
                <Accordion.Item value="authority">
                  <Accordion.Control>{texts.authority}</Accordion.Control>
                  <Accordion.Panel>
                    <Textarea
                      label={texts.authority}
                      description={texts.authorityHint}
                      value={authority}
                      spellCheck={false}
                      error={isAuthorityRight ? undefined : texts.authorityWrong}
                      onChange={(event) => setAuthority(event.currentTarget.value)}
                    />
                  </Accordion.Panel>
                </Accordion.Item>
              </Accordion>
              <GlossaryWord word="box" />
              <Trouble error={error} />
              <Button type="submit" size="lg" loading={isBusy}>
                {texts.make}
              </Button>
              <Button variant="subtle" component={Link} href="/edges">
                {shell.cancel}
              </Button>
            </Stack>
          </form>
        ) : (
          <ClaimCard claim={claim} name={name} />
        )}
      </Page>
    </Container>
  );
}

function ClaimCard({ claim, name }: { readonly claim: string; readonly name: string }) {
  const address = useMemo(
    () => URL.createObjectURL(new Blob([claim], { type: "application/json" })),
    [claim],
  );
  useEffect(() => () => URL.revokeObjectURL(address), [address]);
  return (
    <Stack gap="md">
      <Card withBorder padding="lg">
        <Stack gap="md">
          <Text fw={600} size="lg">
            {texts.ready(name)}
          </Text>
          <Button
            component="a"
            href={address}
            download="claim.json"
            size="lg"
            leftSection={<IconDownload aria-hidden />}
          >
            {texts.download}
          </Button>
          <Text>{texts.put}</Text>
          <Alert color="yellow" icon={<IconHandStop aria-hidden />}>
            {texts.secret}
          </Alert>
          <Text c="dimmed">{texts.good}</Text>
          {claim.length <= mostQrBytes && (
            <Accordion variant="contained">
              <Accordion.Item value="qr">
                <Accordion.Control>{texts.showQr}</Accordion.Control>
                <Accordion.Panel>
                  <Center>
                    <QrCode text={claim.trim()} label={texts.qr} />
                  </Center>
                </Accordion.Panel>
              </Accordion.Item>
            </Accordion>
          )}
        </Stack>
      </Card>
      <Text>{texts.waits}</Text>
      <Anchor component={Link} href="/edges">
        {edges.title}
      </Anchor>
    </Stack>
  );
}
