// How the API says that something is wrong: one shape `{code, message, field?}` for every status, and never a stack trace.
// Invariant: only messages that were written for callers leave; anything else is "internal" with the request's number, under which the log has it.
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Socket } from "node:net";
import Type, { type Static } from "typebox";
import { SallyportError, type ErrorCode } from "../../shared/errors.ts";
import { RateLimitedError } from "./rate.ts";

export const Problem = Type.Object(
  {
    code: Type.String({ description: "for programs; one of the codes of shared/errors.ts" }),
    message: Type.String({ description: "for people; what was wrong and what was expected" }),
    field: Type.Optional(Type.String({ description: "which field of the request" })),
  },
  { title: "Problem" },
);
export type Problem = Static<typeof Problem>;

/** A fault of one field of the caller's request. */
export class FieldError extends SallyportError {
  readonly field: string;

  constructor(field: string, message: string) {
    super("message_invalid", message);
    this.field = field;
  }
}

const statuses: Partial<Record<ErrorCode, number>> = {
  json_invalid: 400,
  encoding_invalid: 400,
  document_invalid: 400,
  signature_invalid: 400,
  threshold_missed: 400,
  message_invalid: 400,
  expired: 400,
  evidence_invalid: 400,
  unauthorised: 401,
  forbidden: 403,
  refused: 403,
  not_found: 404,
  conflict: 409,
  manifest_fork: 409,
  manifest_rollback: 409,
  rate_limited: 429,
  unreachable: 503,
};

/** Status and body for anything that was thrown on the way to an answer. */
export function problemOf(thrown: unknown, requestId: string): [status: number, body: Problem] {
  if (thrown instanceof SallyportError) {
    const status = statuses[thrown.code] ?? 500;
    if (status < 500 || status === 503) {
      const field = "field" in thrown ? { field: String(thrown.field) } : {};
      return [status, { code: thrown.code, message: thrown.message, ...field }];
    }
  }
  if (isFastifyError(thrown) && thrown.statusCode !== undefined && thrown.statusCode < 500) {
    const message = frameworkFaults[thrown.code] ?? "request is malformed";
    return [thrown.statusCode, { code: "message_invalid", message }];
  }
  const message = `internal fault, in the relay's log as "${requestId}"`;
  return [500, { code: "internal", message }];
}

const frameworkFaults: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "body is too large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media type is not supported, expected "application/json"',
  FST_ERR_CTP_EMPTY_JSON_BODY: "body is empty, expected JSON",
  FST_ERR_CTP_INVALID_JSON_BODY: "body is not JSON",
};

/** Fastify's error handler of the whole API. */
export async function answerProblem(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Problem> {
  const [status, body] = problemOf(thrown, request.id);
  if (status >= 500) request.log.error({ err: thrown }, "request failed");
  if (thrown instanceof RateLimitedError) reply.header("retry-after", thrown.retryAfterSeconds);
  reply.status(status);
  return body;
}

/** For what never becomes a request of a route, such as an address that cannot be decoded. */
export function answerUnrouted(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const [status, body] = problemOf(thrown, request.id);
  return reply.status(status).send(body);
}

/** For bytes that are not HTTP, or come too slowly. */
export function answerMalformed(_error: Error, socket: Socket): void {
  if (!socket.writable) return;
  const body = JSON.stringify({ code: "message_invalid", message: "not an HTTP request" });
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function isFastifyError(thrown: unknown): thrown is FastifyError {
  return thrown instanceof Error && "code" in thrown && "statusCode" in thrown;
}
