// Founding, last step: one signature, and the site is registered at the relay.
import { Alert, Button, Card, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import { parsePersonId } from "../../../shared/ids.ts";
import type { Recovery } from "../../../shared/site/founding.ts";
import { RelayFault } from "../../../shared/site/relay-call.ts";
import type { RelayFacts } from "../person/session.ts";
import { SigningWindow, TouchCancelled } from "../person/signing-window.ts";
import { Trouble } from "../shell/page.tsx";
import { allowQuietSignIn, usePerson } from "../shell/person-context.tsx";
import { found } from "../texts/first-run.ts";
import type { Filled } from "./found-facts.ts";
import { registerFounded, signFirstManifest, type Founded } from "./founding.ts";

export function SignStep({
  filled,
  relay,
  recovery,
  passkey,
}: {
  readonly filled: Filled;
  readonly relay: RelayFacts;
  readonly recovery: Recovery;
  readonly passkey: PasskeyPublic | undefined;
}) {
  const { refresh, choose } = usePerson();
  const [, navigate] = useLocation();
  const [token, setToken] = useState(filled.token);
  const [signed, setSigned] = useState<Founded>();
  const [isBusy, setBusy] = useState(false);
  const [isCancelled, setCancelled] = useState(false);
  const [error, setError] = useState<unknown>();
  const site = { ...filled, owner: parsePersonId(filled.owner) };
  const finish = (): void => {
    setBusy(true);
    setError(undefined);
    setCancelled(false);
    const run = async (): Promise<void> => {
      const touch =
        signed === undefined && passkey !== undefined && relay.signing
          ? new SigningWindow(relay.signing.origin)
          : undefined;
      const founded = signed ?? (await signFirstManifest(site, relay, recovery, passkey, touch));
      setSigned(founded);
      await registerFounded(founded, site, token);
      allowQuietSignIn();
      choose(founded.site);
      await refresh();
      navigate("/start", { replace: true });
    };
    run()
      .catch((thrown: unknown) => {
        if (thrown instanceof TouchCancelled) setCancelled(true);
        else setError(thrown);
      })
      .finally(() => setBusy(false));
  };
  const isTokenWrong = error instanceof RelayFault && error.code === "forbidden";
  return (
    <Stack gap="md">
      <Text>{found.signAbout(filled.name)}</Text>
      <Card withBorder padding="lg">
        <Stack gap="xs">
          {[
            [found.signFacts.name, filled.name],
            [found.signFacts.owner, `${filled.ownerName} (${filled.owner})`],
            [found.signFacts.preset, found.presets[filled.preset].label],
            [found.signFacts.until, found.signFacts.years],
            [found.signFacts.relay, relay.name],
          ].map(([label, value]) => (
            <Group key={label} gap="xs" align="baseline">
              <Text c="dimmed" size="sm">
                {label}
              </Text>
              <Text fw={600}>{value}</Text>
            </Group>
          ))}
        </Stack>
      </Card>
      {isTokenWrong ? (
        <TextInput
          label={found.token}
          description={found.tokenHint}
          value={token}
          error={found.tokenWrong}
          onChange={(event) => setToken(event.currentTarget.value)}
        />
      ) : (
        <Trouble error={error} />
      )}
      {isCancelled && <Alert color="gray">{found.cancelled}</Alert>}
      {signed !== undefined && error !== undefined && <Text c="dimmed">{found.signed}</Text>}
      <Button
        size="lg"
        loading={isBusy}
        leftSection={<IconFingerprint aria-hidden />}
        onClick={finish}
      >
        {found.sign}
      </Button>
    </Stack>
  );
}
