// Time that runs down, second by second.
import { Text } from "@mantine/core";
import { useEffect, useState } from "react";

const tickMs = 500;

/** `leftMs` counts from `fromMs` of `performance.now()`. */
export function Countdown({
  leftMs,
  fromMs,
  label,
}: {
  readonly leftMs: number;
  readonly fromMs: number;
  readonly label: string;
}) {
  const [nowMs, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  const left = Math.max(0, leftMs - Math.max(0, nowMs - fromMs));
  return (
    <Text role="timer" aria-label={label} fz="h1" fw={650} className="steady-digits">
      {clockOf(left)}
    </Text>
  );
}

/** `4:05`, with hours `1:04:05`. */
export function clockOf(leftMs: number): string {
  const seconds = Math.ceil(leftMs / 1000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}
