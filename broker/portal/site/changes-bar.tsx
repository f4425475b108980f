// What stands on top of every page of the owner while something is not signed: how much, and the way to sign it.
import { Alert, Button, Group, Text } from "@mantine/core";
import { IconSignature } from "@tabler/icons-react";
import { Link } from "wouter";
import { useSide } from "../shell/person-context.tsx";
import { changes as texts } from "../texts/site.ts";
import { useChanges } from "./draft-store.ts";

export function ChangesBar() {
  const side = useSide();
  const changes = useChanges(side.id);
  if (changes.length === 0) return null;
  return (
    <Alert variant="light" role="status" icon={<IconSignature aria-hidden />}>
      <Group justify="space-between" gap="sm">
        <Text>{texts.bar(changes.length)}</Text>
        <Button component={Link} href="/changes">
          {texts.look}
        </Button>
      </Group>
    </Alert>
  );
}
