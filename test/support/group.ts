// The only importer of uvu. uvu 0.5.6 fails open (a throwing hook, `throw null`, a forgotten run and an empty run all exit 0, nothing has a
// time limit), so this wrapper runs itself, has no hooks, limits each test in time, and compares the declared tests with the passed ones.
import { suite } from "uvu";

const defaultTimeoutMs = 20_000;
const leakGraceMs = 5_000;

export type Body = () => void | Promise<void>;
export type Declare = (name: string, body: Body) => void;

export interface GroupOptions {
  /** Limit of each single test. */
  readonly timeoutMs?: number;
}

let isDeclared = false;

/**
 * Declares and runs one file's tests. Prints the failures, then `N passed, N failed` as the last line; the process then exits 0 only
 * if every declared test passed and there was at least one.
 */
export async function group(
  name: string,
  options: GroupOptions,
  declareTests: (test: Declare) => void,
): Promise<void> {
  if (isDeclared) throw new Error(`a second group, "${name}", in one file: their counts would mix`);
  isDeclared = true;
  const bodies = new Map<string, Body>();
  declareTests((title, body) => {
    if (bodies.has(title)) throw new Error(`two tests are called "${title}"`);
    bodies.set(title, body);
  });
  let passed = 0;
  let ended = 0;
  const run = suite(name);
  for (const [title, body] of bodies) {
    run(title, async () => {
      const startedMs = performance.now();
      try {
        await withLimit(body, options.timeoutMs ?? defaultTimeoutMs);
        passed += 1;
      } catch (thrown) {
        throw thrown instanceof Error ? thrown : new Error(`threw ${String(thrown)}`);
      } finally {
        ended += 1;
        if (process.env["TEST_VERBOSE"] !== undefined) {
          process.stdout.write(`${Math.round(performance.now() - startedMs)} ms  ${title}\n`);
        }
        if (ended === bodies.size) watchForLeaks(name);
      }
    });
  }
  process.once("exit", () => {
    if (bodies.size === 0) process.stdout.write(`${name}: no test was declared\n`);
    process.stdout.write(`${passed} passed, ${bodies.size - passed} failed\n`);
    if (passed !== bodies.size || passed === 0) process.exitCode = 1;
  });
  run.run();
  await new Promise<void>((resolve) => setImmediate(resolve));
}

// A test that leaves a socket, timer or process behind is itself at fault: the file then fails instead of hanging.
function watchForLeaks(name: string): void {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(", ");
    process.stdout.write(`${name}: still open ${leakGraceMs} ms after the last test: ${open}\n`);
    process.exit(1);
  }, leakGraceMs).unref();
}

async function withLimit(body: Body, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([body(), limit]);
  } finally {
    clearTimeout(timer);
  }
}
