// What the page shows before a touch: one question, the facts that it rests on, one button.
import type { Words } from "./words.ts";

export interface Fact {
  readonly label: string;
  readonly lines: readonly Words[];
  /** Shown beside the rest: it is less, or other, than what was asked for. */
  readonly isStriking?: boolean;
  /** Fingerprints and hashes: set in a fixed width, small. */
  readonly isCode?: boolean;
}

export interface Question {
  /** The headline. */
  readonly question: Words;
  /** One sentence on what follows from a yes. */
  readonly meaning?: Words;
  /** What should make one stop and think. */
  readonly warnings: readonly Words[];
  readonly facts: readonly Fact[];
  /** Every single difference of a manifest or roster, as it stands in the document; folded away. */
  readonly exactly: readonly string[];
  /** On the one main button. */
  readonly button: string;
}
