// Founding a site, step by step: what it is called, the owner's passkey, the recovery sheet on paper, one signature. Nothing leaves this page before
// the last step, so whoever gives up on the way leaves nothing behind.
import {
  Accordion,
  Alert,
  Button,
  Card,
  Container,
  Group,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconCheck, IconFingerprint, IconPrinter } from "@tabler/icons-react";
import { useEffect, useMemo, useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import { parsePersonId } from "../../../shared/ids.ts";
import type { Recovery } from "../../../shared/site/founding.ts";
import { RelayFault } from "../../../shared/site/relay-call.ts";
import { describeRelay, type RelayFacts } from "../person/session.ts";
import { SigningWindow, TouchCancelled } from "../person/signing-window.ts";
import { Logo } from "../shell/logo.tsx";
import { CardChoice } from "../shell/card-choice.tsx";
import { Loading, Page, Trouble } from "../shell/page.tsx";
import { allowQuietSignIn, usePerson } from "../shell/person-context.tsx";
import { presetNames, type Preset } from "../site/presets.ts";
import { found } from "../texts/first-run.ts";
import { shell } from "../texts/shell.ts";
import { GlossaryWord } from "./glossary-word.tsx";
import {
  lastGroup,
  newRecovery,
  registerFounded,
  signFirstManifest,
  type Founded,
} from "./founding.ts";
import { SlugField } from "../site/slug-field.tsx";
import { isSlug, slugOf } from "../site/slugs.ts";

const stepNames = ["site", "passkey", "sheet", "sign"] as const;
type Step = (typeof stepNames)[number];

interface Filled {
  readonly name: string;
  readonly ownerName: string;
  readonly owner: string;
  readonly token: string;
  readonly preset: Preset;
}

const empty: Filled = { name: "", ownerName: "", owner: "", token: "", preset: "normal" };

export default function FoundPage() {
  const [relay, setRelay] = useState<RelayFacts>();
  const [error, setError] = useState<unknown>();
  const [step, setStep] = useState<Step>("site");
  const [filled, setFilled] = useState(empty);
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

function SiteForm({
  filled,
  canPasskey: hasPasskeys,
  onDone,
}: {
  readonly filled: Filled;
  readonly canPasskey: boolean;
  readonly onDone: (filled: Filled) => void;
}) {
  const [name, setName] = useState(filled.name);
  const [ownerName, setOwnerName] = useState(filled.ownerName);
  const [typedId, setTypedId] = useState(filled.owner);
  const [token, setToken] = useState(filled.token);
  const [preset, setPreset] = useState<Preset>(filled.preset);
  const [isTried, setTried] = useState(false);
  const owner = typedId === "" ? slugOf(ownerName) : typedId;
  const isStuck = preset === "strict" && !hasPasskeys;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (isSlug(owner) && !isStuck)
      onDone({ name: name.trim(), ownerName: ownerName.trim(), owner, token, preset });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label={found.siteName}
          description={found.siteNameHint}
          value={name}
          required
          maxLength={120}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label={found.ownerName}
          autoComplete="name"
          value={ownerName}
          required
          maxLength={120}
          onChange={(event) => setOwnerName(event.currentTarget.value)}
        />
        <SlugField
          label={found.ownerId}
          description={found.ownerIdHint}
          value={owner}
          error={isTried && !isSlug(owner) ? found.ownerIdWrong : undefined}
          onChange={setTypedId}
        />
        <CardChoice
          label={found.preset}
          value={preset}
          choices={presetNames}
          words={found.presets}
          error={isStuck ? found.strictNeedsPasskey : undefined}
          onChange={setPreset}
        />
        <TextInput
          label={found.token}
          description={found.tokenHint}
          value={token}
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={(event) => setToken(event.currentTarget.value)}
        />
        <Group gap="md">
          <GlossaryWord word="site" />
          <GlossaryWord word="owner" />
          <GlossaryWord word="relay" />
        </Group>
        <Button type="submit" size="lg">
          {found.next}
        </Button>
      </Stack>
    </form>
  );
}

function PasskeyStep({
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

function SheetStep({
  name,
  recovery,
  onDone,
  onBack,
}: {
  readonly name: string;
  readonly recovery: Recovery;
  readonly onDone: () => void;
  readonly onBack: () => void;
}) {
  const [typed, setTyped] = useState("");
  const [isTried, setTried] = useState(false);
  const isRight = typed.trim().toUpperCase() === lastGroup(recovery);
  const today = useMemo(() => new Date().toISOString().slice(0, 10), []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (isRight) onDone();
  };
  return (
    <Stack gap="md">
      <Text className="not-printed">{found.sheetAbout}</Text>
      <Card withBorder padding="lg">
        <Stack gap="sm">
          <Text fw={650} size="lg">
            {found.sheetTitle}
          </Text>
          <Text>
            {found.sheetSite}: {name}
          </Text>
          <Text>
            {found.sheetDate}: {today}
          </Text>
          <Text className="recovery-sheet" component="p" m={0} data-testid="recovery-sheet">
            {recovery.sheet}
          </Text>
          <Text className="only-printed">{found.sheetUse}</Text>
        </Stack>
      </Card>
      <Text className="not-printed" fw={600}>
        {found.sheetOnce}
      </Text>
      <Button
        className="not-printed"
        variant="default"
        size="lg"
        leftSection={<IconPrinter aria-hidden />}
        onClick={() => print()}
      >
        {found.print}
      </Button>
      <form onSubmit={submit} className="not-printed">
        <Stack gap="md">
          <TextInput
            label={found.confirm}
            description={found.confirmHint}
            value={typed}
            required
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            maxLength={8}
            error={isTried && !isRight ? found.confirmWrong : undefined}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button type="submit" size="lg">
            {found.next}
          </Button>
          <GlossaryWord word="sheet" />
          <Accordion variant="contained">
            <Accordion.Item value="auditor">
              <Accordion.Control>{found.auditorTitle}</Accordion.Control>
              <Accordion.Panel>{found.auditor}</Accordion.Panel>
            </Accordion.Item>
          </Accordion>
          <Button variant="subtle" onClick={onBack}>
            {found.back}
          </Button>
        </Stack>
      </form>
    </Stack>
  );
}

function SignStep({
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

function canPasskey({ signing }: RelayFacts): boolean {
  return Boolean(signing) && "PublicKeyCredential" in window;
}
