// How much anybody may ask of the relay, by whom it is counted. Bounds of the service, not settings.
import type { Clock } from "../../shared/clock.ts";
import { Rate } from "./rate.ts";

export interface Limits {
  /** Requests without a sign-in, by address: nonces, sign-ins, introductions, registrations. */
  readonly stranger: Rate;
  /** Requests with a sign-in, by person. */
  readonly person: Rate;
  /** Documents dropped, by person, or by address for newcomers. */
  readonly drop: Rate;
  /** Documents dropped into one site by all. */
  readonly site: Rate;
  /** Nonces of edges, by address: a plant with many edges has one. */
  readonly nonce: Rate;
  /** Messages of an edge; more have to wait. */
  readonly report: Rate;
}

export function createLimits(clock: Clock): Limits {
  return {
    stranger: new Rate({ burst: 60, perMinute: 60 }, clock),
    person: new Rate({ burst: 300, perMinute: 600 }, clock),
    drop: new Rate({ burst: 200, perMinute: 60 }, clock),
    site: new Rate({ burst: 2000, perMinute: 600 }, clock),
    report: new Rate({ burst: 1000, perMinute: 1200 }, clock),
    nonce: new Rate({ burst: 300, perMinute: 300 }, clock),
  };
}
