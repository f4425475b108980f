// A device that shows another key than the site knows: old and new beside each other, and one touch to accept the new one for this job alone.
import { Alert, Badge, Button, Code, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconFingerprint } from "@tabler/icons-react";
import { fingerprintOfHostKey } from "../../../shared/document/host-key.ts";
import { parseTargetId } from "../../../shared/ids.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { Moment } from "../shell/moment.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { approvals } from "../texts/approvals.ts";
import { acceptHostKeys } from "./answers.ts";
import { whyNot } from "./hindrance.ts";
import type { ChangedDevice, ReadStatus } from "./edge-status.ts";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";
import { targetName } from "./words.ts";

const texts = approvals.changedKey;

export function ChangedKeys({
  job,
  status,
  onChange,
}: {
  readonly job: Job;
  readonly status: ReadStatus;
  readonly onChange: () => void;
}) {
  const targets = new Set<string>(job.grant?.payload.targets.map(({ id }) => id));
  return status.changedDevices
    .filter(({ target }) => targets.has(target))
    .map((device) => (
      <ChangedKey
        key={`${device.target} ${device.fingerprint}`}
        job={job}
        device={device}
        onChange={onChange}
      />
    ));
}

function ChangedKey({
  job,
  device,
  onChange,
}: {
  readonly job: Job;
  readonly device: ChangedDevice;
  readonly onChange: () => void;
}) {
  const side = useSide();
  const act = useAct();
  const target = parseTargetId(device.target);
  const { fingerprint } = device;
  const pinned = useLoaded(
    () => Promise.all(device.pinned.map((line) => fingerprintOfHostKey(side.suite, line))),
    [device],
  );
  const isAccepted = job.grant?.payload.deviceKeys.some(
    (each) => each.target === target && each.fingerprint === fingerprint,
  );
  const accept = (): void => {
    void act
      .run(async () => {
        await acceptHostKeys(side, job, [{ target, fingerprint }], side.openTouch());
      })
      .then(onChange);
  };
  return (
    <Alert
      color="orange"
      role="status"
      icon={<IconAlertTriangle aria-hidden />}
      title={texts.title(targetName(side.held, target))}
    >
      <Stack gap="md">
        <Text>{texts.about}</Text>
        <div className="side-by-side">
          <div>
            <Text size="sm">{texts.known}</Text>
            {pinned.value?.map((each) => (
              <Code key={each} block className="breaks-words">
                {each}
              </Code>
            ))}
          </div>
          <div>
            <Text size="sm">
              {texts.shown}, <Moment at={device.at} />
            </Text>
            <Code block className="breaks-words">
              {fingerprint}
            </Code>
          </div>
        </div>
        <Told act={act} />
        {isAccepted === true ? (
          <Badge color="green" size="lg" tt="none">
            {texts.accepted}
          </Badge>
        ) : (
          whyNot(side, job) === undefined &&
          job.partial === undefined && (
            <>
              <Button
                size="lg"
                color="orange"
                variant="light"
                loading={act.isBusy}
                leftSection={<IconFingerprint aria-hidden />}
                onClick={accept}
              >
                {texts.accept}
              </Button>
              <Text size="sm">{texts.acceptHint}</Text>
            </>
          )
        )}
      </Stack>
    </Alert>
  );
}
