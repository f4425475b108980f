// A test of a machine, step by step as the box takes it, before anything is signed. The machine's own key is shown to be compared, then pinned; only then is a
// password tried.
import { Alert, Button, Card, Code, Group, List, Loader, Stack, Text } from "@mantine/core";
import { IconCheck, IconPlugConnected, IconX } from "@tabler/icons-react";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Secret } from "../../../shared/document/secret.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import type { Probing, ProbeStep } from "../../../shared/site/edge-reading.ts";
import { useAct } from "../shell/use-act.ts";
import { Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { targets as texts } from "../texts/site.ts";
import type { Tested } from "./changes.ts";
import type { DeviceToProbe } from "./device-words.ts";

export interface DeviceTestProps {
  readonly edge: EdgeId;
  /** What is to be tried; undefined while the form is not complete. */
  readonly device: () => DeviceToProbe | undefined;
  readonly secret: () => Secret | undefined;
  readonly onPin: (hostKeys: readonly string[]) => void;
  readonly onTested: (tested: Tested) => void;
}

export function DeviceTest({ edge, device, secret, onPin, onTested }: DeviceTestProps) {
  const side = useSide();
  const { isBusy, error, isCancelled, run } = useAct();
  const [steps, setSteps] = useState<readonly ProbeStep[]>([]);
  const [pinned, setPinned] = useState<string>();

  // One touch for all tests of this page: the channel that it proves stays open until the page is left.
  const channel = useRef<{ readonly edge: EdgeId; readonly probing: Probing }>(undefined);
  const leave = useCallback((): void => {
    const open = channel.current;
    channel.current = undefined;
    open?.probing[Symbol.asyncDispose]().catch(() => undefined);
  }, []);
  useEffect(() => leave, [leave]);
  const probingOf = async (): Promise<Probing> => {
    const open = channel.current;
    if (open !== undefined && open.edge === edge && !open.probing.isClosed) return open.probing;
    leave();
    const touch = side.openTouch();
    const { Probing: Channel } = await import("../../../shared/site/edge-reading.ts");
    const probing = await Channel.open(side.withTouch(touch), edge);
    channel.current = { edge, probing };
    return probing;
  };

  const test = (wanted: DeviceToProbe): void => {
    setSteps([]);
    void run(async () => {
      const found: ProbeStep[] = [];
      const probing = await probingOf();
      const asked = { device: wanted, secret: secret() ?? null };
      for await (const step of probing.try(asked)) {
        found.push(step);
        setSteps([...found]);
      }
      const isWhole = wanted.kind !== "ssh" || wanted.hostKeys.length > 0;
      const ok = found.some((step) => step.step === "done" && step.ok);
      if (isWhole || !ok) onTested({ ok, at: side.now() });
    });
  };
  const start = (): void => {
    const wanted = device();
    if (wanted !== undefined) test(wanted);
  };
  const shown = steps.find(({ step }) => step === "host-key");
  const offered = shown?.hostKeys ?? [];
  const wanted = device();
  const isPinned = wanted?.kind === "ssh" && offered.some((line) => wanted.hostKeys.includes(line));
  const pin = (): void => {
    const base = device();
    if (base?.kind !== "ssh") return;
    onPin(offered);
    setPinned(offered[0]);
    test({ ...base, hostKeys: [...offered] });
  };
  const done = steps.find(({ step }) => step === "done");
  return (
    <Card withBorder padding="md">
      <Stack gap="sm">
        <Text>{texts.testAbout}</Text>
        <Group>
          <Button
            variant="default"
            loading={isBusy}
            leftSection={<IconPlugConnected aria-hidden />}
            onClick={start}
          >
            {steps.length === 0 ? texts.test : texts.testAgain}
          </Button>
          {isBusy && (
            <Group gap="xs" role="status">
              <Loader size="sm" aria-hidden />
              <Text>{texts.testing}</Text>
            </Group>
          )}
        </Group>
        <Trouble error={error} />
        {isCancelled && <Alert color="gray">{texts.notTested}</Alert>}
        <List listStyleType="none" spacing="xs" aria-live="polite">
          {steps
            .filter(({ step }) => step !== "done")
            .map((step, at) => (
              <List.Item
                key={`${step.step} ${at}`}
                icon={
                  step.ok ? (
                    <IconCheck aria-label={texts.worked} />
                  ) : (
                    <IconX aria-label={texts.failed} />
                  )
                }
              >
                <Text fw={600}>{texts.steps[step.step]}</Text>
                <Text size="sm" className="breaks-anywhere">
                  {step.text}
                </Text>
              </List.Item>
            ))}
        </List>
        {shown !== undefined && offered.length > 0 && !isPinned && !isBusy && (
          <Alert color="blue">
            <Stack gap="sm" align="flex-start">
              <Text>{texts.pinAbout}</Text>
              <Code className="breaks-anywhere">{fingerprintIn(shown.text)}</Code>
              <Button onClick={pin}>{texts.pin}</Button>
            </Stack>
          </Alert>
        )}
        {pinned !== undefined && isPinned && <Text role="status">{texts.pinned}</Text>}
        {done !== undefined && !isBusy && (isPinned || wanted?.kind === "tcp" || !done.ok) && (
          <Alert color={done.ok ? "green" : "yellow"} role="status">
            {done.ok ? texts.allWell : texts.notWell}
          </Alert>
        )}
      </Stack>
    </Card>
  );
}

function fingerprintIn(text: string): string {
  return /SHA256:[A-Za-z0-9+/]+/.exec(text)?.[0] ?? text;
}
