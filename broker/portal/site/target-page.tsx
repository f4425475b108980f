// One machine: what it is called, how the box reaches it and signs in there, what vendors may do on it. It is tried before it is collected for signing. What the
// box already knows cannot be read here, only replaced.
import {
  Accordion,
  Button,
  Checkbox,
  Container,
  Fieldset,
  NativeSelect,
  PasswordInput,
  Radio,
  Stack,
  Textarea,
  TextInput,
  Group,
  Text,
} from "@mantine/core";
import { useEffect, useState, type FormEvent } from "react";
import { Link, useLocation, useParams } from "wouter";
import type { Secret } from "../../../shared/document/secret.ts";
import { parseEdgeId, parsePolicyId, parseTargetId } from "../../../shared/ids.ts";
import { hostKeyLines } from "../../../shared/site/devices.ts";
import { useAct } from "../shell/use-act.ts";
import type { PageSide } from "../person/page-side.ts";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { kinds, rights as rightNames, rules, targets } from "../texts/site.ts";
import { shell } from "../texts/shell.ts";
import type { Change, Tested, TargetChange, TargetWish } from "./changes.ts";
import { DeviceTest } from "./device-test.tsx";
import {
  deviceFault,
  parsePorts,
  targetKinds,
  type DeviceToProbe,
  type TargetKind,
} from "./device-words.ts";
import { rightsOfKind } from "../../../shared/document/rights.ts";
import { draftOf, rememberTyped, typedSecret, useChanges } from "./draft-store.ts";
import { sealFor } from "./sealing.ts";
import { useSecretVersions } from "./use-site-work.ts";
import { isSlug, slugOf } from "./slugs.ts";

const texts = targets.fields;
const secretKinds = ["none", "password", "ssh-key"] as const;
type SecretKind = (typeof secretKinds)[number];

export default function TargetPage() {
  const side = useSide();
  const { target: id } = useParams<{ target?: string }>();
  const changes = useChanges(side.id);
  const [isRead, setRead] = useState(false);
  useEffect(() => {
    void draftOf(side.id)
      .read()
      .finally(() => setRead(true));
  }, [side.id]);
  const { targets: listed, edges } = side.held.manifest.payload;
  const known = listed.find((each) => each.id === id);
  const change = changes.find((each) => each.kind === "target" && each.id === id);
  const title = id === undefined ? targets.new : targets.edit(known?.name ?? id);
  if (!isRead) return <Loading />;
  const exists = known !== undefined || change !== undefined;
  return (
    <Container size="sm" px={0}>
      <Page title={title} about={targets.about}>
        {edges.length === 0 ? (
          <Empty title={targets.noEdge}>
            <Text>{targets.noEdgeHint}</Text>
          </Empty>
        ) : id !== undefined && !exists ? (
          <Empty title={shell.notFound} />
        ) : (
          <TargetForm
            key={id ?? "new"}
            known={known}
            change={change?.kind === "target" ? change : undefined}
          />
        )}
      </Page>
    </Container>
  );
}

interface Typed {
  readonly name: string;
  readonly id: string;
  readonly edge: string;
  readonly kind: TargetKind;
  readonly host: string;
  readonly ports: string;
  readonly login: string;
  readonly hostKeys: string;
  readonly secretKind: SecretKind;
  readonly secret: string;
  readonly rights: readonly string[];
  readonly policy: string;
  readonly legacy: boolean;
}

function TargetForm({
  known,
  change,
}: {
  readonly known: (TargetWish & { readonly deviceVersion: number }) | undefined;
  readonly change: TargetChange | undefined;
}) {
  const side = useSide();
  const [, navigate] = useLocation();
  const { edges, policies, targets: listed } = side.held.manifest.payload;
  const secretVersion = useSecretVersions().value?.get(known?.id ?? "") ?? 0;
  const [typed, setTyped] = useState(() => startOf(side, known, change));
  const [tested, setTested] = useState<Tested | null>(change?.tested ?? null);
  const [isTried, setTried] = useState(false);
  const { isBusy, error, run } = useAct();
  const isNew = known === undefined && change === undefined;
  const id = isNew && typed.id === "" ? slugOf(typed.name) : typed.id;
  const keepsDevice =
    known !== undefined &&
    known.deviceVersion > 0 &&
    known.edge === typed.edge &&
    known.kind === typed.kind &&
    (change === undefined || change.device === null);
  const set = <Field extends keyof Typed>(field: Field, value: Typed[Field]): void =>
    setTyped((now) => ({ ...now, [field]: value }));
  /** What reaches the machine has changed: the test says nothing of it any more. */
  const setReach = <Field extends keyof Typed>(field: Field, value: Typed[Field]): void => {
    set(field, value);
    setTested(null);
  };
  const setKind = (kind: TargetKind): void => {
    setTested(null);
    setTyped((now) => ({
      ...now,
      kind,
      rights: [...rightsOfKind[kind]],
      ports: kind === "ssh" ? "22" : "",
      secretKind: kind === "ssh" ? now.secretKind : "none",
    }));
  };

  const leavesDevice = keepsDevice && typed.host.trim() === "";
  const faults = faultsOf(typed, id, leavesDevice);
  const isTaken = isNew && listed.some((each) => each.id === id);
  const fault = (field: Fault): string | undefined =>
    isTried && faults.has(field) ? faultTexts[field] : undefined;

  const testDevice = (): DeviceToProbe | undefined => {
    const device = deviceOf(typed);
    return device !== undefined && deviceFault(device) === undefined ? device : undefined;
  };
  const startTest = (): DeviceToProbe | undefined => testDevice();

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (faults.size > 0 || isTaken) return;
    void run(async () => {
      await collect(side, { typed: { ...typed, id }, leavesDevice, change, tested });
      navigate("/targets");
    });
  };

  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <TextInput
          label={texts.name}
          description={texts.nameHint}
          value={typed.name}
          required
          maxLength={120}
          error={fault("name")}
          onChange={(event) => set("name", event.currentTarget.value)}
        />
        <TextInput
          label={texts.id}
          description={isNew ? texts.idHint : undefined}
          value={id}
          required
          readOnly={!isNew}
          autoCapitalize="none"
          spellCheck={false}
          error={isTaken ? texts.idTaken : fault("id")}
          onChange={(event) => set("id", event.currentTarget.value)}
        />
        {edges.length > 1 && (
          <NativeSelect
            label={texts.edge}
            size="md"
            value={typed.edge}
            data={edges.map((edge) => ({ value: edge.id, label: edge.name }))}
            onChange={(event) => setReach("edge", event.currentTarget.value)}
          />
        )}
        <Radio.Group
          label={texts.kind}
          value={typed.kind}
          onChange={(value) => setKind(value as TargetKind)}
        >
          <Stack gap="sm" mt="xs">
            {targetKinds.map((each) => (
              <Radio.Card key={each} value={each} p="md">
                <Group wrap="nowrap" align="flex-start">
                  <Radio.Indicator aria-hidden />
                  <Stack gap={2}>
                    <Text fw={600}>{kinds[each].label}</Text>
                    <Text size="sm">{kinds[each].about}</Text>
                  </Stack>
                </Group>
              </Radio.Card>
            ))}
          </Stack>
        </Radio.Group>
        <TextInput
          label={texts.host}
          description={keepsDevice ? texts.hostKept : texts.hostHint}
          value={typed.host}
          required={!keepsDevice}
          autoCapitalize="none"
          spellCheck={false}
          error={fault("host")}
          onChange={(event) => setReach("host", event.currentTarget.value)}
        />
        <TextInput
          label={typed.kind === "ssh" ? texts.port : texts.ports}
          description={typed.kind === "ssh" ? undefined : texts.portsHint}
          value={typed.ports}
          required={!leavesDevice}
          inputMode="numeric"
          error={fault("ports")}
          onChange={(event) => setReach("ports", event.currentTarget.value)}
        />
        {typed.kind === "ssh" && (
          <>
            <TextInput
              label={texts.login}
              description={texts.loginHint}
              value={typed.login}
              required={!leavesDevice}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              error={fault("login")}
              onChange={(event) => setReach("login", event.currentTarget.value)}
            />
            <SecretFields
              typed={typed}
              version={secretVersion}
              error={fault("secret")}
              onKind={(kind) => setReach("secretKind", kind)}
              onSecret={(secret) => setReach("secret", secret)}
            />
          </>
        )}
        {!leavesDevice && (
          <DeviceTest
            edge={parseEdgeId(typed.edge)}
            device={startTest}
            secret={() => secretIn(typed) ?? typedSecret(side.id, id)}
            onPin={(hostKeys) => set("hostKeys", hostKeys.join("\n"))}
            onTested={setTested}
          />
        )}
        <Checkbox.Group
          label={texts.rights}
          value={[...typed.rights]}
          error={fault("rights")}
          onChange={(value) => set("rights", value)}
        >
          <Stack gap="sm" mt="xs">
            {rightsOfKind[typed.kind].map((right) => (
              <Checkbox key={right} value={right} label={rightNames[right]} />
            ))}
          </Stack>
        </Checkbox.Group>
        <NativeSelect
          label={texts.policy}
          size="md"
          value={typed.policy}
          data={policies.map(({ id: policy }) => ({ value: policy, label: rules.name(policy) }))}
          onChange={(event) => set("policy", event.currentTarget.value)}
        />
        {typed.kind === "ssh" && (
          <Accordion variant="contained">
            <Accordion.Item value="more">
              <Accordion.Control>{texts.more}</Accordion.Control>
              <Accordion.Panel>
                <Stack>
                  <Textarea
                    label={texts.hostKeys}
                    description={texts.hostKeysHint}
                    value={typed.hostKeys}
                    spellCheck={false}
                    error={fault("hostKeys")}
                    onChange={(event) => setReach("hostKeys", event.currentTarget.value)}
                  />
                  <Checkbox
                    label={texts.legacy}
                    description={texts.legacyHint}
                    checked={typed.legacy}
                    onChange={(event) => setReach("legacy", event.currentTarget.checked)}
                  />
                </Stack>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        )}
        <Trouble error={error} />
        <Button type="submit" size="lg" loading={isBusy}>
          {targets.collect}
        </Button>
        <Button variant="subtle" component={Link} href="/targets">
          {shell.cancel}
        </Button>
      </Stack>
    </form>
  );
}

function SecretFields({
  typed,
  version,
  error,
  onKind,
  onSecret,
}: {
  readonly typed: Typed;
  readonly version: number;
  readonly error: string | undefined;
  readonly onKind: (kind: SecretKind) => void;
  readonly onSecret: (secret: string) => void;
}) {
  return (
    <Fieldset legend={texts.secretKind}>
      <Stack gap="sm">
        <Radio.Group
          aria-label={texts.secretKind}
          value={typed.secretKind}
          onChange={(value) => onKind(value as SecretKind)}
        >
          <Group gap="lg">
            {secretKinds.map((kind) => (
              <Radio
                key={kind}
                value={kind}
                label={
                  kind === "none" && version === 0
                    ? targets.secretKinds.later
                    : targets.secretKinds[kind]
                }
              />
            ))}
          </Group>
        </Radio.Group>
        <Text c="dimmed" size="sm">
          {version > 0 ? texts.secretKept(version) : texts.secretNone}
        </Text>
        {typed.secretKind === "password" && (
          <PasswordInput
            label={texts.password}
            description={texts.passwordHint}
            autoComplete="new-password"
            value={typed.secret}
            error={error}
            onChange={(event) => onSecret(event.currentTarget.value)}
          />
        )}
        {typed.secretKind === "ssh-key" && (
          <Textarea
            label={texts.privateKey}
            description={texts.privateKeyHint}
            value={typed.secret}
            autoComplete="off"
            spellCheck={false}
            error={error}
            onChange={(event) => onSecret(event.currentTarget.value)}
          />
        )}
      </Stack>
    </Fieldset>
  );
}

function startOf(
  side: PageSide,
  known: TargetWish | undefined,
  change: TargetChange | undefined,
): Typed {
  const { edges, policies } = side.held.manifest.payload;
  const target = change?.target ?? known;
  const kind: TargetKind = target?.kind === "tcp" ? "tcp" : "ssh";
  const device = change?.device ?? undefined;
  const ports =
    device === undefined ? [] : device.kind === "tcp" ? [...device.ports] : [device.port];
  return {
    name: target?.name ?? "",
    id: target?.id ?? "",
    edge: target?.edge ?? edges[0]?.id ?? "",
    kind,
    host: device?.host ?? "",
    ports: ports.length > 0 ? ports.join(", ") : kind === "ssh" ? "22" : "",
    login: device?.kind === "ssh" ? device.login : "",
    hostKeys: device?.kind === "ssh" ? device.hostKeys.join("\n") : "",
    secretKind: known === undefined && change === undefined ? "password" : "none",
    secret: "",
    rights: target?.rights ?? [...rightsOfKind[kind]],
    policy: target?.policy ?? policies[0]?.id ?? "",
    legacy: target?.legacy ?? false,
  };
}

const faultTexts = {
  name: texts.nameMissing,
  id: texts.idWrong,
  host: texts.hostWrong,
  ports: texts.portsWrong,
  login: texts.loginWrong,
  hostKeys: texts.hostKeysWrong,
  rights: texts.rightsNone,
  secret: texts.secretMissing,
} as const;
type Fault = keyof typeof faultTexts;

function faultsOf(typed: Typed, id: string, leavesDevice: boolean): ReadonlySet<Fault> {
  const faults = new Set<Fault>();
  if (typed.name.trim() === "") faults.add("name");
  if (!isSlug(id)) faults.add("id");
  if (typed.rights.length === 0) faults.add("rights");
  if (typed.kind === "ssh" && typed.secretKind === "ssh-key" && typed.secret.trim() === "")
    faults.add("secret");
  if (leavesDevice) return faults;
  const ports = parsePorts(typed.ports);
  if (ports === undefined || (typed.kind === "ssh" && ports.length !== 1)) faults.add("ports");
  const device = deviceOf({ ...typed, ports: "1" });
  if (device !== undefined && deviceFault(device) === "host") faults.add("host");
  if (typed.kind !== "ssh") return faults;
  if (typed.login.trim() === "") faults.add("login");
  if (hostKeysIn(typed.hostKeys) === undefined) faults.add("hostKeys");
  return faults;
}

/** The device that was typed; undefined while its ports are none. */
function deviceOf(typed: Typed): DeviceToProbe | undefined {
  const ports = parsePorts(typed.ports);
  if (ports === undefined) return undefined;
  const host = typed.host.trim();
  if (typed.kind === "tcp") return { kind: "tcp", host, ports };
  return {
    kind: "ssh",
    host,
    port: ports[0] ?? 22,
    login: typed.login.trim(),
    hostKeys: hostKeysIn(typed.hostKeys) ?? [],
    legacy: typed.legacy,
  };
}

function hostKeysIn(text: string): string[] | undefined {
  if (text.trim() === "") return [];
  try {
    return hostKeyLines(text);
  } catch {
    return undefined;
  }
}

function secretIn({ kind, secretKind, secret }: Typed): Secret | undefined {
  if (kind !== "ssh" || secret === "" || secretKind === "none") return undefined;
  if (secretKind === "password") return { kind: "password", password: secret };
  return { kind: "ssh-key", privateKey: `${secret.trim()}\n` };
}

// Sealed as soon as it is collected: what stays in this browser's database, only the box can read.
async function collect(
  side: PageSide,
  {
    typed,
    leavesDevice,
    change,
    tested,
  }: {
    readonly typed: Typed;
    readonly leavesDevice: boolean;
    readonly change: TargetChange | undefined;
    readonly tested: Tested | null;
  },
): Promise<void> {
  const target: TargetWish = {
    id: parseTargetId(typed.id),
    name: typed.name.trim(),
    kind: typed.kind,
    edge: parseEdgeId(typed.edge),
    rights: typed.rights,
    policy: parsePolicyId(typed.policy),
    legacy: typed.kind === "ssh" && typed.legacy,
  };
  const secret = secretIn(typed);
  const former = change?.secret?.edge === target.edge ? change.secret : null;
  const device = leavesDevice ? null : (deviceOf(typed) ?? null);
  const next: Change = {
    kind: "target",
    id: target.id,
    target,
    device,
    secret: secret === undefined ? former : await sealFor(side, target, secret),
    tested: leavesDevice ? null : tested,
  };
  if (secret !== undefined) rememberTyped(side.id, target.id, secret);
  await draftOf(side.id).add(next);
}
