// How this person likes terminals, remembered by this browser.
import * as v from "valibot";

const place = "sallyport.terminal";
const smallest = 9;
const largest = 28;

const schema = v.object({
  fontSize: v.pipe(v.number(), v.integer(), v.minValue(smallest), v.maxValue(largest)),
  /** Output is read aloud and the screen is kept as text. */
  isSpoken: v.boolean(),
});
export type TerminalSettings = v.InferOutput<typeof schema>;

const usual: TerminalSettings = { fontSize: 15, isSpoken: false };

export function terminalSettings(): TerminalSettings {
  const kept = v.safeParse(
    v.pipe(v.string(), v.parseJson(), schema),
    localStorage.getItem(place) ?? "",
  );
  return kept.success ? kept.output : usual;
}

/** Keeps a change, within bounds, and gives what is in force then. */
export function changeTerminalSettings(change: Partial<TerminalSettings>): TerminalSettings {
  const next = { ...terminalSettings(), ...change };
  const fontSize = Math.min(largest, Math.max(smallest, next.fontSize));
  const kept = { ...next, fontSize };
  localStorage.setItem(place, JSON.stringify(kept));
  return kept;
}
