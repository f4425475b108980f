// Signing out everywhere, and being forgotten by this browser.
import { Stack, Text } from "@mantine/core";
import { signOutEverywhere } from "../person/session.ts";
import { usePerson, useSide } from "../shell/person-context.tsx";
import { settings } from "../texts/settings.ts";
import { ConfirmedButton } from "./confirmed-button.tsx";
import { forgetEverything } from "./forget.ts";
import { Section } from "./section.tsx";

const texts = settings.leave;

export function LeaveSection() {
  const side = useSide();
  const { session, leave } = usePerson();
  const isConfirmed = session?.sites.some(({ totp }) => totp === "confirmed") ?? false;
  // The relay locks keys alone only where there is something else to come back with.
  const comesBack = isConfirmed || side.passkeys.length > 0;
  const about = comesBack ? texts.everywhereAbout : texts.everywhereWithout;
  return (
    <Section title={texts.title}>
      <Stack gap="xs" align="flex-start">
        <Text>{about}</Text>
        <ConfirmedButton
          label={texts.everywhere}
          about={about}
          act={texts.everywhereDo}
          does={async () => {
            await signOutEverywhere();
            await leave();
          }}
        />
      </Stack>
      <Stack gap="xs" align="flex-start">
        <Text>{texts.forgetAbout}</Text>
        <ConfirmedButton
          label={texts.forget}
          about={texts.forgetAbout}
          act={texts.forgetDo}
          does={forgetEverything}
        />
      </Stack>
    </Section>
  );
}
