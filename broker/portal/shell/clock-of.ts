// A length of time as a clock shows it.

/** `4:05`, with hours `1:04:05`. */
export function clockOf(leftMs: number): string {
  const seconds = Math.ceil(leftMs / 1000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}
