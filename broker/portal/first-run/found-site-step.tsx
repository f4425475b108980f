// Founding, first step: what the site and its owner are called, and its first rules.
import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { CardChoice } from "../shell/card-choice.tsx";
import { presetNames, type Preset } from "../site/presets.ts";
import { SlugField } from "../site/slug-field.tsx";
import { isSlug, slugOf } from "../site/slugs.ts";
import { found } from "../texts/first-run.ts";
import type { Filled } from "./found-facts.ts";
import { GlossaryWord } from "./glossary-word.tsx";

export function SiteForm({
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
