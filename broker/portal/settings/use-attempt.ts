// One action of a form: busy while it runs, and what went wrong with it, at the field that the relay names.
import { useState } from "react";
import { RelayFault } from "../../../shared/site/relay-call.ts";

export interface Attempt {
  readonly isBusy: boolean;
  /** What no field of the form can show. */
  readonly error: unknown;
  /** What the relay says of one field. */
  readonly fieldError: (field: string) => string | undefined;
  readonly run: (work: () => Promise<void>) => void;
  readonly forget: () => void;
}

/** `fields` are those that the form has. */
export function useAttempt(fields: readonly string[] = []): Attempt {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const named =
    error instanceof RelayFault && error.field !== undefined && fields.includes(error.field)
      ? error
      : undefined;
  return {
    isBusy,
    error: named === undefined ? error : undefined,
    fieldError: (field) => (named?.field === field ? sentence(named.message) : undefined),
    run: (work) => {
      setBusy(true);
      setError(undefined);
      work()
        .catch(setError)
        .finally(() => setBusy(false));
    },
    forget: () => setError(undefined),
  };
}

function sentence(message: string): string {
  const text = message.replace(/^relay: /, "");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
