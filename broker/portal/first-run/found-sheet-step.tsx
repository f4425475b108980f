// Founding, third step: the recovery sheet, on paper before anything is signed.
import { Accordion, Button, Card, Stack, Text, TextInput } from "@mantine/core";
import { IconPrinter } from "@tabler/icons-react";
import { useMemo, useState, type FormEvent } from "react";
import type { Recovery } from "../../../shared/site/founding.ts";
import { found } from "../texts/first-run.ts";
import { lastGroup } from "./founding.ts";
import { GlossaryWord } from "./glossary-word.tsx";

export function SheetStep({
  name,
  recovery,
  onDone,
  onBack,
}: {
  readonly name: string;
  readonly recovery: Recovery;
  readonly onDone: () => void;
  readonly onBack: () => void;
}) {
  const [typed, setTyped] = useState("");
  const [isTried, setTried] = useState(false);
  const isRight = typed.trim().toUpperCase() === lastGroup(recovery);
  const today = useMemo(() => new Date().toISOString().slice(0, 10), []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (isRight) onDone();
  };
  return (
    <Stack gap="md">
      <Text className="not-printed">{found.sheetAbout}</Text>
      <Card withBorder padding="lg">
        <Stack gap="sm">
          <Text fw={650} size="lg">
            {found.sheetTitle}
          </Text>
          <Text>
            {found.sheetSite}: {name}
          </Text>
          <Text>
            {found.sheetDate}: {today}
          </Text>
          <Text className="recovery-sheet" component="p" m={0} data-testid="recovery-sheet">
            {recovery.sheet}
          </Text>
          <Text className="only-printed">{found.sheetUse}</Text>
        </Stack>
      </Card>
      <Text className="not-printed" fw={600}>
        {found.sheetOnce}
      </Text>
      <Button
        className="not-printed"
        variant="default"
        size="lg"
        leftSection={<IconPrinter aria-hidden />}
        onClick={() => print()}
      >
        {found.print}
      </Button>
      <form onSubmit={submit} className="not-printed">
        <Stack gap="md">
          <TextInput
            label={found.confirm}
            description={found.confirmHint}
            value={typed}
            required
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            maxLength={8}
            error={isTried && !isRight ? found.confirmWrong : undefined}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button type="submit" size="lg">
            {found.next}
          </Button>
          <GlossaryWord word="sheet" />
          <Accordion variant="contained">
            <Accordion.Item value="auditor">
              <Accordion.Control>{found.auditorTitle}</Accordion.Control>
              <Accordion.Panel>{found.auditor}</Accordion.Panel>
            </Accordion.Item>
          </Accordion>
          <Button variant="subtle" onClick={onBack}>
            {found.back}
          </Button>
        </Stack>
      </form>
    </Stack>
  );
}
