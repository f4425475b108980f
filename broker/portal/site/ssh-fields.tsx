// An SSH machine: login, secret, and the keys under which alone it is accepted.
import { Checkbox, Textarea } from "@mantine/core";
import { targets } from "../texts/targets.ts";
import { LoginField, MoreFields, type DeviceFieldsProps } from "./device-fields.tsx";

const texts = targets.fields;

export function SshFields(device: DeviceFieldsProps) {
  const { typed, fault, onReach, secret } = device;
  return (
    <>
      <LoginField {...device} />
      {secret}
      <MoreFields>
        <Textarea
          label={texts.hostKeys}
          description={texts.hostKeysHint}
          value={typed.hostKeys}
          spellCheck={false}
          error={fault("hostKeys")}
          onChange={(event) => onReach({ hostKeys: event.currentTarget.value })}
        />
        <Checkbox
          label={texts.legacy}
          description={texts.legacyHint}
          checked={typed.legacy}
          onChange={(event) => onReach({ legacy: event.currentTarget.checked })}
        />
      </MoreFields>
    </>
  );
}
