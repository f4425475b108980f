#!/usr/bin/env node
// Starts `sallyport-edge`. Plain JavaScript that runs on any Node ≥ 20: hands over to the pinned Node 26 if this one is older, and turns the compile
// cache on before the first TypeScript file is read, so that from the second start on type stripping costs neither time nor memory.
import { spawn } from "node:child_process";
import * as modules from "node:module"; // enableCompileCache is not there before 22.8
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";

const neededMajor = 26;

if (Number.parseInt(process.versions.node, 10) >= neededMajor) {
  modules.enableCompileCache();
  // Otherwise every 64 MB that pass through buffers cost a collection of the whole heap, however little of it is garbage.
  setFlagsFromString("--external-memory-accounted-in-global-limit");
  await import(new URL("./main.ts", import.meta.url).href);
} else {
  handOver(pinnedNode());
}

/** The Node binary that the project's lockfile pins for this machine. */
function pinnedNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    const { resolve } = modules.createRequire(import.meta.url);
    return join(dirname(resolve(`${name}/package.json`)), "bin", "node");
  } catch {
    process.stderr.write(
      `sallyport-edge: error: node ${process.versions.node} is too old, expected ${neededMajor} or newer, and "${name}" is not installed\n`,
    );
    process.exit(78);
  }
}

// The child shares terminal and process group; a signal sent to this process alone is passed on, and its end becomes ours.
function handOver(node) {
  const child = spawn(node, [import.meta.filename ?? process.argv[1], ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    process.on(signal, () => signal === "SIGINT" || child.kill(signal));
  }
  child.on("error", (error) => {
    process.stderr.write(`sallyport-edge: error: "${node}" cannot be started: ${error.message}\n`);
    process.exit(78);
  });
  child.on("exit", (code, signal) => {
    if (signal !== null) process.kill(process.pid, signal === "SIGINT" ? "SIGKILL" : signal);
    process.exit(code ?? 1);
  });
}
