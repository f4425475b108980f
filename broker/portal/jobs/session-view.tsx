// Working in a job: its time, its machines, their terminals, and the end.
import { Alert, Box, Button, Group, Modal, Stack, Tabs, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import {
  IconCheck,
  IconDeviceDesktop,
  IconPlugConnectedX,
  IconPlugConnected,
  IconTerminal2,
} from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useRef, useState, type ReactNode } from "react";
import type { AdmittedTarget } from "../../../shared/channel/messages.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import type { PageSide } from "../person/page-side.ts";
import { Empty, Loading, Page } from "../shell/page.tsx";
import { useKeptFocus } from "../shell/use-kept-focus.ts";
import { ask, session, terminal } from "../texts/jobs.ts";
import { screen } from "../texts/screen.ts";
import { Countdown, MoreTime, TimeNotice } from "./countdown.tsx";
import { machinesOf } from "./job-words.tsx";
import type { LiveJob, LiveState, ScreenTab, TerminalTab } from "./live-job.ts";
import { Moment } from "../shell/moment.tsx";
import { TcpTarget } from "./tcp-target.tsx";
import { WebTarget } from "./web-target.tsx";

const TerminalView = lazy(() => import("./terminal-view.tsx"));
const DrivePanel = lazy(() => import("../screen/drive-panel.tsx"));
const ScreenView = lazy(() => import("../screen/screen-view.tsx"));
/** Machines whose screen one sees. */
const screenKinds: ReadonlySet<string> = new Set(["vnc", "rdp"]);

export interface SessionProps {
  readonly side: PageSide;
  readonly job: Job;
  readonly live: LiveJob;
  readonly state: LiveState;
}

export function SessionView({ side, job, live, state }: SessionProps) {
  const machines = machinesOf(job, side.held);
  useFirstMachine(live, state);
  useExtensionNotice(state.timesExtended);
  return (
    <Page
      title={machines}
      about={session.onRecord}
      actions={
        <>
          <Countdown state={state} />
          <Done live={live} />
        </>
      }
    >
      <Stack gap="md">
        <div>
          <div className="stays-in-sight">
            <Notices side={side} job={job} live={live} state={state} />
          </div>
          {state.targets.length === 1 ? (
            state.targets.map((target) => (
              <Target key={target.id} target={target} {...{ side, job, live, state }} />
            ))
          ) : (
            <Tabs defaultValue={state.targets[0]?.id ?? null} keepMounted={false}>
              <Tabs.List aria-label={session.machines}>
                {state.targets.map(({ id, name, kind }) => (
                  <Tabs.Tab
                    key={id}
                    value={id}
                    leftSection={
                      kind === "ssh" ? (
                        <IconTerminal2 size={18} aria-hidden />
                      ) : screenKinds.has(kind) ? (
                        <IconDeviceDesktop size={18} aria-hidden />
                      ) : (
                        <IconPlugConnected size={18} aria-hidden />
                      )
                    }
                  >
                    {name}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
              {state.targets.map((target) => (
                <Tabs.Panel key={target.id} value={target.id} pt="md">
                  <Target target={target} {...{ side, job, live, state }} />
                </Tabs.Panel>
              ))}
            </Tabs>
          )}
        </div>
        <Group justify="space-between" align="flex-start">
          <MoreTime side={side} job={job} state={state} />
          {state.endsAt !== null && (
            <Text c="dimmed" size="sm">
              {session.until} <Moment at={state.endsAt} as="clock" />
            </Text>
          )}
        </Group>
      </Stack>
    </Page>
  );
}

function Notices({ side, job, state }: SessionProps) {
  return (
    <>
      <TimeNotice side={side} job={job} state={state} />
      <Connection
        isAway={state.isAway}
        timesBack={state.timesBack}
        // What is typed into a terminal is kept; what is done to a picture that stands still is not.
        words={state.terminals.length === 0 && state.screens.length > 0 ? screen.line : session}
      />
    </>
  );
}

function Target({ target, ...props }: SessionProps & { readonly target: AdmittedTarget }) {
  const { job, live, state } = props;
  if (screenKinds.has(target.kind)) return <Screen target={target} {...props} />;
  if (target.kind === "http") return <WebTarget target={target} job={job} live={live} />;
  if (target.kind !== "ssh") return <TcpTarget target={target} job={job} />;
  if (!target.rights.includes("terminal"))
    return (
      <Empty title={session.noTerminal}>
        <Text>{session.noTerminalHint(rightsWords(target))}</Text>
      </Empty>
    );
  const tabs = state.terminals.filter((tab) => tab.target === target.id);
  return (
    <Terminals
      target={target}
      live={live}
      tabs={tabs}
      clock={<Countdown state={state} />}
      notices={<Notices {...props} />}
    />
  );
}

function Screen({ target, ...props }: SessionProps & { readonly target: AdmittedTarget }) {
  const { live, state } = props;
  const tab = state.screens.find((each) => each.target === target.id);
  const place = useRef<HTMLDivElement>(null);
  useKeptFocus(place, tab === undefined);
  if (!canBeSeen(target))
    return (
      <Empty title={screen.none}>
        <Text>{screen.noneHint(rightsWords(target))}</Text>
      </Empty>
    );
  return (
    <div ref={place}>
      {tab === undefined ? (
        <Button
          size="lg"
          leftSection={<IconDeviceDesktop aria-hidden />}
          onClick={() => live.addScreen(target.id)}
        >
          {screen.open(target.name)}
        </Button>
      ) : (
        <OneScreen key={tab.number} target={target} tab={tab} {...props} />
      )}
    </div>
  );
}

function OneScreen({
  target,
  tab,
  ...props
}: SessionProps & { readonly target: AdmittedTarget; readonly tab: ScreenTab }) {
  const { live, state } = props;
  return (
    <Suspense fallback={<Loading label={screen.opening(target.name)} />}>
      <ScreenView
        live={live}
        tab={tab}
        target={target}
        clock={<Countdown state={state} />}
        notices={<Notices {...props} />}
        onAgain={() => live.addScreen(target.id)}
        onClose={() => live.closeScreen(tab)}
      />
      {target.kind === "rdp" && target.rights.includes("files") && (
        <Box mt="md">
          <DrivePanel live={live} target={target} />
        </Box>
      )}
    </Suspense>
  );
}

/** Either right shows the picture. */
function canBeSeen({ kind, rights }: AdmittedTarget): boolean {
  return screenKinds.has(kind) && (rights.includes("control") || rights.includes("view"));
}

function Terminals({
  target,
  live,
  tabs,
  clock,
  notices,
}: {
  readonly target: AdmittedTarget;
  readonly live: LiveJob;
  readonly tabs: readonly TerminalTab[];
  readonly clock: ReactNode;
  readonly notices: ReactNode;
}) {
  const [chosen, setChosen] = useState<number>();
  const shown = tabs.find(({ number }) => number === chosen) ?? tabs.at(-1);
  const add = (): void => setChosen(live.addTerminal(target.id).number);
  if (shown === undefined)
    return (
      <Group>
        <Button size="lg" leftSection={<IconTerminal2 aria-hidden />} onClick={add}>
          {session.openTerminal(target.name)}
        </Button>
      </Group>
    );
  return (
    <Stack gap="xs">
      <Group gap="xs">
        {tabs.length > 1 &&
          tabs.map((tab, index) => (
            <Button
              key={tab.number}
              size="sm"
              variant={tab === shown ? "light" : "subtle"}
              aria-pressed={tab === shown}
              onClick={() => setChosen(tab.number)}
            >
              {session.terminalTab(index + 1)}
            </Button>
          ))}
        <Button
          size="sm"
          variant="subtle"
          leftSection={<IconTerminal2 size={18} aria-hidden />}
          onClick={add}
        >
          {session.newTerminal}
        </Button>
      </Group>
      <Suspense fallback={<Loading label={terminal.opening(target.name)} />}>
        <TerminalView
          key={shown.number}
          live={live}
          tab={shown}
          machine={target.name}
          clock={clock}
          notices={notices}
          onAgain={() => {
            live.closeTerminal(shown);
            add();
          }}
          onClose={() => live.closeTerminal(shown)}
        />
      </Suspense>
    </Stack>
  );
}

function Connection({
  isAway,
  timesBack,
  words,
}: {
  readonly isAway: boolean;
  readonly timesBack: number;
  readonly words: { readonly away: string; readonly back: string };
}) {
  const shown = useRef(timesBack);
  const latest = useRef(words.back);
  latest.current = words.back;
  useEffect(() => {
    if (timesBack === shown.current) return;
    shown.current = timesBack;
    notifications.show({
      id: "back",
      message: latest.current,
      color: "green",
      icon: <IconCheck aria-hidden />,
    });
  }, [timesBack]);
  return (
    <div aria-live="polite">
      {isAway && (
        <Alert color="yellow" icon={<IconPlugConnectedX aria-hidden />} role="status" mb="md">
          {words.away}
        </Alert>
      )}
    </div>
  );
}

function Done({ live }: { readonly live: LiveJob }) {
  const [isAsking, question] = useDisclosure(false);
  return (
    <>
      <Button variant="default" onClick={question.open}>
        {session.done}
      </Button>
      <Modal opened={isAsking} onClose={question.close} title={session.doneQuestion}>
        <Stack gap="md">
          <Text>{session.doneHint}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={question.close}>
              {session.stay}
            </Button>
            <Button
              data-autofocus
              onClick={() => {
                question.close();
                void live.leave();
              }}
            >
              {session.end}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

// The machine opens by itself, but not behind somebody's back: the minutes begin with it.
function useFirstMachine(live: LiveJob, state: LiveState): void {
  const first = state.targets[0];
  const opens =
    first !== undefined &&
    ((first.kind === "ssh" && first.rights.includes("terminal")) || canBeSeen(first));
  useEffect(() => {
    if (first === undefined || !opens || live.hasBegun) return undefined;
    const begin = (): void => {
      if (document.hidden || live.hasBegun) return;
      if (first.kind === "ssh") live.addTerminal(first.id);
      else live.addScreen(first.id);
    };
    begin();
    document.addEventListener("visibilitychange", begin);
    return () => document.removeEventListener("visibilitychange", begin);
  }, [live, first, opens]);
}

function useExtensionNotice(timesExtended: number): void {
  const shown = useRef(timesExtended);
  useEffect(() => {
    if (timesExtended === shown.current) return;
    shown.current = timesExtended;
    notifications.show({ message: session.extended, color: "green" });
  }, [timesExtended]);
}

function rightsWords({ rights }: AdmittedTarget): string {
  return rights.map((right) => ask.rightWords[right]?.split(":")[0] ?? right).join(", ");
}
