// One figure of the benchmarks, and the two ways to print it.
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The peer that was measured in the same run, in turns, and what it did. */
  readonly against: { readonly peer: string; readonly value: number; readonly unit: string } | null;
}

export const figureNames = [
  "channel.up.ratio_reverse_ssh",
  "channel.down.ratio_reverse_ssh",
  "channel.echo.p50_us",
  "channel.echo.p99_us",
  "session.approve_to_prompt_ms",
  "session.end_ms",
  "edge.rss_idle_mb",
  "signing.load_kb",
  "portal.first_load_kb",
  "portal.terminal_load_kb",
  "portal.approve_to_prompt_ms",
  "portal.end_ms",
  "vnc.first_picture_ms",
  "rdp.first_picture_ms",
  "http.first_byte_added_ms",
  "vnc.key_to_picture_added_ms",
  "vnc.session_mb",
  "rdp.session_mb",
  "vnc.recording_mb_per_hour",
  "vnc.hostile_echo_p99_ratio",
] as const;
export type FigureName = (typeof figureNames)[number];

/** One line of JSON. */
export function jsonLine({ name, value, unit, against }: Figure): string {
  const shown = against && { ...against, value: rounded(against.value) };
  return JSON.stringify({ name, value: rounded(value), unit, against: shown });
}

/** One line for people. */
export function tableLine({ name, value, unit, against }: Figure): string {
  const beside = against && `   ${against.peer}: ${rounded(against.value)} ${against.unit}`;
  return `${name.padEnd(34)}${`${rounded(value)}`.padStart(8)} ${unit.padEnd(4)}${beside ?? ""}`;
}

/** The middle value, or the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
