// Runs every test file in a process of its own and closes with `N passed, N failed`: `npm test`, or `npm test -- edge/gate` for some.
// A file counts only by its own last line, so a file that dies, hangs or declares nothing is a failure and never silence.
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
/** The sixty kills take four minutes on two idle cores, and three times as long where others compute too. */
const fileLimitMs = 15 * 60_000;
const silenceNoteMs = 60_000;
/** Files under this folder kill processes in the middle of work and run alone, so that their own deadlines stay honest. */
const alone = /^test\/endurance\//;
/** A whole installation each, which waits for people, pages and minutes most of the time: two go side by side. */
const inPairs = /^test\/(story|hostile)\//;
const closingLine = /^(\d+) passed, (\d+) failed$/;

interface Result {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
}

const wanted = process.argv.slice(2);
const files = globSync("test/**/*.test.ts", { cwd: root })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
const results: Result[] = [];

await runAll(
  files.filter((file) => !alone.test(file) && !inPairs.test(file)),
  availableParallelism(),
);
await runAll(
  files.filter((file) => inPairs.test(file)),
  2,
);
await runAll(
  files.filter((file) => alone.test(file)),
  1,
);

const broken = results.filter((result) => result.failed > 0);
if (files.length === 0) process.stdout.write(`no test file matches ${wanted.join(" ")}\n`);
if (broken.length > 0) {
  process.stdout.write(`failed: ${broken.map((result) => result.file).join(", ")}\n`);
}
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

async function runAll(queue: readonly string[], width: number): Promise<void> {
  const pending = [...queue];
  const worker = async (): Promise<void> => {
    for (let file = pending.shift(); file !== undefined; file = pending.shift()) {
      results.push(await runFile(file));
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function runFile(file: string): Promise<Result> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [join(root, file)], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  const note = setInterval(() => process.stdout.write(`… ${file}\n`), silenceNoteMs);
  let limitReached = false;
  const limit = setTimeout(() => {
    limitReached = true;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, fileLimitMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearInterval(note);
  clearTimeout(limit);
  const output = Buffer.concat(chunks).toString();
  const match = closingLine.exec(output.trimEnd().split("\n").at(-1) ?? "");
  const counted = { passed: Number(match?.[1] ?? 0), failed: Number(match?.[2] ?? 0) };
  const sound = code === 0 && match !== null && counted.passed > 0 && counted.failed === 0;
  const result = { file, passed: counted.passed, failed: sound ? 0 : Math.max(1, counted.failed) };
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const why = limitReached ? ` (no end after ${fileLimitMs / 60_000} minutes)` : "";
  process.stdout.write(
    `${sound ? "ok    " : "FAILED"} ${relative("test", file)}  ${counted.passed} in ${seconds} s${why}\n`,
  );
  if (!sound) process.stdout.write(`${output.replaceAll(/^/gm, "    ")}\n    exit ${code}\n`);
  return result;
}
