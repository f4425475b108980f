// The HTTP face of the relay: one fastify with its routes, errors, limits, headers and log lines. Everything it needs is handed in.
// Invariants: every route states body, answer and who may; nothing is cached; a log line names a route, never an address with ids, a token or a code.
import swagger from "@fastify/swagger";
import fastify, { LogController } from "fastify";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { maxEnvelopeBytes } from "../../shared/document/envelope.ts";
import { answerMalformed, answerProblem, answerUnrouted } from "./answers.ts";
import type { LogLevel } from "./config.ts";
import type { Api, ApiParts } from "./routes/parts.ts";
import { routes } from "./routes/routes.ts";
import { compileValidator, type TypeBoxProvider } from "./validation.ts";

export interface ApiOptions {
  readonly parts: ApiParts;
  readonly logLevel: LogLevel;
  readonly logTo: { write(line: string): void };
  /** Makes the server that the API answers on; not yet listening. */
  readonly makeServer: (
    handler: (request: IncomingMessage, response: ServerResponse) => void,
  ) => Server;
  /** A proxy on this machine tells the caller's address. */
  readonly behindProxy: boolean;
}

/** An envelope, and room for the names around it. */
const bodyLimit = maxEnvelopeBytes + 4096;

const headers = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

// Nothing is meant to log these; the list is the second fence.
const redacted = [
  "authorization",
  "cookie",
  "token",
  "code",
  "password",
  "newPassword",
  "secret",
  "registrationToken",
  "nonce",
];

/** The API, ready to listen. The caller closes it. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const { parts, logLevel, logTo, makeServer, behindProxy } = options;
  const api = fastify({
    serverFactory: makeServer,
    bodyLimit,
    trustProxy: behindProxy ? "loopback" : false,
    forceCloseConnections: true,
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: answerMalformed,
    frameworkErrors: (thrown, request, reply) => void answerUnrouted(thrown, request, reply),
    genReqId: () => crypto.randomUUID(),
    routerOptions: { maxParamLength: 128 },
    logger: {
      level: logLevel,
      stream: logTo,
      redact: redacted.flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.headers.${key}`]),
    },
  }).withTypeProvider<TypeBoxProvider>();
  api.setValidatorCompiler(compileValidator);
  api.setErrorHandler(answerProblem);
  api.setNotFoundHandler(async (_request, reply) => {
    reply.status(404);
    return { code: "not_found", message: "no such address, see /api/openapi.json" };
  });
  api.addHook("onSend", async (_request, reply) => void reply.headers(headers));
  api.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions, ip } = request;
    const ms = Math.round(reply.elapsedTime);
    request.log.info(
      { method, route: routeOptions.url, status: reply.statusCode, ms, ip },
      "answered",
    );
  });
  await api.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Sallyport relay",
        version: parts.version,
        description: "The relay carries; the edge decides. See broker/README.md.",
      },
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer" },
          page: { type: "apiKey", in: "cookie", name: "__Host-sallyport" },
        },
      },
    },
  });
  await api.register(async (scope) => routes(scope.withTypeProvider<TypeBoxProvider>(), parts), {
    prefix: "/api",
  });
  return api;
}
