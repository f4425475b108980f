// One call to a relay's API, as whatever carries it (Node's HTTPS, a page's fetch) takes it. Nothing that comes through it is trusted; what is
// signed is verified by the caller.
import * as v from "valibot";
import { SallyportError, type ErrorCode } from "../errors.ts";

export interface RelayCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the root, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
  /** How long the relay may hold the call on purpose (a long poll). */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export interface RelayCaller {
  /** The answer by its schema; throws `RelayFault` for what the relay refused, another error for what did not arrive. */
  call<Schema extends v.GenericSchema>(
    call: RelayCall,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>>;
}

/** What came back, before it is looked at. */
export interface RelayAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

/** A relay's fault as it told it; `status` 401 means: sign in again. */
export class RelayFault extends SallyportError {
  readonly status: number;
  readonly field: string | undefined;

  constructor(code: ErrorCode, status: number, message: string, field: string | undefined) {
    super(code, message, { retryable: status === 429 || status >= 500 });
    this.status = status;
    this.field = field;
  }
}

const faultSchema = v.object({
  code: v.string(),
  message: v.string(),
  field: v.optional(v.string()),
});

/** The answer's value by its schema; throws `RelayFault` for a status of 400 and above, `message_invalid` for an answer of another shape. */
export function readAnswer<Schema extends v.GenericSchema>(
  answer: RelayAnswer,
  call: RelayCall,
  schema: Schema,
): v.InferOutput<Schema> {
  if (answer.status >= 400) throw faultOf(answer, call);
  const parsed = v.safeParse(schema, answer.text === "" ? null : parseJson(answer.text, call.path));
  if (parsed.success) return parsed.output;
  const where = v.getDotPath(parsed.issues[0]) ?? "answer";
  throw new SallyportError(
    "message_invalid",
    `relay's answer to ${call.path}: ${where}: ${parsed.issues[0].message}`,
  );
}

function faultOf(answer: RelayAnswer, call: RelayCall): RelayFault {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), faultSchema), answer.text);
  const fault = parsed.success
    ? parsed.output
    : { message: `${call.method} ${call.path} gave ${answer.status}` };
  const later = answer.retryAfter === undefined ? "" : ` (again in ${answer.retryAfter} s)`;
  const field = "field" in fault && fault.field !== undefined ? `${fault.field}: ` : "";
  return new RelayFault(
    codeOf(answer.status),
    answer.status,
    `relay: ${field}${fault.message}${later}`,
    field === "" ? undefined : field.slice(0, -2),
  );
}

function codeOf(status: number): ErrorCode {
  const known: Readonly<Record<number, ErrorCode>> = {
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    429: "rate_limited",
  };
  return known[status] ?? (status >= 500 ? "unreachable" : "document_invalid");
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SallyportError("message_invalid", `relay's answer to ${path} is not JSON`, { cause });
  }
}
