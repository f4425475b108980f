// The form of one machine: what it is called, how the box reaches it and signs in there, what vendors may do on it. It is tried before it is collected for
// signing. What the box already knows cannot be read here, only replaced.
import { Button, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { Link, useLocation } from "wouter";
import { targetKindNames, type TargetKindName } from "../../../shared/document/rights.ts";
import { parseEdgeId } from "../../../shared/ids.ts";
import type { PageSide } from "../person/page-side.ts";
import { CardChoice } from "../shell/card-choice.tsx";
import { Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useAct } from "../shell/use-act.ts";
import { shell } from "../texts/shell.ts";
import { rules } from "../texts/site.ts";
import { kinds, targets } from "../texts/targets.ts";
import type { Change, Tested, TargetChange, TargetWish } from "./changes.ts";
import type { DeviceFieldsProps } from "./device-fields.tsx";
import { DeviceTest } from "./device-test.tsx";
import { deviceFault, type DeviceToProbe } from "./device-words.ts";
import { draftOf, rememberTyped, typedSecret } from "./draft-store.ts";
import { KindMissing } from "./kind-missing.tsx";
import { RdpFields } from "./rdp-fields.tsx";
import { RightsFields } from "./rights-fields.tsx";
import { sealFor } from "./sealing.ts";
import { SecretFields } from "./secret-fields.tsx";
import { SlugField } from "./slug-field.tsx";
import { slugOf } from "./slugs.ts";
import { SshFields } from "./ssh-fields.tsx";
import {
  deviceIn,
  faultsOf,
  secretIn,
  targetIn,
  typedOf,
  withKind,
  type Typed,
  type TypedFault,
} from "./typed-target.ts";
import { useSecretVersions } from "./use-site-work.ts";
import { VncFields } from "./vnc-fields.tsx";
import { WebFields } from "./web-fields.tsx";

const texts = targets.fields;

/** The fields of each kind; a plain TCP machine has but its address and ports. */
const fieldsOfKind: Readonly<
  Record<TargetKindName, (props: DeviceFieldsProps) => React.ReactNode>
> = { ssh: SshFields, tcp: () => null, vnc: VncFields, rdp: RdpFields, http: WebFields };

const faultTexts: Readonly<Record<TypedFault, string>> = {
  name: texts.nameMissing,
  id: texts.idWrong,
  host: texts.hostWrong,
  ports: texts.portsWrong,
  login: texts.loginWrong,
  hostKeys: texts.hostKeysWrong,
  certificate: texts.certificateWrong,
  domain: texts.domainWrong,
  start: texts.pathWrong,
  paths: texts.pathWrong,
  header: texts.headerWrong,
  form: texts.pathWrong,
  loginField: texts.loginFieldWrong,
  passwordField: texts.fieldWrong,
  formFields: texts.formFieldsWrong,
  rights: texts.rightsNone,
  noScreen: texts.rightsNoScreen,
  secret: texts.secretMissing,
};

export function TargetForm({
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
  const [typed, setTyped] = useState(() =>
    typedOf(known, change, { edge: edges[0]?.id ?? "", policy: policies[0]?.id ?? "" }),
  );
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
  const set = (fields: Partial<Typed>): void => setTyped((now) => ({ ...now, ...fields }));
  const reach = (fields: Partial<Typed>): void => {
    set(fields);
    setTested(null);
  };

  const leavesDevice = keepsDevice && typed.host.trim() === "";
  const faults = faultsOf(typed, id, leavesDevice);
  const isTaken = isNew && listed.some((each) => each.id === id);
  const fault = (field: TypedFault): string | undefined =>
    isTried && faults.has(field) ? faultTexts[field] : undefined;
  const edge = edges.find((each) => each.id === typed.edge);

  const testDevice = (): DeviceToProbe | undefined => {
    const device = deviceIn(typed);
    return deviceFault(device) === undefined ? device : undefined;
  };

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (faults.size > 0 || isTaken) return;
    void run(async () => {
      await collect(side, { typed: { ...typed, id }, leavesDevice, change, tested });
      navigate("/targets");
    });
  };

  const OfKind = fieldsOfKind[typed.kind];
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
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <SlugField
          label={texts.id}
          description={isNew ? texts.idHint : undefined}
          value={id}
          isFixed={!isNew}
          error={isTaken ? texts.idTaken : fault("id")}
          onChange={(value) => set({ id: value })}
        />
        {edges.length > 1 && (
          <NativeSelect
            label={texts.edge}
            size="md"
            value={typed.edge}
            data={edges.map((each) => ({ value: each.id, label: each.name }))}
            onChange={(event) => reach({ edge: event.currentTarget.value })}
          />
        )}
        <CardChoice
          label={texts.kind}
          value={typed.kind}
          choices={targetKindNames}
          words={kinds}
          onChange={(kind) => {
            setTested(null);
            setTyped((now) => withKind(now, kind));
          }}
        />
        {edge !== undefined && <KindMissing edge={edge} kind={typed.kind} />}
        <TextInput
          label={texts.host}
          description={keepsDevice ? texts.hostKept : texts.hostHint}
          value={typed.host}
          required={!keepsDevice}
          autoCapitalize="none"
          spellCheck={false}
          error={fault("host")}
          onChange={(event) => reach({ host: event.currentTarget.value })}
        />
        <TextInput
          label={typed.kind === "tcp" ? texts.ports : texts.port}
          description={typed.kind === "tcp" ? texts.portsHint : undefined}
          value={typed.ports}
          required={!leavesDevice}
          inputMode="numeric"
          error={fault("ports")}
          onChange={(event) => reach({ ports: event.currentTarget.value })}
        />
        <OfKind
          typed={typed}
          leavesDevice={leavesDevice}
          fault={fault}
          onReach={reach}
          secret={
            <SecretFields
              typed={typed}
              version={secretVersion}
              error={fault("secret")}
              onReach={reach}
            />
          }
        />
        {!leavesDevice && (
          <DeviceTest
            key={typed.kind}
            edge={parseEdgeId(typed.edge)}
            device={testDevice}
            secret={() => secretIn(typed) ?? typedSecret(side.id, id)}
            onIncomplete={() => setTried(true)}
            onPin={(pin) =>
              set(
                pin.kind === "host-key"
                  ? { hostKeys: pin.hostKeys.join("\n") }
                  : { certificate: pin.certificate },
              )
            }
            onTested={setTested}
          />
        )}
        <RightsFields
          kind={typed.kind}
          rights={typed.rights}
          error={fault("rights") ?? fault("noScreen")}
          onChange={(rights) => set({ rights })}
        />
        <NativeSelect
          label={texts.policy}
          size="md"
          value={typed.policy}
          data={policies.map(({ id: policy }) => ({ value: policy, label: rules.name(policy) }))}
          onChange={(event) => set({ policy: event.currentTarget.value })}
        />
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
  const target = targetIn(typed);
  const secret = secretIn(typed);
  const former = change?.secret?.edge === target.edge ? change.secret : null;
  const next: Change = {
    kind: "target",
    id: target.id,
    target,
    device: leavesDevice ? null : deviceIn(typed),
    secret: secret === undefined ? former : await sealFor(side, target, secret),
    tested: leavesDevice ? null : tested,
  };
  if (secret !== undefined) rememberTyped(side.id, target.id, secret);
  await draftOf(side.id).add(next);
}
