// Names the edges that do not answer, and why.
import { Alert, List, Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { wordsOf } from "../shell/page.tsx";
import { records } from "../texts/records.ts";
import type { SilentEdge } from "./site-recordings.ts";

export function SilentEdges({ silent }: { readonly silent: readonly SilentEdge[] }) {
  if (silent.length === 0) return null;
  return (
    <Alert
      color="yellow"
      role="status"
      icon={<IconPlugConnectedX aria-hidden />}
      title={records.silent(silent.map(({ name }) => name))}
    >
      <List>
        {silent.map(({ edge, name, error }) => (
          <List.Item key={edge}>
            {name}: {wordsOf(error).title}
          </List.Item>
        ))}
      </List>
      <Text>{records.silentHint}</Text>
    </Alert>
  );
}
