// Rules of the site: its policies as presets with fine settings folded away, how long it is signed for, how many owners must sign, where passkeys are used.
import {
  Accordion,
  Alert,
  Badge,
  Button,
  Card,
  Checkbox,
  Group,
  MultiSelect,
  NumberInput,
  Radio,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useState, type FormEvent } from "react";
import type { Policy } from "../../../shared/document/manifest.ts";
import { maxJobMinutes } from "../../../shared/document/policy.ts";
import { parsePersonId, parsePolicyId } from "../../../shared/ids.ts";
import { exactWords, Moment } from "../shell/moment.tsx";
import { Page } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { rules as texts } from "../texts/site.ts";
import { ChangesBar } from "./changes-bar.tsx";
import { dayOf } from "./days.ts";
import { draftOf, useChanges } from "./draft-store.ts";
import { presetNames, presetOf, presetRules, type Preset } from "./presets.ts";
import { RemoveButton } from "./remove-button.tsx";
import { isSlug, slugOf } from "./slugs.ts";

const twoYearsSeconds = 2 * 365 * 24 * 3600;

export default function RulesPage() {
  const side = useSide();
  const { policies } = side.held.manifest.payload;
  const changes = useChanges(side.id);
  const fresh = changes
    .filter((change) => change.kind === "policy")
    .filter(({ id }) => !policies.some((each) => each.id === id))
    .map(({ policy }) => policy);
  return (
    <Page title={texts.title} about={texts.about}>
      <ChangesBar />
      {[...policies, ...fresh].map((policy) => (
        <PolicyCard key={policy.id} listed={policy} />
      ))}
      <AddPolicy />
      <Validity />
      <Owners />
      <Places />
    </Page>
  );
}

function PolicyCard({ listed }: { readonly listed: Policy }) {
  const side = useSide();
  const changes = useChanges(side.id);
  const draft = draftOf(side.id);
  const { persons, targets, policies } = side.held.manifest.payload;
  const change = changes.find((each) => each.kind === "policy" && each.id === listed.id);
  const policy = change?.kind === "policy" ? change.policy : listed;
  const isGone = changes.some(({ kind, id }) => kind === "policy-removed" && id === listed.id);
  const approvers = persons.filter(({ roles }) => roles.includes("approver"));
  const used = targets.filter((target) => target.policy === listed.id).length;
  const preset = presetOf(policy);
  const set = (fields: Partial<Policy>): void => {
    const next = { ...policy, ...fields };
    const wish = { kind: "policy", id: next.id, policy: next } as const;
    const isHeld = policies.some((each) => JSON.stringify(each) === JSON.stringify(next));
    void (isHeld ? draft.drop(wish) : draft.add(wish));
  };
  const choices = presetNames.map((each) => ({
    value: each as string,
    label: texts.presets[each],
  }));
  const data =
    preset === undefined ? [...choices, { value: "own", label: texts.presets.own }] : choices;
  return (
    <Card withBorder padding="lg">
      <Stack gap="md">
        <Group justify="space-between">
          <Group gap="xs">
            <Title order={2} size="h3" td={isGone ? "line-through" : undefined}>
              {texts.name(policy.id)}
            </Title>
            {change !== undefined && <Badge>{texts.unsigned}</Badge>}
          </Group>
          <Text c="dimmed" size="sm">
            {texts.usedBy(used)}
          </Text>
        </Group>
        <Stack gap="xs">
          <SegmentedControl
            aria-label={texts.preset}
            size="md"
            value={preset ?? "own"}
            data={data}
            onChange={(value) => {
              if (value !== "own") set(presetRules(value as Preset, approvers.length));
            }}
          />
          <Text>{texts.presetAbout[preset ?? "own"]}</Text>
        </Stack>
        <Accordion variant="contained">
          <Accordion.Item value="fine">
            <Accordion.Control>{texts.fine}</Accordion.Control>
            <Accordion.Panel>
              <Stack gap="md">
                <NumberInput
                  label={texts.fields.approversNeeded}
                  description={texts.fields.approversNeededHint}
                  min={1}
                  max={Math.max(1, Math.min(8, policy.approvers?.length ?? approvers.length))}
                  value={policy.approversNeeded}
                  onChange={(value) => {
                    if (typeof value === "number" && value >= 1) set({ approversNeeded: value });
                  }}
                />
                <MultiSelect
                  label={texts.fields.approvers}
                  description={texts.fields.approversHint}
                  size="md"
                  value={[...(policy.approvers ?? [])]}
                  data={approvers.map(({ id, name }) => ({ value: id, label: name }))}
                  onChange={(value) =>
                    set({ approvers: value.length === 0 ? null : value.map(parsePersonId) })
                  }
                />
                <NumberInput
                  label={texts.fields.maxMinutes}
                  min={1}
                  max={maxJobMinutes}
                  value={policy.maxMinutes}
                  onChange={(value) => {
                    if (typeof value === "number" && value >= 1) set({ maxMinutes: value });
                  }}
                />
                <Checkbox
                  label={texts.fields.passkeysOnly}
                  description={texts.fields.passkeysOnlyHint}
                  checked={policy.passkeysOnly}
                  onChange={(event) => set({ passkeysOnly: event.currentTarget.checked })}
                />
                <Checkbox
                  label={texts.fields.deviceBound}
                  description={texts.fields.deviceBoundHint}
                  checked={policy.deviceBound}
                  onChange={(event) => set({ deviceBound: event.currentTarget.checked })}
                />
                <Checkbox
                  label={texts.fields.secondFactor}
                  description={texts.fields.secondFactorHint}
                  checked={policy.secondFactor === "required"}
                  onChange={(event) =>
                    set({ secondFactor: event.currentTarget.checked ? "required" : "waived" })
                  }
                />
                {policy.secondFactor === "waived" && (
                  <Alert color="yellow">{texts.fields.secondFactorWaived}</Alert>
                )}
                <Checkbox
                  label={texts.fields.concurrent}
                  checked={policy.concurrent === "several"}
                  onChange={(event) =>
                    set({ concurrent: event.currentTarget.checked ? "several" : "one" })
                  }
                />
                <Checkbox
                  label={texts.fields.supervised}
                  description={texts.fields.supervisedHint}
                  checked={policy.supervised}
                  onChange={(event) => set({ supervised: event.currentTarget.checked })}
                />
                <Checkbox
                  label={texts.fields.recordKeys}
                  description={texts.fields.recordKeysHint}
                  checked={policy.recordKeys}
                  onChange={(event) => set({ recordKeys: event.currentTarget.checked })}
                />
                {used === 0 && policies.length > 1 && (
                  <RemoveButton
                    label={texts.remove}
                    ask={texts.removeAsk(texts.name(policy.id))}
                    about={texts.removeAbout}
                    isGone={isGone}
                    change={{ kind: "policy-removed", id: listed.id }}
                  />
                )}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      </Stack>
    </Card>
  );
}

function AddPolicy() {
  const side = useSide();
  const { policies } = side.held.manifest.payload;
  const [name, setName] = useState("");
  const id = slugOf(name);
  const isTaken = policies.some((each) => each.id === id);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!isSlug(id) || isTaken) return;
    const policy = { id: parsePolicyId(id), ...presetRules("normal", 1) };
    void draftOf(side.id).add({ kind: "policy", id: policy.id, policy });
    setName("");
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm">
        <TextInput
          label={texts.id}
          description={texts.idHint}
          value={name}
          maxLength={32}
          error={isTaken ? texts.idTaken : undefined}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={!isSlug(id)}>
          {texts.add}
        </Button>
      </Group>
    </form>
  );
}

function Validity() {
  const side = useSide();
  const { endsAt } = side.held.manifest.payload;
  const changes = useChanges(side.id);
  const draft = draftOf(side.id);
  const change = changes.find((each) => each.kind === "site" && each.id === "end");
  const until = change?.kind === "site" && change.id === "end" ? change.endsAt : endsAt;
  return (
    <Card withBorder padding="lg">
      <Stack gap="sm">
        <Title order={2} size="h3">
          {texts.validity}
        </Title>
        <Group gap="xs">
          <Text fw={600} title={exactWords(until)}>
            {texts.validityUntil(dayOf(until))}
          </Text>
          <Text c="dimmed">
            <Moment at={until} />
          </Text>
          {change !== undefined && <Badge>{texts.unsigned}</Badge>}
        </Group>
        <Text c="dimmed">{texts.validityAbout}</Text>
        <Group>
          <Button
            variant="default"
            onClick={() =>
              void draft.add({ kind: "site", id: "end", endsAt: side.now() + twoYearsSeconds })
            }
          >
            {texts.renew}
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}

function Owners() {
  const side = useSide();
  const { persons, ownersNeeded } = side.held.manifest.payload;
  const changes = useChanges(side.id);
  const draft = draftOf(side.id);
  const owners = persons.filter(({ roles }) => roles.includes("owner")).length;
  const change = changes.find((each) => each.kind === "site" && each.id === "owners");
  const needed =
    change?.kind === "site" && change.id === "owners" ? change.ownersNeeded : ownersNeeded;
  const most = Math.min(owners, 8);
  return (
    <Card withBorder padding="lg">
      <Stack gap="sm">
        <Group gap="xs">
          <Title order={2} size="h3">
            {texts.owners}
          </Title>
          {change !== undefined && <Badge>{texts.unsigned}</Badge>}
        </Group>
        <Text c="dimmed">{texts.ownersAbout(owners)}</Text>
        <Radio.Group
          aria-label={texts.owners}
          value={String(needed)}
          onChange={(value) => {
            const wish = { kind: "site", id: "owners", ownersNeeded: Number(value) } as const;
            void (Number(value) === ownersNeeded ? draft.drop(wish) : draft.add(wish));
          }}
        >
          <Stack gap="xs">
            {Array.from({ length: most }, (_, at) => (
              <Radio
                key={at}
                value={String(at + 1)}
                label={at === 0 ? texts.ownersOne : texts.ownersMany(at + 1)}
              />
            ))}
          </Stack>
        </Radio.Group>
      </Stack>
    </Card>
  );
}

function Places() {
  const side = useSide();
  const { signing, relays, recovery, name } = side.held.manifest.payload;
  return (
    <Card withBorder padding="lg">
      <Stack gap="sm">
        <SiteName key={name} name={name} />
        <Title order={2} size="h3">
          {texts.signing}
        </Title>
        <Text className="breaks-anywhere">{signing?.origins.join(", ") ?? texts.signingNone}</Text>
        {signing !== null && <Text c="dimmed">{texts.signingAbout}</Text>}
        <Title order={2} size="h3">
          {texts.relays}
        </Title>
        {relays.map((relay) => (
          <Text key={relay.url} className="breaks-anywhere">
            {relay.name} · {relay.url}
          </Text>
        ))}
        <Title order={2} size="h3">
          {texts.recovery}
        </Title>
        <Text>{recovery === null ? texts.recoveryNone : texts.recoveryThere}</Text>
      </Stack>
    </Card>
  );
}

function SiteName({ name }: { readonly name: string }) {
  const side = useSide();
  const [typed, setTyped] = useState(name);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const next = typed.trim();
    if (next !== "" && next !== name)
      void draftOf(side.id).add({ kind: "site", id: "name", name: next });
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm">
        <TextInput
          label={texts.siteName}
          value={typed}
          required
          maxLength={120}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={typed.trim() === name}>
          {texts.rename}
        </Button>
      </Group>
    </form>
  );
}
