// A Windows desktop: login, password, its keyboard, and how it wants to be signed in to. Its certificate is always pinned; the test brings it.
import { NativeSelect, Radio, Stack } from "@mantine/core";
import { keyboards } from "../../../shared/document/keyboard.ts";
import { targets } from "../texts/targets.ts";
import {
  CertificateField,
  LoginField,
  MoreFields,
  PlainField,
  type DeviceFieldsProps,
} from "./device-fields.tsx";
import { securities } from "./typed-target.ts";

const texts = targets.fields;

export function RdpFields(device: DeviceFieldsProps) {
  const { typed, fault, onReach, secret } = device;
  return (
    <>
      <LoginField {...device} />
      {secret}
      <NativeSelect
        label={texts.keyboard}
        description={texts.keyboardHint}
        value={typed.keyboard}
        data={keyboards.map((each) => ({ value: each, label: targets.keyboards[each] }))}
        onChange={({ currentTarget }) =>
          onReach({ keyboard: keyboards.find((each) => each === currentTarget.value) ?? "us" })
        }
      />
      <MoreFields>
        <PlainField
          {...device}
          field="domain"
          label={texts.domain}
          description={texts.domainHint}
          error={fault("domain")}
        />
        <Radio.Group
          label={texts.security}
          value={typed.security}
          onChange={(value) =>
            onReach({ security: securities.find((each) => each === value) ?? "nla" })
          }
        >
          <Stack gap="xs" mt="xs">
            {securities.map((each) => (
              <Radio key={each} value={each} label={targets.securities[each]} />
            ))}
          </Stack>
        </Radio.Group>
        <CertificateField {...device} />
      </MoreFields>
    </>
  );
}
