// Founding, second step: the owner's passkey, made on the signing page.
import { Button, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconFingerprint } from "@tabler/icons-react";
import { useState } from "react";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import { parsePersonId } from "../../../shared/ids.ts";
import type { RelayFacts } from "../person/session.ts";
import { SigningWindow, TouchCancelled } from "../person/signing-window.ts";
import { Trouble } from "../shell/page.tsx";
import { found } from "../texts/first-run.ts";
import { canPasskey, type Filled } from "./found-facts.ts";
import { GlossaryWord } from "./glossary-word.tsx";

export function PasskeyStep({
  filled,
  relay,
  passkey,
  onPasskey,
  onDone,
  onBack,
}: {
  readonly filled: Filled;
  readonly relay: RelayFacts;
  readonly passkey: PasskeyPublic | undefined;
  readonly onPasskey: (key: PasskeyPublic) => void;
  readonly onDone: () => void;
  readonly onBack: () => void;
}) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const { signing } = relay;
  const make = (): void => {
    if (!signing) return;
    setBusy(true);
    setError(undefined);
    const run = async (): Promise<void> => {
      const touch = new SigningWindow(signing.origin);
      const key = await touch.register({
        site: null,
        person: parsePersonId(filled.owner),
        name: filled.ownerName,
        rpId: signing.rpId,
      });
      onPasskey(key);
    };
    run()
      .catch((thrown: unknown) => {
        if (!(thrown instanceof TouchCancelled)) setError(thrown);
      })
      .finally(() => setBusy(false));
  };
  return (
    <Stack gap="md">
      {canPasskey(relay) ? (
        <Text>{found.passkeyAbout}</Text>
      ) : (
        <Text>{signing ? found.withoutPasskeyDevice : found.withoutPasskey}</Text>
      )}
      <Trouble error={error} />
      {passkey !== undefined && (
        <Group gap="xs" wrap="nowrap" role="status">
          <IconCheck aria-hidden />
          <Text fw={600}>{found.passkeyMade}</Text>
        </Group>
      )}
      {canPasskey(relay) && passkey === undefined ? (
        <Button
          size="lg"
          loading={isBusy}
          leftSection={<IconFingerprint aria-hidden />}
          onClick={make}
        >
          {found.makePasskey}
        </Button>
      ) : (
        <Button size="lg" onClick={onDone}>
          {found.next}
        </Button>
      )}
      <GlossaryWord word="passkey" />
      <Button variant="subtle" onClick={onBack}>
        {found.back}
      </Button>
    </Stack>
  );
}
