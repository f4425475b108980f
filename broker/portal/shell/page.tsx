// The frame of one page: its title (which takes the focus, so that a screen reader begins there), what it offers to do, and its states while it is
// loading, empty or in trouble. Every page looks the same in these.
import { Alert, Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconRefresh } from "@tabler/icons-react";
import { useEffect, useRef, type ReactNode } from "react";
import { SallyportError } from "../../../shared/errors.ts";
import { edgeWords, errorWords, unknownError, type ErrorWords } from "../texts/errors.ts";
import { shell } from "../texts/shell.ts";

export interface PageProps {
  readonly title: string;
  /** One sentence below the title. */
  readonly about?: ReactNode;
  /** Buttons on the title's right, below it on a phone. */
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

export function Page({ title, about, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${shell.product}`;
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4} flex="1 1 280px">
          <Title order={1} ref={heading} tabIndex={-1} className="page-title">
            {title}
          </Title>
          {about !== undefined && <Text c="dimmed">{about}</Text>}
        </Stack>
        {actions !== undefined && <Group gap="sm">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** A list without entries: what would stand here, and how it comes to be. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <Center py="xl">
      <Stack gap="xs" align="center" maw={420} ta="center">
        <Text fw={600} size="lg">
          {title}
        </Text>
        {children}
      </Stack>
    </Center>
  );
}

export function Loading({ label = shell.loading }: { readonly label?: string }) {
  return (
    <Center py="xl" role="status" aria-live="polite">
      <Group gap="sm">
        <Loader size="sm" aria-hidden />
        <Text>{label}</Text>
      </Group>
    </Center>
  );
}

/** What went wrong and what to do next. Nothing is shown for `undefined`. */
export function Trouble({
  error,
  retry,
}: {
  readonly error: unknown;
  readonly retry?: () => void;
}) {
  if (error === undefined) return null;
  const { title, advice, detail } = wordsOf(error);
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={title}
      role="alert"
    >
      <Stack gap="xs" align="flex-start">
        {detail !== "" && <Text>{detail}</Text>}
        {advice !== "" && <Text>{advice}</Text>}
        {retry && (
          <Button
            size="sm"
            variant="light"
            color="red"
            leftSection={<IconRefresh size={16} aria-hidden />}
            onClick={retry}
          >
            {shell.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** The words for anything that was thrown. `detail` is the far side's own text, where it adds something. */
export function wordsOf(thrown: unknown): ErrorWords & { readonly detail: string } {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const byEdge = /^([a-z][a-z_-]*): (.*)/s.exec(message);
  const edge =
    byEdge && Object.hasOwn(edgeWords, byEdge[1] ?? "") ? edgeWords[byEdge[1] ?? ""] : undefined;
  if (edge !== undefined) return { ...edge, detail: byEdge?.[2] ?? "" };
  if (!(thrown instanceof SallyportError)) return { ...unknownError, detail: message };
  const known = Object.hasOwn(errorWords, thrown.code) ? errorWords[thrown.code] : undefined;
  return { ...(known ?? unknownError), detail: message.replace(/^relay: /, "") };
}
