// Whether input reaches the machine, under a policy by which somebody of the site has to watch.
import { Alert, Group, Text } from "@mantine/core";
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { screen } from "../texts/screen.ts";

export function WatchedNotice({ isWatched }: { readonly isWatched: boolean | undefined }) {
  return (
    <div aria-live="polite">
      {isWatched === false && (
        <Alert color="orange" role="presentation" icon={<IconEyeOff aria-hidden />} m="xs">
          {screen.unwatched}
        </Alert>
      )}
      {isWatched === true && (
        <Group gap="xs" px="xs" pb="xs" wrap="nowrap">
          <IconEye size={18} aria-hidden />
          <Text size="sm">{screen.watched}</Text>
        </Group>
      )}
    </div>
  );
}
