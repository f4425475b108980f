// What goes wrong between a person's side and its site in words that help: a code for programs, and advice on what to do next.
import { SallyportError, type ErrorCode } from "../errors.ts";

/** A fault that the person in front of it can do something about: `hints` say what, one line each. */
export class SiteFault extends SallyportError {
  readonly hints: readonly string[];

  constructor(code: ErrorCode, message: string, ...hints: readonly string[]) {
    super(code, message);
    this.hints = hints;
  }
}
