// One's keys as the site lists them, by their fingerprints, and which of them is this browser's.
import { Code, Group, Stack, Text } from "@mantine/core";
import { IconDeviceLaptop, IconFingerprint, IconKey } from "@tabler/icons-react";
import { keyIdOf } from "../../../shared/document/keys.ts";
import type { KeyId } from "../../../shared/ids.ts";
import { spoken } from "../../../shared/site/invitations.ts";
import { ownKey } from "../person/own-key.ts";
import type { PageSide } from "../person/page-side.ts";
import { Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { settings } from "../texts/settings.ts";
import { Section } from "./section.tsx";

const texts = settings.keys;
const faces = {
  thisBrowser: IconDeviceLaptop,
  otherBrowser: IconKey,
  passkey: IconFingerprint,
} as const;

interface ListedKey {
  readonly id: KeyId;
  readonly what: keyof typeof faces;
}

export function KeysSection() {
  const side = useSide();
  const { value = [], error, isLoading } = useLoaded(() => keysOf(side), [side.id]);
  return (
    <Section title={texts.title} about={texts.about}>
      <Trouble error={error} />
      {value.length === 0 && !isLoading && <Text>{texts.none}</Text>}
      <Stack gap="md" component="ul" className="plain-list">
        {value.map(({ id, what }) => {
          const Face = faces[what];
          return (
            <li key={id}>
              <Group gap="sm" wrap="nowrap" align="flex-start">
                <Face aria-hidden />
                <Stack gap={4}>
                  <Text fw={600}>{texts[what]}</Text>
                  <Code className="breaks-anywhere">{spoken(id)}</Code>
                </Stack>
              </Group>
            </li>
          );
        })}
      </Stack>
      <Text c="dimmed">{texts.lost}</Text>
    </Section>
  );
}

async function keysOf(side: PageSide): Promise<ListedKey[]> {
  const own = await ownKey();
  const keys = side.known?.keys ?? [];
  return Promise.all(
    keys.map(async (key): Promise<ListedKey> => {
      const id = await keyIdOf(side.suite, key);
      if (key.kind === "passkey") return { id, what: "passkey" };
      return { id, what: id === own?.keyid ? "thisBrowser" : "otherBrowser" };
    }),
  );
}
