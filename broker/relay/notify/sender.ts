// What a channel's sender gets and answers. One sender per kind of channel; each knows one protocol and keeps nothing.
import type { SiteId } from "../../../shared/ids.ts";
import type { ChannelRow } from "../store/channel-rows.ts";

/** A message on its way by one channel. */
export interface Outgoing {
  /** The delivery's id. */
  readonly id: string;
  readonly site: SiteId;
  /** The site's name, cleaned. */
  readonly title: string;
  readonly kind: string;
  readonly text: string;
  /** Where it leads. */
  readonly url: string;
  readonly tag: string;
  readonly at: number;
}

export type Outcome =
  | { readonly delivered: true }
  | {
      readonly delivered: false;
      /** For the record; nothing that the receiver said stands in it. */
      readonly reason: string;
      /** Whether another try may help. */
      readonly mayRetry: boolean;
      /** The channel does not exist any more. */
      readonly isGone?: boolean;
    };

/** Sends by one kind of channel; never throws for what a receiver does. */
export type Send = (
  message: Outgoing,
  channel: ChannelRow,
  signal: AbortSignal,
) => Promise<Outcome>;

export const delivered: Outcome = { delivered: true };

export function undelivered(reason: string, mayRetry: boolean): Outcome {
  return { delivered: false, reason, mayRetry };
}
