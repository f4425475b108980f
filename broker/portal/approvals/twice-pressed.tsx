// A red button that acts on its second press within three seconds: quicker than a question in a window, and not by accident.
import { Button } from "@mantine/core";
import { useEffect, useState, type ReactNode } from "react";

const armedMs = 3_000;

export function TwicePressed({
  label,
  again,
  icon,
  isBusy,
  onPress,
  size = "xl",
}: {
  readonly label: string;
  /** What it says while it waits for the second press. */
  readonly again: string;
  readonly icon?: ReactNode;
  readonly isBusy: boolean;
  readonly onPress: () => void;
  readonly size?: "md" | "lg" | "xl";
}) {
  const [isArmed, setArmed] = useState(false);
  useEffect(() => {
    if (!isArmed) return undefined;
    const timer = setTimeout(() => setArmed(false), armedMs);
    return () => clearTimeout(timer);
  }, [isArmed]);
  const press = (): void => {
    if (isArmed) onPress();
    setArmed(!isArmed);
  };
  return (
    <Button
      size={size}
      color="red"
      variant={isArmed ? "filled" : "light"}
      loading={isBusy}
      leftSection={icon}
      onClick={press}
    >
      <span aria-live="assertive">{isArmed ? again : label}</span>
    </Button>
  );
}
