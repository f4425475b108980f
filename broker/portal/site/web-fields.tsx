// A machine's web page: HTTPS with a pinned certificate or plain HTTP, how the box signs in, where the panel begins and which of its paths may be used.
import { Checkbox, NativeSelect, Textarea } from "@mantine/core";
import { targets } from "../texts/targets.ts";
import {
  CertificateField,
  LoginField,
  MoreFields,
  PlainField,
  type DeviceFieldsProps,
} from "./device-fields.tsx";
import { signIns, withSecure } from "./typed-target.ts";

const texts = targets.fields;

export function WebFields(device: DeviceFieldsProps) {
  const { typed, fault, onReach, secret } = device;
  return (
    <>
      <Checkbox
        label={texts.secure}
        checked={typed.secure}
        onChange={(event) => onReach(withSecure(typed, event.currentTarget.checked))}
      />
      <NativeSelect
        label={texts.signIn}
        size="md"
        value={typed.signIn}
        data={signIns.map((value) => ({ value, label: targets.signIns[value] }))}
        onChange={(event) => {
          const signIn = signIns.find((each) => each === event.currentTarget.value);
          if (signIn !== undefined) onReach({ signIn });
        }}
      />
      {(typed.signIn === "basic" || typed.signIn === "digest") && <LoginField {...device} />}
      {typed.signIn === "header" && (
        <PlainField
          {...device}
          field="header"
          label={texts.header}
          description={texts.headerHint}
          isNeeded
          error={fault("header")}
        />
      )}
      {typed.signIn === "form" && <FormFields {...device} />}
      {typed.signIn !== "none" && secret}
      <MoreFields>
        <PlainField
          {...device}
          field="start"
          label={texts.start}
          description={texts.startHint}
          error={fault("start")}
        />
        <Textarea
          label={texts.paths}
          description={texts.pathsHint}
          value={typed.paths}
          autosize
          minRows={2}
          spellCheck={false}
          error={fault("paths")}
          onChange={(event) => onReach({ paths: event.currentTarget.value })}
        />
        {typed.secure && <CertificateField {...device} />}
      </MoreFields>
    </>
  );
}

// What the form's own source shows: its action and the names of its fields.
function FormFields(device: DeviceFieldsProps) {
  const { typed, fault, onReach } = device;
  return (
    <>
      <PlainField
        {...device}
        field="form"
        label={texts.form}
        description={texts.formHint}
        isNeeded
        error={fault("form")}
      />
      <LoginField {...device} isNeeded={false} />
      <PlainField
        {...device}
        field="loginField"
        label={texts.loginField}
        description={texts.loginFieldHint}
        error={fault("loginField")}
      />
      <PlainField
        {...device}
        field="passwordField"
        label={texts.passwordField}
        isNeeded
        error={fault("passwordField")}
      />
      <Textarea
        label={texts.formFields}
        description={texts.formFieldsHint}
        value={typed.formFields}
        autosize
        minRows={2}
        spellCheck={false}
        error={fault("formFields")}
        onChange={(event) => onReach({ formFields: event.currentTarget.value })}
      />
    </>
  );
}
