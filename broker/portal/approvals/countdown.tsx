// Time that runs down, second by second.
import { Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { clockOf } from "../shell/clock-of.ts";

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
