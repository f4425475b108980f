// A moment beside now, kept true while it is shown; its title says it exactly.
import { Text, type TextProps } from "@mantine/core";
import { useEffect, useState } from "react";
import { distanceWords, exactWords, momentWords } from "./times.ts";

/** Unix milliseconds, anew each `everyMs`. */
export function useNowMs(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function Moment({
  at,
  as = "distance",
  ...text
}: TextProps & { readonly at: number; readonly as?: "distance" | "moment" }) {
  const now = useNowMs(5_000) / 1000;
  const words = as === "distance" ? distanceWords(at, now) : momentWords(at, now);
  return (
    <Text span {...text}>
      <time dateTime={new Date(at * 1000).toISOString()} title={exactWords(at)}>
        {words}
      </time>
    </Text>
  );
}
