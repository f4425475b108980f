// One button of a toolbar: a face with its name, pressed or not.
import { ActionIcon, Tooltip } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";

export function Tool({
  icon: ToolIcon,
  label,
  isPressed,
  isDisabled = false,
  onClick,
}: {
  readonly icon: Icon;
  readonly label: string;
  readonly isPressed?: boolean;
  readonly isDisabled?: boolean;
  readonly onClick: () => void;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        className="tool"
        size="xl"
        aria-label={label}
        aria-pressed={isPressed}
        color={isPressed === true ? "petrol" : "gray"}
        variant={isPressed === true ? "light" : "subtle"}
        disabled={isDisabled}
        onClick={onClick}
      >
        <ToolIcon size={20} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

/** The phone's keyboard would go away with the terminal's focus, and come back with the next key. */
export function keepFocus(event: { preventDefault: () => void }): void {
  event.preventDefault();
}
