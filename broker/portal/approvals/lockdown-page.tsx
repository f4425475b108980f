// Locks the site, a box or a machine, and lifts what is locked; how far each box has come, by its own word.
import {
  Alert,
  Badge,
  Button,
  Card,
  Group,
  Select,
  Stack,
  Text,
  Textarea,
  Title,
} from "@mantine/core";
import { IconFingerprint, IconLock, IconLockOpen, IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import type { LockdownScope } from "../../../shared/document/lockdown.ts";
import { parseEdgeId, parseTargetId } from "../../../shared/ids.ts";
import type { StandingLockdown } from "../../../shared/site/lockdowns.ts";
import { Moment } from "../shell/moment.tsx";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { usePerson, useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { approvals } from "../texts/approvals.ts";
import { lockdown as texts } from "../texts/lockdown.ts";
import { liftOn, lockDown, lockdownsOf, type EdgeLock, type Locked } from "./lockdown.ts";
import { quietTouch } from "./quiet-touch.ts";
import { Told } from "./told.tsx";
import { TwicePressed } from "./twice-pressed.tsx";
import { useAct } from "../shell/use-act.ts";
import { nameOf, targetName } from "./words.ts";

const maxReasonCharacters = 500;

export default function LockdownPage() {
  const side = useSide();
  const { news } = usePerson();
  const { value, error, reload } = useLoaded(() => lockdownsOf(side), [news]);
  const standing =
    value?.filter(({ edges }) => edges.some(({ state }) => state !== "lifted")) ?? [];
  const lifted = value?.filter((each) => !standing.includes(each)) ?? [];
  return (
    <Page title={texts.title} about={texts.about}>
      <Stack component="section" gap="sm" aria-live="polite">
        <Title order={2} size="h4">
          {texts.standing}
        </Title>
        {value === undefined ? (
          error === undefined ? (
            <Loading />
          ) : (
            <Trouble error={error} retry={reload} />
          )
        ) : standing.length === 0 ? (
          <Empty title={texts.none}>
            <Text c="dimmed">{texts.noneHint}</Text>
          </Empty>
        ) : (
          standing.map((each) => (
            <LockedCard key={each.standing.id} locked={each} onChange={reload} />
          ))
        )}
      </Stack>
      <LockForm isLocked={standing.length > 0} onChange={reload} />
      {lifted.length > 0 && (
        <Stack component="section" gap="sm">
          <Title order={2} size="h4">
            {texts.lifted}
          </Title>
          {lifted.map(({ standing: { id, lockdown } }) => (
            <Card key={id} withBorder padding="md">
              <Text fw={600}>{scopeWords(side, lockdown.payload.scope)}</Text>
              <Text size="sm" c="dimmed">
                {byWords(side, lockdown)} <Moment at={lockdown.payload.issuedAt} />
              </Text>
            </Card>
          ))}
        </Stack>
      )}
    </Page>
  );
}

function LockedCard({
  locked,
  onChange,
}: {
  readonly locked: Locked;
  readonly onChange: () => void;
}) {
  const side = useSide();
  const { lockdown } = locked.standing;
  return (
    <Card withBorder padding="lg" component="article">
      <Stack gap="md">
        <Group gap="xs" wrap="nowrap" align="flex-start">
          <IconLock aria-hidden />
          <Stack gap={0}>
            <Title order={3} size="h4">
              {scopeWords(side, lockdown.payload.scope)}
            </Title>
            <Text size="sm" c="dimmed">
              {byWords(side, lockdown)} <Moment at={lockdown.payload.issuedAt} />
            </Text>
          </Stack>
        </Group>
        {lockdown.payload.reason !== "" && (
          <Text className="breaks-words">{lockdown.payload.reason}</Text>
        )}
        {locked.edges.map((edge) => (
          <EdgeState key={edge.edge} edge={edge} onChange={onChange} />
        ))}
      </Stack>
    </Card>
  );
}

function EdgeState({ edge, onChange }: { readonly edge: EdgeLock; readonly onChange: () => void }) {
  const side = useSide();
  const act = useAct();
  const [done, setDone] = useState<string>();
  const colors = { asked: "orange", locked: "red", lifted: "green" } as const;
  const mayLift = edge.state === "locked" && side.hasRole("approver", "owner");
  const press = (): void => {
    void act
      .run(async () => {
        const outcome = await liftOn(side, edge, side.openTouch());
        setDone(texts.outcome[outcome]);
      })
      .then(onChange);
  };
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Text fw={600}>{side.edgeName(edge.edge)}</Text>
        <Badge color={colors[edge.state]} variant="light" tt="none" size="lg">
          {texts.states[edge.state]}
        </Badge>
      </Group>
      {edge.state === "asked" && (
        <Text size="sm" c="dimmed">
          {texts.askedHint}
        </Text>
      )}
      {edge.signedBy.length > 0 && edge.state === "locked" && (
        <Group gap="xs" wrap="nowrap">
          <IconUsers size={20} aria-hidden />
          <Text>{texts.partly(edge.signedBy.map((id) => nameOf(side.held, id)).join(", "))}</Text>
        </Group>
      )}
      <Told act={act} done={edge.state === "locked" ? done : undefined} />
      {mayLift &&
        (edge.signedBy.includes(side.me) ? (
          <Alert color="blue">{texts.already}</Alert>
        ) : (
          <Button
            size="lg"
            variant="light"
            loading={act.isBusy}
            leftSection={
              side.decidesBy === "passkey" ? (
                <IconFingerprint aria-hidden />
              ) : (
                <IconLockOpen aria-hidden />
              )
            }
            onClick={press}
          >
            {texts.lift(side.edgeName(edge.edge))}
          </Button>
        ))}
    </Stack>
  );
}

function LockForm({
  isLocked,
  onChange,
}: {
  readonly isLocked: boolean;
  readonly onChange: () => void;
}) {
  const side = useSide();
  const act = useAct();
  const [where, setWhere] = useState("site");
  const [reason, setReason] = useState("");
  const [done, setDone] = useState<string>();
  const { edges, targets } = side.held.manifest.payload;
  if (!side.hasRole("approver", "owner")) return null;
  const places = [
    { group: texts.wholeSite, items: [{ value: "site", label: texts.everything }] },
    {
      group: texts.boxes,
      items: edges.map(({ id, name }) => ({ value: `edge ${id}`, label: name })),
    },
    {
      group: texts.machines,
      items: targets.map(({ id, name }) => ({ value: `target ${id}`, label: name })),
    },
  ];
  const press = (): void => {
    setDone(undefined);
    void act
      .run(async () => {
        await lockDown(side, scopeOf(where), reason.replace(/\s+/g, " ").trim(), quietTouch(side));
        setDone(texts.asked);
        setReason("");
      })
      .then(onChange);
  };
  return (
    <Card withBorder padding="lg" component="section">
      <Stack gap="md">
        <div>
          <Title order={2} size="h4">
            {texts.lockTitle}
          </Title>
          <Text c="dimmed">{texts.lockAbout}</Text>
        </div>
        <Select
          label={texts.where}
          data={places}
          value={where}
          onChange={(value) => setWhere(value ?? "site")}
        />
        <Textarea
          label={texts.reason}
          description={texts.reasonHint}
          maxLength={maxReasonCharacters}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Told act={act} done={isLocked ? done : undefined} />
        <TwicePressed
          label={texts.lock}
          again={texts.lockAgain}
          icon={<IconLock aria-hidden />}
          isBusy={act.isBusy}
          onPress={press}
        />
      </Stack>
    </Card>
  );
}

function scopeOf(text: string): LockdownScope {
  const [kind, id = ""] = text.split(" ");
  if (kind === "edge") return { kind, id: parseEdgeId(id) };
  if (kind === "target") return { kind, id: parseTargetId(id) };
  return { kind: "site" };
}

function scopeWords(side: ReturnType<typeof useSide>, scope: LockdownScope): string {
  if (scope.kind === "site") return texts.everything;
  return scope.kind === "edge" ? side.edgeName(scope.id) : targetName(side.held, scope.id);
}

function byWords(
  side: ReturnType<typeof useSide>,
  { signers }: StandingLockdown["lockdown"],
): string {
  return approvals.over.by(signers.map(({ name }) => nameOf(side.held, name)).join(", "));
}
