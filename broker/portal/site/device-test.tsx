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
import { targets as texts } from "../texts/targets.ts";
import type { Tested } from "./changes.ts";
import type { DeviceToProbe } from "./device-words.ts";

export interface DeviceTestProps {
  readonly edge: EdgeId;
  /** What is to be tried; undefined while the form is not complete. */
  readonly device: () => DeviceToProbe | undefined;
  readonly secret: () => Secret | undefined;
  /** A test was wanted of what is no device yet. */
  readonly onIncomplete: () => void;
  readonly onPin: (pin: Pin) => void;
  readonly onTested: (tested: Tested) => void;
}

export function DeviceTest(props: DeviceTestProps) {
  const { edge, device, secret, onIncomplete, onPin, onTested } = props;
  const side = useSide();
  const { isBusy, error, isCancelled, run } = useAct();
  const [steps, setSteps] = useState<readonly ProbeStep[]>([]);
  const [pinned, setPinned] = useState<Pin["kind"]>();

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
      const ok = found.some((step) => step.step === "done" && step.ok);
      // Something to pin: the test goes on once it is, and only then says all.
      if (pinOf(found, wanted)?.isAwaited !== true) onTested({ ok, at: side.now() });
    });
  };
  const start = (): void => {
    const wanted = device();
    if (wanted === undefined) onIncomplete();
    else test(wanted);
  };
  const wanted = device();
  const offered = wanted && pinOf(steps, wanted);
  const pin = (): void => {
    if (wanted === undefined || offered === undefined) return;
    onPin(offered.pin);
    setPinned(offered.pin.kind);
    test(withPin(wanted, offered.pin));
  };
  const words = offered && pinWords[offered.pin.kind];
  // A login that was not tried for want of a pin is no failure: it follows.
  const isWaiting = offered?.isAwaited === true;
  // Some machines show only on their own screen whether they let somebody in.
  const isLoginUntried = secret() !== undefined && !steps.some(({ step }) => step === "login");
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
            .filter(({ step }) => step !== "done" && (step !== "login" || !isWaiting))
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
        {offered !== undefined && words !== undefined && !offered.isPinned && !isBusy && (
          <Alert color="blue">
            <Stack gap="sm" align="flex-start">
              <Text>{words.about}</Text>
              <Code className="breaks-anywhere">{offered.fingerprint}</Code>
              <Button onClick={pin}>{words.pin}</Button>
            </Stack>
          </Alert>
        )}
        {offered?.isPinned === true && offered.pin.kind === pinned && (
          <Text role="status">{words?.pinned}</Text>
        )}
        {done !== undefined &&
          !isBusy &&
          !isWaiting &&
          (offered?.isPinned !== false || !done.ok) && (
            <Alert color={done.ok ? "green" : "yellow"} role="status">
              {!done.ok ? texts.notWell : isLoginUntried ? texts.loginUntried : texts.allWell}
            </Alert>
          )}
      </Stack>
    </Card>
  );
}

/** What a machine showed of itself: under it alone the box accepts the machine from then on. */
export type Pin =
  | { readonly kind: "host-key"; readonly hostKeys: readonly string[] }
  | { readonly kind: "certificate"; readonly certificate: string };

const pinWords: Readonly<Record<Pin["kind"], { about: string; pin: string; pinned: string }>> = {
  "host-key": { about: texts.pinAbout, pin: texts.pin, pinned: texts.pinned },
  certificate: {
    about: texts.pinCertificateAbout,
    pin: texts.pinCertificate,
    pinned: texts.certificatePinned,
  },
};

interface Offered {
  readonly pin: Pin;
  /** As it is compared with what the machine itself tells. */
  readonly fingerprint: string;
  readonly isPinned: boolean;
  /** Nothing else is pinned yet: the test waits for somebody to compare. */
  readonly isAwaited: boolean;
}

function pinOf(steps: readonly ProbeStep[], device: DeviceToProbe): Offered | undefined {
  for (const { step, ok, text, hostKeys, certificate } of steps) {
    if (step === "host-key" && hostKeys.length > 0) {
      const isPinned =
        device.kind === "ssh" && hostKeys.some((line) => device.hostKeys.includes(line));
      const isAwaited = ok && !isPinned;
      return {
        pin: { kind: step, hostKeys },
        fingerprint: fingerprintIn(text),
        isPinned,
        isAwaited,
      };
    }
    if (step === "certificate" && certificate !== undefined) {
      const isPinned = "certificate" in device && device.certificate === certificate;
      const isAwaited = ok && !isPinned;
      return { pin: { kind: step, certificate }, fingerprint: certificate, isPinned, isAwaited };
    }
  }
  return undefined;
}

function withPin(device: DeviceToProbe, pin: Pin): DeviceToProbe {
  if (pin.kind === "host-key")
    return device.kind === "ssh" ? { ...device, hostKeys: [...pin.hostKeys] } : device;
  return "certificate" in device ? { ...device, certificate: pin.certificate } : device;
}

function fingerprintIn(text: string): string {
  return /SHA256:[A-Za-z0-9+/]+/.exec(text)?.[0] ?? text;
}
