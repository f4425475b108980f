// Signing in: with the key that this browser holds, by passkey on the signing page, or by name, password and code (which is for reading).
import {
  Alert,
  Anchor,
  Button,
  Card,
  Center,
  Collapse,
  Divider,
  Group,
  PasswordInput,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFingerprint, IconInfoCircle, IconLock } from "@tabler/icons-react";
import { useEffect, useState, type FormEvent } from "react";
import { Link } from "wouter";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import { parseManifest } from "../../../shared/document/manifest.ts";
import { RelayFault } from "../../../shared/site/relay-call.ts";
import { foundingPath } from "../first-run/paths.ts";
import { browserMemory } from "../person/browser-memory.ts";
import { ownKey, type OwnKey } from "../person/own-key.ts";
import { pins, type Pin } from "../person/pins.ts";
import {
  describeRelay,
  signInByOwnKey,
  signInByPasskey,
  signInByPassword,
  trustOwnKey,
  type RelayFacts,
} from "../person/session.ts";
import { SigningWindow, TouchCancelled } from "../person/signing-window.ts";
import { Logo } from "../shell/logo.tsx";
import { Page, Trouble } from "../shell/page.tsx";
import { allowQuietSignIn, usePerson } from "../shell/person-context.tsx";
import { ownerNavigation } from "../texts/owner-navigation.ts";
import { signIn } from "../texts/sign-in.ts";
import { shell } from "../texts/shell.ts";

interface Known {
  readonly relay: RelayFacts;
  readonly own: OwnKey | undefined;
  readonly pins: readonly Pin[];
  readonly signingOrigin: string | undefined;
  readonly passkeys: readonly PasskeyPublic[];
}

export function SignInPage() {
  const { refresh } = usePerson();
  const [known, setKnown] = useState<Known>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [needsCode, setNeedsCode] = useState(false);
  const [showsPassword, password] = useDisclosure(false);

  useEffect(() => {
    lookAround().then(setKnown, setError);
  }, []);

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
      allowQuietSignIn();
      await refresh();
    } catch (thrown) {
      if (isCodeWanted(thrown)) setNeedsCode(true);
      else if (!(thrown instanceof TouchCancelled)) setError(thrown);
    } finally {
      setBusy(false);
    }
  };

  const trustKey = async (): Promise<void> => {
    if (known?.own !== undefined && known.pins.length > 0)
      await trustOwnKey(known.own, onlyOne(known.pins));
  };

  const byPasskey = (): void => {
    const origin = known?.signingOrigin;
    if (origin === undefined) return;
    let touch: SigningWindow;
    try {
      touch = new SigningWindow(origin);
    } catch (thrown) {
      setError(thrown);
      return;
    }
    void attempt(async () => {
      await signInByPasskey(touch, onlyOne(known?.pins), known?.passkeys ?? []);
      await trustKey();
    });
  };

  const byKey = (code?: string): void => {
    const own = known?.own;
    if (own !== undefined) void attempt(() => signInByOwnKey(own, onlyOne(known?.pins), code));
  };

  const canUseKey = known?.own !== undefined && known.pins.length > 0;
  const canUsePasskey = known?.signingOrigin !== undefined && known.passkeys.length > 0;
  return (
    <Center mih="100vh" p="md" component="main">
      <Stack w="100%" maw={420} gap="lg">
        <Group gap="sm">
          <Logo size={36} />
          <Text fw={650} size="xl">
            {shell.product}
          </Text>
        </Group>
        <Page title={signIn.title} about={signIn.about}>
          {known?.relay.useNotice && (
            <Alert icon={<IconInfoCircle aria-hidden />} title={signIn.notice} color="gray">
              <Text className="keeps-lines">{known.relay.useNotice}</Text>
            </Alert>
          )}
          <Trouble error={error} />
          <Card withBorder padding="lg">
            <Stack gap="md">
              {canUsePasskey && (
                <Button
                  size="lg"
                  loading={isBusy}
                  leftSection={<IconFingerprint aria-hidden />}
                  onClick={byPasskey}
                >
                  {signIn.byPasskey}
                </Button>
              )}
              {canUseKey && !needsCode && (
                <Button
                  size="lg"
                  variant={canUsePasskey ? "default" : "filled"}
                  loading={isBusy}
                  onClick={() => byKey()}
                >
                  {signIn.byKey}
                </Button>
              )}
              {canUseKey && needsCode && <CodeForm isBusy={isBusy} onCode={byKey} />}
              {!canUsePasskey && !canUseKey && <Text>{signIn.newHere}</Text>}
              <Divider />
              <Button
                variant="subtle"
                leftSection={<IconLock size={18} aria-hidden />}
                aria-expanded={showsPassword}
                onClick={password.toggle}
              >
                {signIn.byPassword}
              </Button>
              <Collapse expanded={showsPassword}>
                <PasswordForm
                  isBusy={isBusy}
                  onSubmit={(name, word, code) =>
                    void attempt(async () => {
                      await signInByPassword(name, word, code);
                      await trustKey();
                    })
                  }
                />
              </Collapse>
            </Stack>
          </Card>
          <Anchor component={Link} href="/join">
            {signIn.paste}
          </Anchor>
          <Anchor component={Link} href={foundingPath}>
            {ownerNavigation.found}
          </Anchor>
        </Page>
      </Stack>
    </Center>
  );
}

function CodeForm({
  isBusy,
  onCode,
}: {
  readonly isBusy: boolean;
  readonly onCode: (code: string) => void;
}) {
  const [code, setCode] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onCode(code.trim());
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text>{signIn.signedOutEverywhere}</Text>
        <CodeField code={code} inputMode="numeric" onChange={setCode} />
        <Button type="submit" loading={isBusy}>
          {signIn.title}
        </Button>
      </Stack>
    </form>
  );
}

function PasswordForm({
  isBusy,
  onSubmit,
}: {
  readonly isBusy: boolean;
  readonly onSubmit: (name: string, password: string, code: string) => void;
}) {
  const [name, setName] = useState("");
  const [word, setWord] = useState("");
  const [code, setCode] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit(name.trim(), word, code.trim());
    setWord("");
    setCode("");
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={signIn.name}
          description={signIn.nameHint}
          autoComplete="username"
          value={name}
          required
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label={signIn.password}
          autoComplete="current-password"
          value={word}
          required
          onChange={(event) => setWord(event.currentTarget.value)}
        />
        <CodeField code={code} inputMode="text" onChange={setCode} />
        <Button type="submit" loading={isBusy}>
          {signIn.title}
        </Button>
      </Stack>
    </form>
  );
}

function CodeField({
  code,
  inputMode,
  onChange,
}: {
  readonly code: string;
  /** Codes on paper have letters, too. */
  readonly inputMode: "numeric" | "text";
  readonly onChange: (code: string) => void;
}) {
  return (
    <TextInput
      label={signIn.code}
      description={signIn.codeHint}
      inputMode={inputMode}
      autoComplete="one-time-code"
      value={code}
      required
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

async function lookAround(): Promise<Known> {
  const [relay, own, known] = await Promise.all([describeRelay(), ownKey(), pins()]);
  const manifests = await Promise.all(
    known.map(async ({ site, person }) => {
      const newest = (await browserMemory.manifests(site)).at(-1);
      return newest && { manifest: parseManifest(newest), person };
    }),
  );
  const passkeys = manifests.flatMap((each) =>
    (each?.manifest.persons ?? [])
      .filter(({ id }) => id === each?.person)
      .flatMap(({ keys }) => keys)
      .filter((key) => key.kind === "passkey"),
  );
  const signing = manifests.find((each) => each?.manifest.signing)?.manifest.signing;
  return {
    relay,
    own,
    pins: known,
    signingOrigin: signing?.origins[0] ?? relay.signing?.origin,
    passkeys,
  };
}

function onlyOne<Item>(items: readonly Item[] = []): Item | undefined {
  return items.length === 1 ? items[0] : undefined;
}

function isCodeWanted(thrown: unknown): boolean {
  return thrown instanceof RelayFault && thrown.status === 403 && thrown.field === "code";
}
