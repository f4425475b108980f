// Taking something out of the site: asked once, collected with the other changes, taken back with one press.
import { Button, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useSide } from "../shell/person-context.tsx";
import { people as texts } from "../texts/site.ts";
import type { Change } from "./changes.ts";
import { draftOf } from "./draft-store.ts";

/** Collects a removal, after a question; takes it back with one press. */
export function RemoveButton({
  label,
  ask,
  about = texts.removeAbout,
  isGone,
  change,
}: {
  readonly label: string;
  readonly ask: string;
  readonly about?: string;
  readonly isGone: boolean;
  readonly change: Change;
}) {
  const side = useSide();
  const draft = draftOf(side.id);
  const [asks, setAsks] = useState(false);
  if (isGone)
    return (
      <Button variant="subtle" onClick={() => void draft.drop(change)}>
        {texts.undo}
      </Button>
    );
  return (
    <>
      <Button variant="subtle" color="red" onClick={() => setAsks(true)}>
        {label}
      </Button>
      <Modal opened={asks} onClose={() => setAsks(false)} title={ask}>
        <Stack>
          <Text>{about}</Text>
          <Button
            color="red"
            onClick={() => {
              setAsks(false);
              void draft.add(change);
            }}
          >
            {label}
          </Button>
        </Stack>
      </Modal>
    </>
  );
}
