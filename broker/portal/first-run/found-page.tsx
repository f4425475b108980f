// Founding a site, step by step: what it is called, the owner's passkey, the recovery sheet on paper, one signature. Nothing leaves this page before
// the last step, so whoever gives up on the way leaves nothing behind.
import { Container, Group, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import type { Recovery } from "../../../shared/site/founding.ts";
import { describeRelay, type RelayFacts } from "../person/session.ts";
import { Logo } from "../shell/logo.tsx";
import { Loading, Page, Trouble } from "../shell/page.tsx";
import { found } from "../texts/first-run.ts";
import { shell } from "../texts/shell.ts";
import { canPasskey, nothingFilled } from "./found-facts.ts";
import { newRecovery } from "./founding.ts";
import { PasskeyStep } from "./found-passkey-step.tsx";
import { SheetStep } from "./found-sheet-step.tsx";
import { SignStep } from "./found-sign-step.tsx";
import { SiteForm } from "./found-site-step.tsx";

const stepNames = ["site", "passkey", "sheet", "sign"] as const;
type Step = (typeof stepNames)[number];

export default function FoundPage() {
  const [relay, setRelay] = useState<RelayFacts>();
  const [error, setError] = useState<unknown>();
  const [step, setStep] = useState<Step>("site");
  const [filled, setFilled] = useState(nothingFilled);
  const [passkey, setPasskey] = useState<PasskeyPublic>();
  const [recovery, setRecovery] = useState<Recovery>();

  useEffect(() => {
    describeRelay().then(setRelay, setError);
    newRecovery().then(setRecovery, setError);
  }, []);

  const at = stepNames.indexOf(step);
  useEffect(() => {
    scrollTo(0, 0);
  }, [step]);
  return (
    <Container size="xs" py="xl" component="main">
      <Stack gap="lg">
        <Group gap="sm" className="not-printed">
          <Logo size={36} />
          <Text fw={650} size="xl">
            {shell.product}
          </Text>
        </Group>
        <Trouble error={error} />
        {relay === undefined || recovery === undefined ? (
          <Page title={found.title}>{error === undefined && <Loading />}</Page>
        ) : (
          <Page
            title={step === "site" ? found.title : found.steps[step]}
            about={step === "site" ? found.about : found.step(at + 1, stepNames.length)}
          >
            {step === "site" && (
              <SiteForm
                filled={filled}
                canPasskey={canPasskey(relay)}
                onDone={(next) => {
                  setFilled(next);
                  setStep("passkey");
                }}
              />
            )}
            {step === "passkey" && (
              <PasskeyStep
                filled={filled}
                relay={relay}
                passkey={passkey}
                onPasskey={setPasskey}
                onDone={() => setStep("sheet")}
                onBack={() => setStep("site")}
              />
            )}
            {step === "sheet" && (
              <SheetStep
                name={filled.name}
                recovery={recovery}
                onDone={() => setStep("sign")}
                onBack={() => setStep("passkey")}
              />
            )}
            {step === "sign" && (
              <SignStep filled={filled} relay={relay} recovery={recovery} passkey={passkey} />
            )}
          </Page>
        )}
      </Stack>
    </Container>
  );
}
