// A moment beside now, kept true while it is shown; its title says it exactly.
import { Text, type TextProps } from "@mantine/core";
import { useNow } from "../shell/moment.tsx";
import { distanceWords, exactWords, momentWords } from "./times.ts";

export function Moment({
  at,
  as = "distance",
  ...text
}: TextProps & { readonly at: number; readonly as?: "distance" | "moment" }) {
  const now = useNow() / 1000;
  const words = as === "distance" ? distanceWords(at, now) : momentWords(at, now);
  return (
    <Text span {...text}>
      <time dateTime={new Date(at * 1000).toISOString()} title={exactWords(at)}>
        {words}
      </time>
    </Text>
  );
}
