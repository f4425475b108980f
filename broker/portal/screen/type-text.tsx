// A text that is pressed as keys, for machines without a clipboard: asked once more if it holds lines, told how far it is, stopped at any time.
import {
  Alert,
  Button,
  Checkbox,
  Group,
  Modal,
  Progress,
  Stack,
  Text,
  Textarea,
} from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { screen } from "../texts/screen.ts";
import { keysymsOf, linesOf, maxTypedCharacters } from "./keysyms.ts";
import type { ScreenPane } from "./screen-pane.ts";

const texts = screen.type;

export function TypeText({
  pane,
  isOpen,
  onClose,
}: {
  readonly pane: ScreenPane;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  const [text, setText] = useState("");
  const [isSure, setSure] = useState(false);
  const [progress, setProgress] = useState<{ readonly done: number; readonly all: number }>();
  const typing = useRef<AbortController>(undefined);
  useEffect(() => () => typing.current?.abort(), []);
  const characters = Array.from(text).length;
  const lines = linesOf(text);

  const close = (): void => {
    typing.current?.abort();
    // It may hold a password of the machine's own.
    setText("");
    setSure(false);
    setProgress(undefined);
    onClose();
    pane.focus();
  };
  const begin = async (): Promise<void> => {
    const keys = keysymsOf(text);
    const over = new AbortController();
    typing.current = over;
    setProgress({ done: 0, all: keys.length });
    await pane.type(keys, (done) => setProgress({ done, all: keys.length }), over.signal);
    if (!over.signal.aborted) close();
  };
  return (
    <Modal opened={isOpen} onClose={close} title={texts.title} returnFocus={false}>
      {progress === undefined ? (
        <Stack gap="md">
          <Text>{texts.about}</Text>
          <Textarea
            label={texts.label}
            data-autofocus
            autosize
            minRows={3}
            maxRows={10}
            maxLength={maxTypedCharacters}
            autoComplete="off"
            spellCheck={false}
            description={texts.left(characters, maxTypedCharacters)}
            value={text}
            onChange={({ currentTarget }) => {
              setText(currentTarget.value);
              setSure(false);
            }}
          />
          {lines > 1 && (
            <Alert color="yellow">
              <Stack gap="xs">
                <Text>{texts.lines(lines)}</Text>
                <Checkbox
                  label={texts.sure}
                  checked={isSure}
                  onChange={({ currentTarget }) => setSure(currentTarget.checked)}
                />
              </Stack>
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {texts.cancel}
            </Button>
            <Button
              disabled={characters === 0 || (lines > 1 && !isSure)}
              onClick={() => void begin()}
            >
              {texts.begin}
            </Button>
          </Group>
        </Stack>
      ) : (
        <Stack gap="md">
          <Progress
            value={(100 * progress.done) / Math.max(1, progress.all)}
            aria-label={texts.title}
          />
          <Text role="status">{texts.progress(progress.done, progress.all)}</Text>
          <Group justify="flex-end">
            <Button onClick={close}>{texts.stop}</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
