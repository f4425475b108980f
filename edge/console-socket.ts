// The box's own console: a socket in the state folder that only its owner may open. One line of JSON asks, lines of JSON answer.
// Invariant: it can look and it can stop; nothing that it is told opens or changes anything.
import { rm } from "node:fs/promises";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as v from "valibot";
import { messageOf, SallyportError } from "../shared/errors.ts";
import { errnoOf } from "./durable-file.ts";

const maxQuestionBytes = 4096;

const question = v.variant("ask", [
  v.strictObject({ ask: v.literal("status") }),
  v.strictObject({
    ask: v.literal("journal"),
    from: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    follow: v.boolean(),
  }),
  v.strictObject({ ask: v.literal("lockdown") }),
]);
export type ConsoleQuestion = v.InferOutput<typeof question>;

/** Answers a question line by line, until `gone`. */
export type AnswerConsole = (asked: ConsoleQuestion, gone: AbortSignal) => AsyncIterable<string>;

const socketName = "console.sock";

/** Listens in the state folder; throws `conflict` if another process does. A socket that a killed one left behind is replaced. */
export async function listenConsole(
  state: string,
  answer: AnswerConsole,
): Promise<AsyncDisposable> {
  const path = join(state, socketName);
  if (await isAnswered(path)) {
    throw new SallyportError("conflict", `another edge runs on "${state}"`);
  }
  await rm(path, { force: true });
  const server = createServer((socket) => {
    serve(socket, answer).catch(() => socket.destroy());
  });
  // The state folder is 0700 and the socket is made 0600, so only the edge's own user and root get here.
  const mask = process.umask(0o177);
  try {
    await listening(server, path);
  } finally {
    process.umask(mask);
  }
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(path, { force: true });
    },
  };
}

/** Asks the running edge. Throws `unreachable` if none runs on this state folder. */
export async function* askConsole(state: string, asked: ConsoleQuestion): AsyncGenerator<string> {
  const socket = createConnection(join(state, socketName));
  try {
    await connected(socket, state);
    socket.write(`${JSON.stringify(asked)}\n`);
    yield* createInterface({ input: socket });
  } finally {
    socket.destroy();
  }
}

async function serve(socket: Socket, answer: AnswerConsole): Promise<void> {
  const gone = new AbortController();
  socket.on("error", () => gone.abort());
  socket.on("close", () => gone.abort());
  try {
    const asked = v.parse(question, JSON.parse(await firstLine(socket)));
    for await (const line of answer(asked, gone.signal)) {
      if (gone.signal.aborted) return;
      if (socket.write(`${line}\n`)) continue;
      await new Promise<void>((resolve) => {
        socket.once("drain", resolve);
        gone.signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  } catch (thrown) {
    socket.write(`${JSON.stringify({ error: messageOf(thrown) })}\n`);
  } finally {
    socket.end();
  }
}

async function firstLine(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8");
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    text += chunk;
    if (text.includes("\n")) return text;
    if (text.length > maxQuestionBytes) break;
  }
  throw new SallyportError("message_invalid", "expected one line of JSON");
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = createConnection(path);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
}

function connected(socket: Socket, state: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (cause) => {
      const why = errnoOf(cause) ?? cause.message;
      reject(new SallyportError("unreachable", `no edge runs on "${state}": ${why}`, { cause }));
    });
  });
}
