// A newcomer's first page: who one is invited as, a passkey where the device can make one, the introduction, and the wait until one is accepted.
import { Button, Card, Code, Group, List, Stack, Text, TextInput } from "@mantine/core";
import { IconCheck, IconFingerprint, IconKey } from "@tabler/icons-react";
import { useEffect, useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import type { InvitationSubject } from "../../../shared/document/invitation.ts";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import type { InvitationLink } from "../../../shared/site/invitation-link.ts";
import { spoken } from "../../../shared/site/invitations.ts";
import { SigningWindow, TouchCancelled } from "../person/signing-window.ts";
import { Logo } from "../shell/logo.tsx";
import { Loading, Page, Trouble } from "../shell/page.tsx";
import { allowQuietSignIn, usePerson } from "../shell/person-context.tsx";
import { join } from "../texts/join.ts";
import { shell } from "../texts/shell.ts";
import {
  introduce,
  openInvitation,
  pastedLink,
  takeLink,
  type Introduced,
  type JoinFault,
  type OpenInvitation,
} from "./answer.ts";

const acceptedPollMs = 5_000;

// Read once, before anything of React can run twice: the link is taken out of the address bar at the same time.
let taken: InvitationLink | undefined;
let isCut = false;
if (location.hash.length > 1) {
  taken = takeLink();
  isCut = taken === undefined;
}

export default function JoinPage() {
  const [opened, setOpened] = useState<OpenInvitation | JoinFault | undefined>(
    isCut ? "noLink" : undefined,
  );
  const [error, setError] = useState<unknown>();
  const [introduced, setIntroduced] = useState<Introduced>();

  const open = (link: InvitationLink | undefined): void => {
    setError(undefined);
    setOpened(link === undefined ? "noLink" : undefined);
    if (link !== undefined) openInvitation(link).then(setOpened, setError);
  };
  useEffect(() => {
    if (taken !== undefined) openInvitation(taken).then(setOpened, setError);
    // Another link in the same tab's address bar loads nothing anew.
    const another = (): void => {
      if (location.hash.length < 2) return;
      taken = takeLink();
      open(taken);
    };
    addEventListener("hashchange", another);
    return () => removeEventListener("hashchange", another);
  }, []);

  return (
    <Stack component="main" gap="lg">
      <Group gap="sm">
        <Logo size={36} />
        <Text fw={650} size="xl">
          {shell.product}
        </Text>
      </Group>
      {introduced !== undefined ? (
        <Waiting introduced={introduced} />
      ) : opened === undefined && taken === undefined && error === undefined ? (
        <Page title={join.paste} about={join.pasteAbout}>
          <PastedLink onLink={open} />
        </Page>
      ) : opened === undefined ? (
        <Page title={join.title}>
          {error === undefined ? <Loading label={join.loading} /> : <Trouble error={error} />}
        </Page>
      ) : typeof opened === "string" ? (
        <Page title={join.errors[opened] as string} about={hintOf(opened)}>
          <PastedLink onLink={open} />
        </Page>
      ) : (
        <Answer opened={opened} onIntroduced={setIntroduced} />
      )}
    </Stack>
  );
}

/** For an app on a home screen, which no link opens: the link is pasted. */
function PastedLink({ onLink }: { readonly onLink: (link: InvitationLink | undefined) => void }) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    taken = pastedLink(text);
    onLink(taken);
    setText("");
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label={join.link}
          description={join.linkHint}
          value={text}
          autoComplete="off"
          spellCheck={false}
          required
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" size="lg">
          {join.open}
        </Button>
      </Stack>
    </form>
  );
}

function Answer({
  opened,
  onIntroduced,
}: {
  readonly opened: OpenInvitation;
  readonly onIntroduced: (introduced: Introduced) => void;
}) {
  const { link, invitation, signing } = opened;
  const { subject } = invitation;
  const canHavePasskey = signing !== undefined && "PublicKeyCredential" in window;
  const [passkey, setPasskey] = useState<PasskeyPublic>();
  const [isWithout, setWithout] = useState(!canHavePasskey);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  if (subject.kind === "edge") return null;

  const attempt = (work: (touch: SigningWindow | undefined) => Promise<void>, touches: boolean) => {
    setBusy(true);
    setError(undefined);
    const run = async (): Promise<void> => {
      await work(touches && signing !== undefined ? new SigningWindow(signing.origin) : undefined);
    };
    run()
      .catch((thrown: unknown) => {
        if (!(thrown instanceof TouchCancelled)) setError(thrown);
      })
      .finally(() => setBusy(false));
  };
  const makePasskey = (): void =>
    attempt(async (touch) => {
      if (touch === undefined || signing === undefined) return;
      const { id, name } = subject;
      setPasskey(await touch.register({ site: link.site, person: id, name, rpId: signing.rpId }));
    }, true);
  const answer = (): void =>
    attempt(async (touch) => {
      onIntroduced(await introduce(opened, passkey, touch));
    }, passkey !== undefined);

  return (
    <Page title={join.title} about={`${join.as(subject.name)}: ${rolesOf(subject)}`}>
      <Card withBorder padding="lg">
        <Stack gap="md">
          {passkey !== undefined ? (
            <Group gap="xs" wrap="nowrap">
              <IconCheck aria-hidden />
              <Text fw={600}>{join.passkeyMade}</Text>
            </Group>
          ) : (
            !isWithout && (
              <>
                <Text>{join.aboutPasskey}</Text>
                <Button
                  size="lg"
                  loading={isBusy}
                  leftSection={<IconFingerprint aria-hidden />}
                  onClick={makePasskey}
                >
                  {join.makePasskey}
                </Button>
                <Button variant="subtle" onClick={() => setWithout(true)}>
                  {join.withoutPasskey}
                </Button>
              </>
            )
          )}
          {isWithout && passkey === undefined && <Text>{join.withoutPasskeyAbout}</Text>}
          {(isWithout || passkey !== undefined) && (
            <>
              <Text c="dimmed">{join.aboutKey}</Text>
              <Text c="dimmed">{join.introduceAbout}</Text>
              <Button
                size="lg"
                loading={isBusy}
                leftSection={<IconKey aria-hidden />}
                onClick={answer}
              >
                {join.introduce}
              </Button>
            </>
          )}
          <Trouble error={error} />
        </Stack>
      </Card>
    </Page>
  );
}

function Waiting({ introduced }: { readonly introduced: Introduced }) {
  const { phase, sides, refresh } = usePerson();
  const [, navigate] = useLocation();
  const isIn = phase === "signed-in" && sides.length > 0;
  useEffect(() => {
    allowQuietSignIn();
    if (isIn) return undefined;
    const timer = setInterval(() => void refresh(), acceptedPollMs);
    return () => clearInterval(timer);
  }, [isIn, refresh]);
  return (
    <Page title={isIn ? join.accepted : join.waiting} about={isIn ? undefined : join.waitingAbout}>
      <Stack gap="md" aria-live="polite">
        {isIn ? (
          <Button size="lg" onClick={() => navigate("/")}>
            {join.enter}
          </Button>
        ) : (
          <>
            <Loading />
            <Text>{join.fingerprints}</Text>
            <List spacing="xs">
              <List.Item>
                {join.ownKey}: <Code>{spoken(introduced.ownKey)}</Code>
              </List.Item>
              {introduced.passkey !== undefined && (
                <List.Item>
                  {join.passkey}: <Code>{spoken(introduced.passkey)}</Code>
                </List.Item>
              )}
            </List>
          </>
        )}
      </Stack>
    </Page>
  );
}

function rolesOf(subject: Exclude<InvitationSubject, { kind: "edge" }>): string {
  if (subject.kind === "technician") return join.technicianOf(subject.company);
  if (subject.kind === "administrator") return join.administratorOf(subject.company);
  return subject.roles.map((role) => join.roles[role]).join(", ");
}

function hintOf(fault: JoinFault): string | undefined {
  const hint = `${fault}Hint`;
  return hint in join.errors ? join.errors[hint as JoinFault] : undefined;
}
