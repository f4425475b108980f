// How a channel closed, as a value that can be awaited.
import type { Channel, CloseKind } from "../channel/channel.ts";
import type { SallyportError } from "../errors.ts";

export interface Closing {
  readonly how: CloseKind;
  readonly error: SallyportError | undefined;
  readonly reason: string | undefined;
}

/** Resolves when the channel closes; set before anything else may set `onClose`. */
export function closingOf(channel: Pick<Channel, "onClose">): Promise<Closing> {
  return new Promise((resolve) => {
    channel.onClose = (how, error, reason) => resolve({ how, error, reason });
  });
}
