// What the command says of rights that open nothing, wherever somebody types them.

/** Of rights of a screen without one that shows it. */
export function nothingOpened(kind: string, rights: readonly string[]): string {
  const quoted = rights.map((right) => `"${right}"`).join(", ");
  return `${quoted} of kind "${kind}" opens nothing without "control" or "view"`;
}
