// A no with its reason: a quick one, or one's own words.
import { Button, Card, Chip, Group, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import type { Job } from "../../../shared/site/jobs.ts";
import { useSide } from "../shell/person-context.tsx";
import { approvals } from "../texts/approvals.ts";
import { deny } from "./answers.ts";
import { quietTouch } from "./quiet-touch.ts";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";

const texts = approvals.question;
const maxReasonCharacters = 500;

export function Denial({ job, onDone }: { readonly job: Job; readonly onDone: () => void }) {
  const side = useSide();
  const [reason, setReason] = useState("");
  const act = useAct();
  const send = (): void => {
    void act
      .run(() => deny(side, job, reason.replace(/\s+/g, " ").trim(), quietTouch(side)))
      .then((isDone) => isDone && onDone());
  };
  return (
    <Card withBorder padding="lg">
      <Stack gap="md">
        <div>
          <Text fw={600}>{texts.denyTitle}</Text>
          <Text c="dimmed">{texts.denyAbout}</Text>
        </div>
        <Chip.Group value={reason} onChange={setReason}>
          <Group gap="xs" role="group" aria-label={texts.denyTitle}>
            {texts.quick.map((each) => (
              <Chip key={each} value={each} size="lg" variant="outline">
                {each}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <Textarea
          label={texts.ownReason}
          maxLength={maxReasonCharacters}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Told act={act} />
        <Button size="lg" color="red" loading={act.isBusy} onClick={send}>
          {texts.sendDeny}
        </Button>
      </Stack>
    </Card>
  );
}
