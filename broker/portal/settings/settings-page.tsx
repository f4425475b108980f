// One's own settings: keys, second factor, password, tokens, how the pages look, and leaving.
import { useState } from "react";
import { personWords } from "../../../shared/site/people.ts";
import { Page } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { settings } from "../texts/settings.ts";
import { AboutSection } from "./about-section.tsx";
import { AppearanceSection } from "./appearance-section.tsx";
import { AuthenticatorSection } from "./authenticator-section.tsx";
import { KeysSection } from "./keys-section.tsx";
import { LeaveSection } from "./leave-section.tsx";
import { PasswordSection } from "./password-section.tsx";
import { RecoveryCodes } from "./recovery-codes.tsx";
import { TokensSection } from "./tokens-section.tsx";

export default function SettingsPage() {
  const side = useSide();
  const [codes, setCodes] = useState<readonly string[]>();
  if (codes !== undefined)
    return <RecoveryCodes codes={codes} onKept={() => setCodes(undefined)} />;
  const { name } = side.held.manifest.payload;
  return (
    <Page title={settings.title} about={settings.about(personWords(side.held, side.me), name)}>
      <AppearanceSection />
      <KeysSection />
      <AuthenticatorSection />
      <PasswordSection onCodes={setCodes} />
      <TokensSection />
      <LeaveSection />
      <AboutSection />
    </Page>
  );
}
