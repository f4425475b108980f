// Waits for whichever comes first: how followers of the journal and of recordings wait for more.

/** Resolves when `event` does or `signal` is aborted; leaves no listener behind. */
export async function untilEither(event: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const stop = (): void => aborted.resolve();
  signal.addEventListener("abort", stop);
  try {
    await Promise.race([event, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
