// "End at once": two presses of one button within three seconds, by thumb or keyboard; then what has come of it, by the box's own word.
import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconHandStop, IconHourglass, IconPlayerStopFilled } from "@tabler/icons-react";
import { useState } from "react";
import type { Job } from "../../../shared/site/jobs.ts";
import { useSide } from "../shell/person-context.tsx";
import { approvals } from "../texts/approvals.ts";
import { end, type Ending } from "./answers.ts";
import { quietTouch } from "./quiet-touch.ts";
import { Told } from "./told.tsx";
import { TwicePressed } from "./twice-pressed.tsx";
import { useAct } from "../shell/use-act.ts";

const texts = approvals.running;

export function EndButton({
  job,
  onDone,
  size = "xl",
}: {
  readonly job: Job;
  readonly onDone: () => void;
  readonly size?: "md" | "xl";
}) {
  const side = useSide();
  const act = useAct();
  const [ending, setEnding] = useState<Ending>();
  const press = (): void => {
    void act.run(() => end(side, job, quietTouch(side), setEnding)).then(onDone);
  };
  const isAsked = ending?.state === "asked" || job.state === "end asked";
  const isDone = ending?.state === "done" || job.state === "ended";
  return (
    <Stack gap="sm">
      {isDone ? (
        <Alert
          color="green"
          role="status"
          icon={<IconPlayerStopFilled aria-hidden />}
          title={texts.ended}
        >
          {ending?.tookMs !== undefined && (
            <Text>{texts.endedIn(`${(ending.tookMs / 1000).toFixed(1)} s`)}</Text>
          )}
        </Alert>
      ) : (
        isAsked && (
          <Alert
            color="orange"
            role="status"
            icon={<IconHourglass aria-hidden />}
            title={texts.endAsked}
          >
            <Text>{texts.endAskedHint}</Text>
          </Alert>
        )
      )}
      <Told act={act} />
      {!isDone && !isAsked && (
        <TwicePressed
          label={texts.end}
          again={texts.endAgain}
          icon={<IconHandStop aria-hidden />}
          isBusy={act.isBusy}
          onPress={press}
          size={size}
        />
      )}
      {act.error !== undefined && isAsked && (
        <Button size="lg" color="red" onClick={press}>
          {texts.end}
        </Button>
      )}
    </Stack>
  );
}
