// How a person proves to the edge that it is really them: by a touch where they have a passkey (nothing less counts for them then), else by the browser's key and a code where the site's policy
// wants a second factor, by the key alone where it waives it. The edge decides; this only asks for what it will want.
import { Alert, Anchor, Button, Stack, Text, TextInput } from "@mantine/core";
import { IconFingerprint, IconKey } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { Link } from "wouter";
import { findTarget, policyOf } from "../../../shared/document/manifest.ts";
import type { JobTargets } from "../../../shared/document/request.ts";
import { needsCode } from "../../../shared/site/second-factor.ts";
import type { PageSide } from "../person/page-side.ts";
import type { SigningWindow } from "../person/signing-window.ts";
import { usePerson } from "../shell/person-context.tsx";
import { ask, proof } from "../texts/jobs.ts";

export type ProofWay = "touch" | "code" | "key" | "no code" | "passkey only" | "no key";

/** What a proof is made with: gathered in the click, before anything is waited for. */
export interface ProofGiven {
  readonly touch: SigningWindow | undefined;
  readonly code: string | undefined;
}

export interface ProofChoice {
  readonly way: ProofWay;
  readonly code: string;
  readonly setCode: (code: string) => void;
  readonly isCodeWhole: boolean;
  /** Opens what the proof needs; to be called in the click. */
  readonly take: () => ProofGiven;
}

const codePattern = /^\d{6}$/;

/** The way for a job on these targets, and what was typed for it. */
export function useProof(side: PageSide, targets: JobTargets): ProofChoice {
  const { session } = usePerson();
  const [code, setCode] = useState("");
  const totp = session?.sites.find(({ site }) => site === side.id)?.totp ?? "none";
  const way = wayOf(side, targets, totp === "confirmed");
  return {
    way,
    code,
    setCode,
    isCodeWhole: codePattern.test(code),
    take: () => {
      setCode("");
      return {
        touch: way === "touch" ? side.openTouch() : undefined,
        code: way === "code" ? code : undefined,
      };
    },
  };
}

function wayOf(side: PageSide, targets: JobTargets, hasCode: boolean): ProofWay {
  return side.passkeys.length > 0 ? "touch" : wayByKey(side, targets, hasCode);
}

function wayByKey(side: PageSide, targets: JobTargets, hasCode: boolean): ProofWay {
  const { payload } = side.held.manifest;
  const policies = targets.flatMap(({ id }) => {
    const target = findTarget(payload, id);
    return target === undefined ? [] : [policyOf(payload, target)];
  });
  if (policies.some(({ passkeysOnly }) => passkeysOnly)) return "passkey only";
  if (!side.signsQuietly) return "no key";
  if (!needsCode(payload, targets)) return "key";
  return hasCode ? "code" : "no code";
}

/** Whether nothing can be proved this way here. */
export function isBarred(way: ProofWay): boolean {
  return way === "no code" || way === "passkey only" || way === "no key";
}

/** What a person has to do for the proof, above the button: a code to type, or why it cannot be given. */
export function ProofAsk({
  choice,
  error,
}: {
  readonly choice: ProofChoice;
  readonly error?: string | undefined;
}) {
  const { way, code, setCode } = choice;
  if (way === "no code")
    return (
      <Alert color="yellow" title={proof.noCode}>
        <Stack gap="xs" align="flex-start">
          <Text>{proof.noCodeHint}</Text>
          <Anchor component={Link} href="/settings">
            {proof.setUp}
          </Anchor>
        </Stack>
      </Alert>
    );
  if (way === "passkey only")
    return (
      <Alert color="yellow" title={proof.passkeyOnly}>
        {proof.passkeyOnlyHint}
      </Alert>
    );
  if (way === "no key")
    return (
      <Alert color="yellow" title={proof.noKey}>
        {proof.noKeyHint}
      </Alert>
    );
  if (way !== "code") return null;
  return (
    <TextInput
      label={proof.code}
      description={proof.codeHint}
      inputMode="numeric"
      autoComplete="one-time-code"
      maxLength={6}
      value={code}
      error={error}
      onChange={(event) => setCode(event.currentTarget.value.trim())}
    />
  );
}

/** Asks for the proof and gives it to whoever opens the session. */
export function ProofForm({
  side,
  targets,
  label,
  onProof,
  onFault,
}: {
  readonly side: PageSide;
  readonly targets: JobTargets;
  readonly label: string;
  readonly onProof: (given: ProofGiven) => void;
  /** What stands against even asking: a browser that opens no windows. */
  readonly onFault: (thrown: unknown) => void;
}) {
  const choice = useProof(side, targets);
  const [error, setError] = useState<string>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const lacksCode = choice.way === "code" && !choice.isCodeWhole;
    setError(lacksCode ? ask.faults.code : undefined);
    if (lacksCode) return;
    try {
      onProof(choice.take());
    } catch (thrown) {
      onFault(thrown);
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md" align="flex-start">
        <ProofAsk choice={choice} error={error} />
        {!isBarred(choice.way) && (
          <Button
            type="submit"
            size="lg"
            leftSection={
              choice.way === "touch" ? <IconFingerprint aria-hidden /> : <IconKey aria-hidden />
            }
          >
            {label}
          </Button>
        )}
      </Stack>
    </form>
  );
}
