// What all fields of a device share: what is typed, what is wrong, and that a change of them outdates the test. The login and the pinned certificate, which
// several kinds have.
import { Accordion, Stack, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { targets } from "../texts/targets.ts";
import type { Typed, TypedFault } from "./typed-target.ts";

const texts = targets.fields;

export interface DeviceFieldsProps {
  readonly typed: Typed;
  /** What the box knows of the machine stays, so nothing is needed. */
  readonly leavesDevice: boolean;
  readonly fault: (field: TypedFault) => string | undefined;
  /** Changes what reaches the machine: a test says nothing of it any more. */
  readonly onReach: (fields: Partial<Typed>) => void;
  /** Where the secret is typed, if the kind has one. */
  readonly secret: ReactNode;
}

type TextField = {
  [Field in keyof Typed]: Typed[Field] extends string
    ? string extends Typed[Field]
      ? Field
      : never
    : never;
}[keyof Typed];

/** A line that the box takes as it is: an address, a name, a path. */
export function PlainField({
  field,
  label,
  description,
  isNeeded = false,
  error,
  ...device
}: Pick<DeviceFieldsProps, "typed" | "onReach" | "leavesDevice"> & {
  readonly field: TextField;
  readonly label: string;
  readonly description?: string | undefined;
  readonly isNeeded?: boolean;
  readonly error: string | undefined;
}) {
  return (
    <TextInput
      label={label}
      description={description}
      value={device.typed[field]}
      required={isNeeded && !device.leavesDevice}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      error={error}
      onChange={(event) => device.onReach({ [field]: event.currentTarget.value })}
    />
  );
}

export function LoginField({
  description = texts.loginHint,
  isNeeded = true,
  ...device
}: DeviceFieldsProps & { readonly description?: string; readonly isNeeded?: boolean }) {
  return (
    <PlainField
      {...device}
      field="login"
      label={texts.login}
      description={description}
      isNeeded={isNeeded}
      error={device.fault("login")}
    />
  );
}

export function CertificateField(device: DeviceFieldsProps) {
  return (
    <PlainField
      {...device}
      field="certificate"
      label={texts.certificate}
      description={texts.certificateHint}
      error={device.fault("certificate")}
    />
  );
}

/** What few need, folded away. */
export function MoreFields({ children }: { readonly children: ReactNode }) {
  return (
    <Accordion variant="contained">
      <Accordion.Item value="more">
        <Accordion.Control>{texts.more}</Accordion.Control>
        <Accordion.Panel>
          <Stack>{children}</Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
