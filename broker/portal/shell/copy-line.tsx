// A line to be pasted somewhere else, with a button that copies it.
import { Button, Code, CopyButton, Group } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { shell } from "../texts/shell.ts";

export function CopyLine({ line }: { readonly line: string }) {
  return (
    <Group gap="sm" align="center">
      <Code block flex="1 1 240px" tabIndex={0} className="breaks-anywhere keeps-lines">
        {line}
      </Code>
      <CopyButton value={line}>
        {({ copied, copy }) => (
          <Button
            variant="default"
            leftSection={
              copied ? <IconCheck size={18} aria-hidden /> : <IconCopy size={18} aria-hidden />
            }
            onClick={copy}
          >
            {copied ? shell.copied : shell.copy}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
