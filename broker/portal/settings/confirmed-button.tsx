// A button for what cannot be undone: it says what will happen and asks once more.
import { Button, Group, Modal, Stack, Text, type ButtonProps } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Trouble } from "../shell/page.tsx";
import { settings } from "../texts/settings.ts";
import { useAttempt } from "./use-attempt.ts";

export function ConfirmedButton({
  label,
  name = label,
  about,
  act,
  does,
  ...props
}: ButtonProps & {
  readonly label: string;
  /** What it is called where several of one label stand. */
  readonly name?: string;
  readonly about: string;
  /** What the button of the question says. */
  readonly act: string;
  readonly does: () => Promise<void>;
}) {
  const [isAsked, asked] = useDisclosure(false);
  const { isBusy, error, run, forget } = useAttempt();
  const close = (): void => {
    forget();
    asked.close();
  };
  const confirm = (): void =>
    run(async () => {
      await does();
      asked.close();
    });
  return (
    <>
      <Button variant="default" {...props} aria-label={name} onClick={asked.open}>
        {label}
      </Button>
      <Modal opened={isAsked} onClose={close} title={name}>
        <Stack gap="md">
          <Text>{about}</Text>
          <Trouble error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {settings.cancel}
            </Button>
            <Button color="red" loading={isBusy} onClick={confirm}>
              {act}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
