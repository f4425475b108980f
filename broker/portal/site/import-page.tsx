// Many machines at once: a table that is pasted or read from a file, checked line by line. An owner collects them for signing; anybody else of the staff hands
// them over to an owner, sealed.
import {
  Accordion,
  Alert,
  Button,
  Code,
  Container,
  FileButton,
  List,
  Stack,
  Text,
  Textarea,
} from "@mantine/core";
import { IconAlertTriangle, IconFileUpload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { encodeDraftLink, sealDraft } from "../../../shared/site/handed-draft.ts";
import { useAct } from "../shell/use-act.ts";
import type { PageSide } from "../person/page-side.ts";
import { Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { shell } from "../texts/shell.ts";
import { targets } from "../texts/targets.ts";
import { collectRows } from "./collecting.ts";
import { putDraft } from "./kept-drafts.ts";
import { LinkCard } from "./link-card.tsx";
import { columns, parseTargetTable, type TableRow } from "./target-table.ts";

const texts = targets.table;
const example = `id,name,kind,address,ports,login,password
press-4-panel,Press 4 panel,ssh,10.0.4.17,22,service,change-me
press-4-plc,Press 4 controller,tcp,10.0.4.18,"502 102",,
press-4-screen,Press 4 screen,vnc,10.0.4.19,5900,,change-me`;
const tableTypes = ".csv,.txt,.tsv,text/csv,text/plain";

export default function ImportPage() {
  const side = useSide();
  const [, navigate] = useLocation();
  const [text, setText] = useState("");
  const [link, setLink] = useState<string>();
  const { isBusy, error, run } = useAct();
  const isOwner = side.hasRole("owner");
  const table = useMemo(
    () => (text.trim() === "" ? undefined : parseTargetTable(text, side.held.manifest.payload)),
    [text, side],
  );
  const isReady = table !== undefined && table.faults.length === 0 && table.rows.length > 0;
  const finish = (): void => {
    if (!isReady) return;
    void run(async () => {
      if (isOwner) {
        await collectRows(side, table.rows);
        navigate("/targets");
      } else setLink(await handOver(side, table.rows));
    });
  };
  return (
    <Container size="sm" px={0}>
      <Page title={texts.title} about={isOwner ? texts.about : targets.drafts.handAbout}>
        {link !== undefined ? (
          <LinkCard
            link={link}
            title={targets.drafts.ready}
            qrLabel={targets.drafts.qr}
            hint={targets.drafts.handHint}
          />
        ) : (
          <Stack gap="md">
            <Accordion variant="contained">
              <Accordion.Item value="columns">
                <Accordion.Control>{texts.columns}</Accordion.Control>
                <Accordion.Panel>
                  <Stack gap="sm">
                    <List spacing={4}>
                      {columns.map((column) => (
                        <List.Item key={column}>
                          <Code>{column}</Code> {texts.columnHints[column]}
                        </List.Item>
                      ))}
                    </List>
                    <Text fw={600}>{texts.example}</Text>
                    <Code block className="wrapped-code">
                      {example}
                    </Code>
                  </Stack>
                </Accordion.Panel>
              </Accordion.Item>
            </Accordion>
            <FileButton
              accept={tableTypes}
              onChange={(file) => void run(async () => setText((await file?.text()) ?? ""))}
            >
              {(props) => (
                <Button
                  {...props}
                  variant="default"
                  leftSection={<IconFileUpload size={20} aria-hidden />}
                >
                  {texts.file}
                </Button>
              )}
            </FileButton>
            <Textarea
              label={texts.text}
              value={text}
              minRows={6}
              maxRows={16}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => setText(event.currentTarget.value)}
            />
            <Stack gap="sm" aria-live="polite">
              {table !== undefined && table.faults.length > 0 && (
                <Alert
                  color="yellow"
                  icon={<IconAlertTriangle aria-hidden />}
                  title={texts.faultsTitle}
                >
                  <Text>{texts.faultsAbout}</Text>
                  <List mt="xs">
                    {table.faults.map(({ line, text: fault }) => (
                      <List.Item key={`${line} ${fault}`}>
                        {texts.line(line)}: {fault}
                      </List.Item>
                    ))}
                  </List>
                </Alert>
              )}
              {isReady && <Text>{texts.read(table.rows.length)}</Text>}
            </Stack>
            <Trouble error={error} />
            <Button size="lg" disabled={!isReady} loading={isBusy} onClick={finish}>
              {isOwner ? texts.collect(table?.rows.length ?? 0) : targets.drafts.hand}
            </Button>
            <Button variant="subtle" component={Link} href="/targets">
              {shell.cancel}
            </Button>
          </Stack>
        )}
      </Page>
    </Container>
  );
}

async function handOver(side: PageSide, rows: readonly TableRow[]): Promise<string> {
  const name = `machines-${crypto.randomUUID().slice(0, 8)}`;
  const handed = rows.map(({ target, device, secret }) => ({
    target: { ...target, rights: [...target.rights] },
    device,
    secret: secret ?? null,
  }));
  const { content, seed } = await sealDraft(side.suite, side.id, name, handed);
  await putDraft(side.id, name, content);
  return encodeDraftLink(location.origin, name, seed);
}
