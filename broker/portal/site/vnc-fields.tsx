// A VNC panel: mostly a password alone; some ask for a name, or have a certificate.
import { targets } from "../texts/targets.ts";
import {
  CertificateField,
  LoginField,
  MoreFields,
  type DeviceFieldsProps,
} from "./device-fields.tsx";

export function VncFields(device: DeviceFieldsProps) {
  return (
    <>
      {device.secret}
      <MoreFields>
        <LoginField {...device} description={targets.fields.vncLoginHint} isNeeded={false} />
        <CertificateField {...device} />
      </MoreFields>
    </>
  );
}
