// A device that shows another key or certificate than the site knows: old and new beside each other, how to compare them at the machine, and one touch to
// accept the new one for this job alone.
import { Accordion, Alert, Anchor, Button, Code, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconFingerprint } from "@tabler/icons-react";
import { Link } from "wouter";
import { deviceKeyKind } from "../../../shared/document/device-key.ts";
import { parseGrant, type Grant } from "../../../shared/document/grant.ts";
import { fingerprintOfHostKey } from "../../../shared/document/host-key.ts";
import { findTarget } from "../../../shared/document/manifest.ts";
import { isTargetKind } from "../../../shared/document/rights.ts";
import { parseTargetId, type PersonId, type TargetId } from "../../../shared/ids.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { ownFingerprintLines } from "../../../shared/site/own-fingerprint.ts";
import { CopyLine } from "../shell/copy-line.tsx";
import { Moment } from "../shell/moment.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { approvals } from "../texts/approvals.ts";
import { acceptDeviceKeys, approveSame, signersOf } from "./answers.ts";
import { whyNot } from "./hindrance.ts";
import type { ChangedDevice, ReadStatus } from "./edge-status.ts";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";
import { nameOf, targetName } from "./words.ts";

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
  const target = parseTargetId(device.target);
  const name = targetName(side.held, target);
  const listed = findTarget(side.held.manifest.payload, target);
  const { fingerprint } = device;
  const what = deviceKeyKind(fingerprint);
  const pinned = useLoaded(
    async () =>
      what === "certificate"
        ? device.pinned
        : Promise.all(device.pinned.map((line) => fingerprintOfHostKey(side.suite, line))),
    [device],
  );
  return (
    <Alert
      color="orange"
      role="status"
      icon={<IconAlertTriangle aria-hidden />}
      title={texts.title[what](name)}
    >
      <Stack gap="md">
        <Text>{texts.about[what]}</Text>
        {listed?.kind === "rdp" && <Text>{texts.renewedByItself}</Text>}
        <div className="side-by-side">
          <div>
            <Text size="sm">{texts.known}</Text>
            {pinned.value?.map((each) => (
              <Fingerprint key={each} text={each} />
            ))}
          </div>
          <div>
            <Text size="sm">
              {texts.shown}, <Moment at={device.at} />
            </Text>
            <Fingerprint text={fingerprint} />
          </div>
        </div>
        {listed !== undefined && <Comparing kind={listed.kind} />}
        <Acceptance job={job} target={target} fingerprint={fingerprint} onChange={onChange} />
        {side.hasRole("owner") ? (
          <Anchor component={Link} href={`/targets/${target}`}>
            {texts.pinForGood}
          </Anchor>
        ) : (
          <Text size="sm">{texts.forGood(name)}</Text>
        )}
      </Stack>
    </Alert>
  );
}

/** A certificate's has no place of its own where a line may end: after each fourth pair there is one, so that two of them break alike. */
function Fingerprint({ text }: { readonly text: string }) {
  const groups = text.match(/(?:[0-9A-F]{2}:?){1,4}/g);
  return (
    <Code block className="breaks-words">
      {groups === null || groups.join("") !== text
        ? text
        : groups.map((group) => [group, <wbr key={group} />])}
    </Code>
  );
}

function Comparing({ kind }: { readonly kind: string }) {
  const line = isTargetKind(kind) ? ownFingerprintLines[kind] : undefined;
  if (!isTargetKind(kind) || line === undefined) return null;
  return (
    <Accordion variant="contained">
      <Accordion.Item value="compare">
        <Accordion.Control>{texts.compare}</Accordion.Control>
        <Accordion.Panel>
          <Stack gap="sm">
            <Text size="sm">{texts.compareAbout[kind]}</Text>
            <CopyLine line={line} />
            {kind === "rdp" && <Text size="sm">{texts.thumbprint}</Text>}
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function Acceptance({
  job,
  target,
  fingerprint,
  onChange,
}: {
  readonly job: Job;
  readonly target: TargetId;
  readonly fingerprint: string;
  readonly onChange: () => void;
}) {
  const side = useSide();
  const act = useAct();
  const isIn = (keys: Grant["deviceKeys"] | undefined): boolean =>
    keys?.some((each) => each.target === target && each.fingerprint === fingerprint) === true;
  const half = job.partial && isIn(parseGrant(job.partial).deviceKeys) ? job.partial : undefined;
  const signers = useLoaded<readonly PersonId[]>(
    async () => (half === undefined ? [] : signersOf(side.held, half)),
    [half],
  );
  if (isIn(job.grant?.payload.deviceKeys))
    return (
      <>
        <Group gap="xs" wrap="nowrap">
          <IconCheck aria-hidden />
          <Text fw={600}>{texts.accepted}</Text>
        </Group>
        <Text size="sm">{texts.acceptedHint}</Text>
      </>
    );
  const say = (work: () => Promise<unknown>): void => {
    void act
      .run(async () => {
        await work();
      })
      .then(onChange);
  };
  const accept = (): void =>
    say(() => acceptDeviceKeys(side, job, [{ target, fingerprint }], side.openTouch()));
  const sign = (label: string, onClick: () => void) => (
    <Button
      size="lg"
      variant="default"
      loading={act.isBusy}
      leftSection={<IconFingerprint aria-hidden />}
      onClick={onClick}
    >
      {label}
    </Button>
  );
  const mayAnswer = whyNot(side, job) === undefined;
  return (
    <>
      <Told act={act} />
      {half !== undefined && signers.value !== undefined && (
        <>
          <Text>{texts.half(signers.value.map((id) => nameOf(side.held, id)).join(", "))}</Text>
          {mayAnswer &&
            !signers.value.includes(side.me) &&
            sign(approvals.question.approveSame, () =>
              say(() => approveSame(side, job, side.openTouch())),
            )}
        </>
      )}
      {job.partial === undefined && mayAnswer && (
        <>
          {sign(texts.accept, accept)}
          <Text size="sm">{texts.acceptHint}</Text>
        </>
      )}
    </>
  );
}
