// Keys that a phone does not have, and the phone's own keyboard. Modifiers are held for the next key.
import { Button, Group } from "@mantine/core";
import { useRef, useState } from "react";
import { keepFocus } from "../shell/tool.tsx";
import { screen } from "../texts/screen.ts";
import { modifierNames, pressesBetween, type KeyName } from "./keysyms.ts";
import type { PaneState, ScreenPane } from "./screen-pane.ts";

const mainKeys: readonly KeyName[] = ["escape", "tab", "enter", "backspace", "delete"];
const movingKeys: readonly KeyName[] = ["left", "up", "down", "right"];
const farKeys: readonly KeyName[] = ["home", "end", "pageUp", "pageDown", "insert"];
const functionKeys: readonly KeyName[] = [
  "f1",
  "f2",
  "f3",
  "f4",
  "f5",
  "f6",
  "f7",
  "f8",
  "f9",
  "f10",
  "f11",
  "f12",
];

export function ScreenKeys({
  pane,
  state,
  isTouched,
}: {
  readonly pane: ScreenPane;
  readonly state: PaneState;
  readonly isTouched: boolean;
}) {
  const [showsFunctions, setShowsFunctions] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const keys = (names: readonly KeyName[]) =>
    names.map((name) => (
      <Button
        key={name}
        size="sm"
        px="sm"
        variant="default"
        aria-label={screen.keyLabels[name]}
        onMouseDown={keepFocus}
        onClick={() => pane.press(name)}
      >
        {screen.keyNames[name] ?? name.toUpperCase()}
      </Button>
    ));
  return (
    <Group gap={6} p="xs" role="toolbar" aria-label={screen.keyRows}>
      {isTouched && (
        <Button size="sm" px="sm" onClick={() => field.current?.focus()}>
          {screen.phoneKeyboard}
        </Button>
      )}
      {modifierNames.map((name) => (
        <Button
          key={name}
          size="sm"
          px="sm"
          variant={state.held.has(name) ? "filled" : "default"}
          aria-pressed={state.held.has(name)}
          onMouseDown={keepFocus}
          onClick={() => pane.hold(name)}
        >
          {screen.keyNames[name]}
        </Button>
      ))}
      {keys(mainKeys)}
      {keys(movingKeys)}
      <Button
        size="sm"
        px="sm"
        variant={showsFunctions ? "light" : "default"}
        aria-expanded={showsFunctions}
        onMouseDown={keepFocus}
        onClick={() => setShowsFunctions(!showsFunctions)}
      >
        {screen.functionKeys}
      </Button>
      {showsFunctions && keys([...functionKeys, ...farKeys])}
      <Button
        size="sm"
        px="sm"
        variant="default"
        onMouseDown={keepFocus}
        onClick={() => pane.chord("control", "alt", "delete")}
      >
        {screen.controlAltDelete}
      </Button>
      {isTouched && (
        <textarea
          ref={field}
          className="phone-keyboard"
          aria-label={screen.phoneKeyboardLabel}
          autoCapitalize="off"
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          defaultValue={filler}
          onFocus={({ currentTarget }) => empty(currentTarget)}
          onInput={({ currentTarget, nativeEvent }) =>
            typed(pane, currentTarget, nativeEvent as InputEvent)
          }
        />
      )}
    </Group>
  );
}

/** Backspace must find something to take away, or the phone does not tell of it. */
const filler = "_".repeat(50);
const shown = new WeakMap<HTMLTextAreaElement, string>();

// Phones' keyboards tell of characters by what stands in a field afterwards, not by keys.
function typed(pane: ScreenPane, field: HTMLTextAreaElement, { isComposing }: InputEvent): void {
  pane.pressKeysyms(pressesBetween(shown.get(field) ?? filler, field.value));
  shown.set(field, field.value);
  if (!isComposing && Math.abs(field.value.length - filler.length) > filler.length / 2)
    empty(field);
}

function empty(field: HTMLTextAreaElement): void {
  field.value = filler;
  shown.set(field, filler);
  field.setSelectionRange(filler.length, filler.length);
}
